/** The same orders, written as many programs write them: read back each time, or refused where a file says too little. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import iconv from 'iconv-lite';
import { describe, expect, it } from 'vitest';
import { minorDigits } from '../domain/money.ts';
import { isShopError } from '../ports/errors.ts';
import { COLUMNS, type Column, type FileFormat } from './format.ts';
import { place, useFolder } from './import-test-kit.ts';
import { readOrders } from './import.ts';

useFolder();

const ZONE = 'Europe/London';

interface Line {
  readonly invoice: string;
  readonly code: string;
  readonly name: string;
  readonly quantity: number;
  /** Local: year, month, day, hour, minute. */
  readonly at: readonly [number, number, number, number, number];
  /** Minor units. */
  readonly price: number;
  readonly customer: string;
  readonly country: string;
}

const two = (value: number): string => String(value).padStart(2, '0');
type Written = (at: Line['at']) => string;

const DATES: Readonly<Record<string, Written>> = {
  'month-first': ([y, m, d, h, min]) => `${m}/${d}/${y} ${h}:${two(min)}`,
  'day-first': ([y, m, d, h, min]) => `${two(d)}/${two(m)}/${y} ${two(h)}:${two(min)}`,
  'day-first, dots': ([y, m, d, h, min]) => `${d}.${m}.${y} ${h}:${two(min)}`,
  'month-first, AM and PM': ([y, m, d, h, min]) => `${m}/${d}/${y} ${h % 12 || 12}:${two(min)} ${h < 12 ? 'AM' : 'PM'}`,
  SQL: ([y, m, d, h, min]) => `${y}-${two(m)}-${two(d)} ${two(h)}:${two(min)}:00.000`,
  ISO: ([y, m, d, h, min]) => `${y}-${two(m)}-${two(d)}T${two(h)}:${two(min)}`,
  slashes: ([y, m, d, h, min]) => `${y}/${m}/${d} ${h}:${two(min)}`,
  names: ([y, m, d, h, min]) => `${d} ${MONTHS[m - 1] ?? ''} ${y} ${two(h)}:${two(min)}`,
};
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const NUMBERS = {
  point: { decimal: '.', group: '' },
  'point, grouped': { decimal: '.', group: ',' },
  comma: { decimal: ',', group: '' },
  'comma, grouped': { decimal: ',', group: '.' },
  'comma, spaces': { decimal: ',', group: '\u00a0' },
} as const;

function numberText(minor: number, digits: number, { decimal, group }: (typeof NUMBERS)[keyof typeof NUMBERS]): string {
  const text = String(minor).padStart(digits + 1, '0');
  const whole = text.slice(0, text.length - digits).replace(/\B(?=(\d{3})+$)/g, group);
  return digits === 0 ? whole : `${whole}${decimal}${text.slice(text.length - digits)}`;
}

/** The code pages that a file can be in, and whether it says so itself. */
const ENCODINGS: Readonly<Record<string, (text: string) => Buffer>> = {
  'utf-8': (text) => Buffer.from(text),
  'utf-8 with a mark': (text) => Buffer.from(`\ufeff${text}`),
  'utf-16le': (text) => iconv.encode(text, 'utf-16le', { addBOM: true }),
  'utf-16be': (text) => iconv.encode(text, 'utf-16be', { addBOM: true }),
  'utf-16be without a mark': (text) => iconv.encode(text, 'utf-16be', { addBOM: false }),
  'windows-1252': (text) => iconv.encode(text, 'windows-1252'),
  cp850: (text) => iconv.encode(text, 'cp850'),
};

interface Dialect {
  readonly delimiter: string;
  readonly lineEnd: string;
  readonly encoding: string;
  readonly date: string;
  readonly number: keyof typeof NUMBERS;
  readonly before: readonly string[];
  readonly names: Readonly<Record<Column, string>>;
  readonly emptyCells: number;
}

const OTHER_NAMES: Readonly<Record<Column, string>> = {
  InvoiceNo: 'Order, no.',
  StockCode: 'SKU=EAN',
  Description: 'Título',
  Quantity: 'qty',
  InvoiceDate: 'When',
  UnitPrice: 'Price (incl. VAT)',
  CustomerID: 'Who',
  Country: 'Land',
};
const OWN_NAMES = Object.fromEntries(COLUMNS.map((column) => [column, column])) as Record<Column, string>;

const dialects: fc.Arbitrary<Dialect> = fc.record({
  delimiter: fc.constantFrom(',', ';', '\t', '|'),
  lineEnd: fc.constantFrom('\n', '\r\n', '\r'),
  encoding: fc.constantFrom(...Object.keys(ENCODINGS)),
  date: fc.constantFrom(...Object.keys(DATES)),
  number: fc.constantFrom(...(Object.keys(NUMBERS) as (keyof typeof NUMBERS)[])),
  before: fc.constantFrom([], ['sep'], ['Orders of the year', '']),
  names: fc.constantFrom(OWN_NAMES, OTHER_NAMES),
  emptyCells: fc.nat(2),
});

