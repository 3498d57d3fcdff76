/**
 * Writes what lists the settings from their one list: `.env.example`, and the tables in README.md and
 * docs/running.md. With --check it only says whether they are as they should be.
 *
 *     node --import tsx scripts/settings.ts [--check]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { SETTINGS } from '../backend/cli/settings.ts';

const TABLES = ['README.md', 'docs/running.md'];
const HEAD = '| name | default | what |\n| --- | --- | --- |';
/** A table whose first column is headed `name`, as prettier sets it. */
const TABLE = /^\| name +\| default +\| what +\|\n(?:\|.*\n)+/m;

function table(): string {
  const rows = SETTINGS.map((each) => {
    const value = each.default === '' ? '' : `\`${each.default}\``;
    return `| \`${each.name}\` | ${value} | ${each.about} |`;
  });
  return [HEAD, ...rows, ''].join('\n');
}

function example(): string {
  const entries = SETTINGS.map((each) => `# ${each.about}\n# ${each.name}=${each.default}`);
  return [
    '# Copy this file to .env, and take the "# " away in front of what is to differ. The environment wins over it.',
    ...entries,
    '',
  ]
    .join('\n\n')
    .replace(/\n\n$/, '\n');
}

const at = (file: string): string => fileURLToPath(new URL(`../${file}`, import.meta.url));

async function wanted(file: string): Promise<string> {
  const text = readFileSync(at(file), 'utf8');
  if (!TABLE.test(text)) throw new Error(`${file} has no table of the settings (| name | default | what |)`);
  const options = await resolveConfig(at(file));
  return format(
    text.replace(TABLE, () => table()),
    { ...options, filepath: at(file) },
  );
}

const files = new Map([['.env.example', example()]]);
for (const file of TABLES) files.set(file, await wanted(file));
const isStale = ([file, text]: [string, string]): boolean => {
  try {
    return readFileSync(at(file), 'utf8') !== text;
  } catch {
    return true;
  }
};
const stale = [...files].filter(isStale);
if (process.argv.includes('--check')) {
  for (const [file] of stale)
    console.error(`${file} does not list the settings as they are: node --import tsx scripts/settings.ts`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const [file, text] of stale) writeFileSync(at(file), text);
}
