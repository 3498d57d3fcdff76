/**
 * Emits backend/domain/minor-digits.ts, the decimals of every currency, from the ISO 4217 list that the package
 * currency-codes carries as it was published. With --check it compares instead, and exits with 1 when the
 * committed file is out of date.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FILE = new URL('../backend/domain/minor-digits.ts', import.meta.url);
const COMMAND = 'node --import tsx scripts/minor-digits.ts';
const LIST = fileURLToPath(import.meta.resolve('currency-codes/iso-4217-list-one.xml'));

/** What ISO 4217 has added since the package's list, by the list of 2025-05-12. */
const ADDED_UNTIL = '2025-05-12';
const ADDED: readonly (readonly [code: string, digits: number])[] = [
  ['XAD', 2],
  ['XCG', 2],
];

/** Codes without a minor unit ("N.A.": metals, tests, no currency) are left out: no price can be in them. */
function digitsIn(xml: string): Map<string, number> {
  const digits = new Map<string, number>();
  for (const entry of xml.split('</CcyNtry>')) {
    const code = /<Ccy>([A-Z]{3})<\/Ccy>/.exec(entry)?.[1];
    const units = /<CcyMnrUnts>(\d)<\/CcyMnrUnts>/.exec(entry)?.[1];
    if (code !== undefined && units !== undefined) digits.set(code, Number(units));
  }
  return digits;
}

function moduleOf(published: string, digits: ReadonlyMap<string, number>): string {
  const sorted = [...digits].sort(([a], [b]) => (a < b ? -1 : 1));
  return `/**
 * Emitted by scripts/minor-digits.ts; do not edit. To emit it again: ${COMMAND}
 *
 * The digits of each currency's minor unit by ISO 4217: list one of the maintenance agency (SIX) as published on
 * ${published}, from the package currency-codes, and what was added until ${ADDED_UNTIL}.
 */
export const MINOR_DIGITS: ReadonlyMap<string, number> = new Map([
${sorted.map(([code, count]) => `  ['${code}', ${count}],`).join('\n')}
]);
`;
}

const xml = readFileSync(LIST, 'utf8');
const published = /Pblshd="(\d{4}-\d\d-\d\d)"/.exec(xml)?.[1];
if (published === undefined) throw new Error(`${LIST} does not say when it was published`);
const text = moduleOf(published, new Map([...digitsIn(xml), ...ADDED]));

if (!process.argv.includes('--check')) writeFileSync(FILE, text);
else if (!existsSync(FILE) || readFileSync(FILE, 'utf8') !== text) {
  console.error(`backend/domain/minor-digits.ts is out of date; run ${COMMAND}`);
  process.exitCode = 1;
}