function cellsOf(line: Line, dialect: Dialect, currency: string): Record<Column, string> {
  const number = NUMBERS[dialect.number];
  return {
    InvoiceNo: line.invoice,
    StockCode: line.code,
    Description: line.name,
    Quantity: numberText(line.quantity, 0, number),
    InvoiceDate: DATES[dialect.date]?.(line.at) ?? '',
    UnitPrice: numberText(line.price, minorDigits(currency), number),
    CustomerID: line.customer,
    Country: line.country,
  };
}

function fileOf(rows: readonly Record<Column, string>[], dialect: Dialect): Buffer {
  const { delimiter, lineEnd, before, names, emptyCells, encoding } = dialect;
  const empty = Array.from({ length: emptyCells }, () => '');
  const table = [COLUMNS.map((column) => names[column]), ...rows.map((row) => COLUMNS.map((column) => row[column]))];
  const written = stringify(
    table.map((cells) => [...cells, ...empty]),
    { delimiter, record_delimiter: lineEnd },
  );
  const head = before.map((line) => `${line === 'sep' ? `sep=${delimiter}` : line}${lineEnd}`).join('');
  return ENCODINGS[encoding]?.(head + written) ?? Buffer.alloc(0);
}

const formatOf = ({ names }: Dialect, currency: string): FileFormat => ({ columns: names, timeZone: ZONE, currency });

/** What the file lets nobody tell apart, by plain looks at its texts. */
function isUndecided(rows: readonly Record<Column, string>[]): boolean {
  const numeric = rows.flatMap(({ InvoiceDate }) => {
    const match = /^(\d{1,2})[/.](\d{1,2})[/.]\d{4}/.exec(InvoiceDate);
    return match === null ? [] : [[Number(match[1]), Number(match[2])] as const];
  });
  const datesOpen = numeric.some(([a, b]) => a !== b) && numeric.every(([a, b]) => a <= 12 && b <= 12);
  const open = (text: string): boolean => /^[1-9]\d{0,2}[.,]\d{3}$/.test(text);
  const plain = (text: string): boolean => /^\d+$/.test(text);
  const columns = [rows.map(({ UnitPrice }) => UnitPrice), rows.map(({ Quantity }) => Quantity)];
  const decided = columns.map((texts) =>
    texts.some((text) => !open(text) && !plain(text) && !/^\d{1,3}(\u00a0\d{3})+$/.test(text)),
  );
  const numbersOpen = !decided.includes(true) && columns.some((texts) => texts.some(open));
  return datesOpen || numbersOpen;
}

const lines: fc.Arbitrary<Line[]> = fc.array(
  fc.record({
    invoice: fc.constantFrom('1001', '1002', '1003'),
    code: fc.constantFrom('A-1', 'B-2'),
    name: fc.constantFrom('Smörgås', 'Smörgås "Café"', 'Smörgås; Größe, L', 'Smörgås | Ærø'),
    quantity: fc.constantFrom(1, 2, 12, 999, 1_000, 25_000),
    at: fc.tuple(
      fc.integer({ min: 2001, max: 2035 }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 28 }),
      fc.integer({ min: 3, max: 23 }),
      fc.integer({ min: 0, max: 59 }),
    ),
    // Eight lines of the most units stay below the largest order that the shop takes.
    price: fc.oneof(fc.integer({ min: 1, max: 9_999 }), fc.integer({ min: 1, max: 4_999_999 })),
    customer: fc.constantFrom('17', 'kund å'),
    country: fc.constantFrom('Åland', 'España'),
  }),
  { minLength: 1, maxLength: 8 },
);

