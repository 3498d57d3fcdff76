/** What the documents list must be what there is. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, test } from 'vitest';
import { prepareEnvironment } from '../backend/cli/environment.ts';
import { SETTINGS } from '../backend/cli/settings.ts';

const ROOT = path.join(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

/** The cells of every table row, without the lines between head and body. */
function rowsOf(text: string): string[][] {
  const rows = text.split('\n').filter((line) => line.startsWith('|') && !/^\| -/.test(line));
  return rows.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe('docs', () => {
  test('dependencies.md has a row for each dependency, and no other', () => {
    const manifest = JSON.parse(read('package.json')) as Record<
      'dependencies' | 'devDependencies',
      Record<string, string>
    >;
    const dependencies = { ...manifest.dependencies, ...manifest.devDependencies };
    const rows = rowsOf(read('docs/dependencies.md'));
    const listed = rows.flatMap(([names = '']) => names.split(', ')).filter((name) => name !== 'package');
    expect([...new Set(listed)].sort()).toEqual(Object.keys(dependencies).sort());
    const versions = Object.fromEntries(rows.filter((row) => /^\d/.test(row[1] ?? '')).map((row) => [row[0], row[1]]));
    expect(dependencies, 'versions that are held back').toMatchObject(versions);
  });

  test('the settings are listed as they are in README.md, docs/running.md and .env.example', async () => {
    const script = path.join(ROOT, 'scripts/settings.ts');
    await promisify(execFile)(process.execPath, ['--import', 'tsx', script, '--check'], { cwd: ROOT });
  });

  test('the queries in README.md and docs/api.md are ones that the API takes', () => {
    const schema = buildSchema(read('schema.graphql'));
    const texts = [...read('README.md').split('`'), ...read('docs/api.md').split('\n')].map((text) => text.trim());
    const queries = texts.filter((text) => /^\{ .* \}$/.test(text));
    expect(queries.length).toBeGreaterThan(8);
    for (const query of queries) expect(validate(schema, parse(query)), query).toEqual([]);
  });

  test('.env.example with every line taken in is a .env with the defaults', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'shopstream-docs-'));
    try {
      const given = read('.env.example').replace(/^# ([A-Z_]+=)/gm, '$1');
      writeFileSync(path.join(folder, '.env'), given);
      const environment: Record<string, string | undefined> = {};
      prepareEnvironment(folder, environment);
      expect(environment).toEqual(Object.fromEntries(SETTINGS.map((each) => [each.name, each.default])));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
