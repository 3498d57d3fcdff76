/** What the documents list must be what there is. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
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

  test('running.md has every setting with its default', () => {
    const rows = rowsOf(read('docs/running.md')).map((row) => row.map((cell) => cell.replaceAll('`', '')));
    const settings = rows.filter(([name = '']) => /^[A-Z]+(_[A-Z]+)*$/.test(name));
    expect(settings).toEqual(SETTINGS.map((each) => [each.name, each.default, each.about]));
  });
});