describe('orders in any dialect', () => {
  it('are read back, or refused where the file cannot tell', { timeout: 120_000 }, async () => {
    const plainest: Dialect = {
      ...{ delimiter: ',', lineEnd: '\n', encoding: 'utf-8', date: 'SQL', number: 'point' },
      ...{ before: [], names: OWN_NAMES, emptyCells: 0 },
    };
    const read = async (bytes: Buffer, format: FileFormat): Promise<unknown> => {
      await writeFile(place.file, bytes);
      const { invoices, lines: found } = await readOrders({ file: place.file, format, handling: null });
      expect([...found.rejected]).toEqual([]);
      return invoices.map(({ order, total }) => ({ ...order, total }));
    };
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(lines, dialects, fc.constantFrom('SEK', 'JPY', 'KWD'), async (orders, dialect, currency) => {
        const simple = orders.map((line) => cellsOf(line, plainest, currency));
        const expected = await read(fileOf(simple, plainest), { ...formatOf(plainest, currency), decimal: 'point' });
        const rows = orders.map((line) => cellsOf(line, dialect, currency));
        const bytes = fileOf(rows, dialect);
        const format = formatOf(dialect, currency);
        const own = await read(bytes, format).catch((error: unknown) => {
          expect(isShopError(error, 'BAD_INPUT') ? error.message : error).toMatch(/ can be .*say --/);
          return null;
        });
        expect(own === null).toBe(isUndecided(rows));
        if (own !== null) expect(own).toEqual(expected);
        else refused++;
        const said: FileFormat = {
          ...format,
          decimal: dialect.number.startsWith('comma') ? 'comma' : 'point',
          ...(/^(day|month)-first/.test(dialect.date) ? { dateFormat: dialect.date.split(',')[0] ?? '' } : {}),
        };
        expect(await read(bytes, said)).toEqual(expected);
      }),
      { numRuns: 400 },
    );
    expect(refused).toBeGreaterThan(10);
  });
});

const REAL = path.join(import.meta.dirname, '../../../shared/data/online-retail-1000.csv');

describe('the real lines', () => {
  const twelve: readonly Partial<Dialect>[] = [
    {},
    { delimiter: ';', number: 'comma', date: 'day-first, dots' },
    { delimiter: '\t', lineEnd: '\r\n', encoding: 'utf-16le' },
    { delimiter: '|', encoding: 'utf-16be', date: 'SQL' },
    { encoding: 'windows-1252', date: 'ISO', names: OTHER_NAMES },
    { encoding: 'cp850', date: 'day-first', lineEnd: '\r\n' },
    { delimiter: ';', before: ['sep'], lineEnd: '\r\n', number: 'comma', date: 'day-first' },
    { before: ['Orders of the year', ''], date: 'month-first, AM and PM' },
    { encoding: 'utf-8 with a mark', emptyCells: 2, date: 'slashes' },
    { number: 'point, grouped', date: 'names', lineEnd: '\r' },
    { delimiter: ';', number: 'comma, grouped', date: 'SQL', names: OTHER_NAMES },
    { delimiter: '\t', number: 'comma, spaces', date: 'ISO', encoding: 'utf-16be without a mark' },
  ];

  it.skipIf(!existsSync(REAL))('in twelve dialects are the same orders each time', { timeout: 60_000 }, async () => {
    const rows: Record<Column, string>[] = parse(await readFile(REAL, 'utf8'), { columns: true, relax_quotes: true });
    const found = new Set<string>();
    for (const changes of twelve) {
      const dialect: Dialect = {
        ...{ delimiter: ',', lineEnd: '\n', encoding: 'utf-8', date: 'month-first', number: 'point' },
        ...{ before: [], names: OWN_NAMES, emptyCells: 0, ...changes },
      };
      const written = rows.map((row) => ({
        ...row,
        // No line has other letters than ASCII; a code page shows only where it has.
        Description: row.Description.replace('CREAM', 'CRÉAM'),
        InvoiceDate: rewrittenDate(row.InvoiceDate, dialect.date),
        UnitPrice: /^-?\d+(\.\d+)?$/.test(row.UnitPrice) ? rewrittenPrice(row.UnitPrice, dialect) : row.UnitPrice,
      }));
      await writeFile(place.file, fileOf(written, dialect));
      // All of them are of one day, the first of December, so that no line settles which of 12 and 1 is the month.
      const order = /^(day|month)-first/.exec(dialect.date)?.[0];
      const format: FileFormat = {
        ...formatOf(dialect, 'GBP'),
        ...(order === undefined ? {} : { dateFormat: order }),
      };
      const { invoices, lines: read } = await readOrders({ file: place.file, format, handling: null });
      expect(invoices.length).toBeGreaterThan(50);
      found.add(JSON.stringify([invoices.map(({ order: each, total }) => [each, total]), read.linesRead]));
    }
    expect(twelve).toHaveLength(12);
    expect(found.size).toBe(1);
  });

  function rewrittenDate(text: string, date: string): string {
    const match = /^(\d+)\/(\d+)\/(\d\d) (\d+):(\d\d)$/.exec(text);
    if (match === null) return text;
    const [month = 0, day = 0, year = 0, hour = 0, minute = 0] = match.slice(1).map(Number);
    return DATES[date]?.([2000 + year, month, day, hour, minute]) ?? '';
  }

  function rewrittenPrice(text: string, { number }: Dialect): string {
    const pence = Math.round(Number(text) * 100);
    return `${pence < 0 ? '-' : ''}${numberText(Math.abs(pence), 2, NUMBERS[number])}`;
  }
});
