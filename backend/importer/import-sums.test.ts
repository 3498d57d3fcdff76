import { existsSync } from 'node:fs';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayOf } from '../domain/calendar.ts';
import { MemoryShop } from '../simulator/memory-shop-test-kit.ts';
import {
  FORMAT,
  HEADER,
  importOrders,
  NASTY,
  options,
  place,
  PLAIN,
  sent,
  totalOf,
  useFolder,
} from './import-test-kit.ts';

useFolder();

const REAL = path.join(import.meta.dirname, '../../../shared/data/online-retail-1000.csv');

describe('the orders', () => {
  const mostly = (good: readonly string[], bad: readonly string[]): fc.Arbitrary<string> =>
    fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: fc.constantFrom(...bad) });
  const row = fc.record({
    InvoiceNo: mostly(['1', '2', '3'], ['C4']),
    StockCode: mostly(['A', 'B', 'C'], ['']),
    Description: fc.constantFrom('', 'one', 'two', 'with, comma', 'with " quote'),
    Quantity: mostly(['1', '2'], ['-1', '0', 'x']),
    InvoiceDate: mostly(['12/1/10 8:26', '12/1/10 8:27', '2010-12-01 08:26:00'], ['?']),
    UnitPrice: mostly(['1', '2.50'], ['0', '1.0015']),
    hasHead: fc.boolean(),
  });
  // An invoice names one customer; some of its lines name none.
  const cellsOf = ({ hasHead, ...cells }: { hasHead: boolean; InvoiceNo: string }): string[] => [
    ...Object.values(cells),
    ...(hasHead ? [`1${cells.InvoiceNo}`, cells.InvoiceNo === '1' ? 'Sweden' : 'France'] : ['', '']),
  ];
  const shuffled = fc
    .array(row, { minLength: 1, maxLength: 30 })
    .chain((rows) => fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length })));

  it('are the same however the rows are shuffled', async () => {
    const imported = async (
      rows: readonly Parameters<typeof cellsOf>[0][],
      shop = new MemoryShop(),
    ): Promise<MemoryShop> => {
      await writeFile(place.file, stringify([HEADER.split(','), ...rows.map(cellsOf)]));
      await importOrders(options(shop));
      return shop;
    };
    await fc.assert(
      fc.asyncProperty(shuffled, async ([rows, other]) => {
        const shop = await imported(rows);
        const again = await imported(other);
        const unkeyed = (each: MemoryShop): object[] => each.receipts.map(({ key: _, ...receipt }) => receipt);
        expect(again.orders).toEqual(shop.orders);
        expect(again.listings).toEqual(shop.listings);
        expect(unkeyed(again)).toEqual(unkeyed(shop));
        const before = sent(shop);
        await imported(other, shop);
        expect(sent(shop)).toBe(before);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the sums by day', () => {
  it.each([NASTY, PLAIN])('of %s are those of a plain reading', async (fixture) => {
    await copyFile(fixture, place.file);
    await agrees('Europe/Stockholm');
  });

  it.skipIf(!existsSync(REAL))(`of the real file (${path.basename(REAL)}) are those of a plain reading`, async () => {
    await copyFile(REAL, place.file);
    const result = await agrees('Europe/London');
    expect(result.ordersPlaced).toBeGreaterThan(50);
  });

  async function agrees(timeZone: string): Promise<Awaited<ReturnType<typeof importOrders>>> {
    const shop = new MemoryShop('GBP');
    const result = await importOrders(options(shop, { format: { ...FORMAT, timeZone, currency: 'GBP' } }));
    const imported = new Map<string, number[]>();
    for (const order of shop.orders) {
      const units = order.lines.reduce((sum, { quantity }) => sum + quantity, 0);
      add(imported, dayOf(Date.parse(order.at ?? ''), timeZone), [1, totalOf(order), units]);
    }
    expect(Object.fromEntries(imported)).toEqual(Object.fromEntries(await plainReading(timeZone)));
    expect(result.linesAccepted + Object.values(result.rejected).reduce<number>((sum, each = 0) => sum + each, 0)).toBe(
      result.linesRead,
    );
    expect(result.sales).toBe([...imported.values()].reduce((sum, [, sales = 0]) => sum + sales, 0));
    return result;
  }

  /** Orders, sales in pence and units by day, read again by other means: whole file, floats, native dates. */
  async function plainReading(timeZone: string): Promise<Map<string, number[]>> {
    const rows: string[][] = parse(await readFile(place.file, 'utf8'), {
      relax_quotes: true,
      relax_column_count: true,
    });
    const invoices = new Map<string, { day: string; sales: number; units: number }>();
    const unreadable = new Set<string>();
    for (const row of rows.slice(1)) {
      const [invoice = '', code = '', , quantity = '', date = '', price = ''] = row;
      if (/^c/i.test(invoice) || (row.length === 8 && Number(quantity) <= 0 && code !== '')) continue;
      const day = plainDay(date, timeZone);
      const pence = price === '' ? NaN : Number(price) * 100;
      const isWhole = Math.abs(pence - Math.round(pence)) < 1e-6;
      const isCount = Number.isInteger(Number(quantity)) && quantity !== '' && Number(quantity) <= 1e9;
      if (row.length === 8 && code !== '' && isCount && pence <= 0) continue;
      if (row.length !== 8 || invoice === '' || code === '' || day === null || !isCount || !isWhole) {
        unreadable.add(invoice);
        continue;
      }
      const known = invoices.get(invoice) ?? { day, sales: 0, units: 0 };
      known.sales += Number(quantity) * Math.round(pence);
      known.units += Number(quantity);
      if (day < known.day) known.day = day;
      invoices.set(invoice, known);
    }
    for (const invoice of unreadable) invoices.delete(invoice);
    const days = new Map<string, number[]>();
    for (const { day, sales, units } of invoices.values()) add(days, day, [1, sales, units]);
    return days;
  }

  function plainDay(text: string, timeZone: string): string | null {
    if (/T.*[+Z]/.test(text)) return new Date(text).toLocaleDateString('sv-SE', { timeZone });
    const iso = /^(\d{4})-(\d\d)-(\d\d) /.exec(text);
    if (iso !== null) return `${iso[1]}-${iso[2]}-${iso[3]}`;
    const us = /^(\d{1,2})\/(\d{1,2})\/(\d\d|\d{4}) \d/.exec(text);
    if (us === null || Number(us[1]) > 12) return null;
    const year = us[3]?.length === 2 ? `20${us[3]}` : us[3];
    return `${year}-${us[1]?.padStart(2, '0')}-${us[2]?.padStart(2, '0')}`;
  }

  function add(days: Map<string, number[]>, day: string, more: readonly number[]): void {
    const known = days.get(day) ?? [0, 0, 0];
    days.set(
      day,
      known.map((each, index) => each + (more[index] ?? 0)),
    );
  }
});
