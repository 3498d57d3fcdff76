/** What the tests of the import share: a folder with the file to import, options, and reading the results back. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { isShopError } from '../ports/errors.ts';
import type { FileFormat } from './format.ts';
import type { PlaceOrder } from '../shop/commands.ts';
import type { MemoryShop } from '../simulator/memory-shop-test-kit.ts';
import { readOrders, sendOrders, type ImportResult, type ReadOptions, type SendOptions } from './import.ts';

const FIXTURES = path.join(import.meta.dirname, 'fixtures');
/** Every nasty case. */
export const NASTY = path.join(FIXTURES, 'nasty.csv');
/** Well-formed rows, good and bad. */
export const PLAIN = path.join(FIXTURES, 'orders.csv');
export const HEADER = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country';

export type ImportOptions = ReadOptions & SendOptions;

/** Reads a file and sends what is in it, as the verb does. */
export async function importOrders(all: ImportOptions): Promise<ImportResult> {
  return sendOrders(await readOrders(all), all);
}

/** The dates of the fixtures are as the UCI data has them; what a file settles by itself is in reading.test.ts. */
export const FORMAT: FileFormat = { timeZone: 'Europe/Stockholm', currency: 'SEK', dateFormat: 'month-first' };

/** An empty folder for each test. */
export const place = { folder: '', file: '' };

export function useFolder(): void {
  beforeAll(async () => {
    place.folder = await mkdtemp(path.join(tmpdir(), 'import-'));
    place.file = path.join(place.folder, 'orders.csv');
  });
  beforeEach(async () => {
    await rm(place.folder, { recursive: true, force: true });
    await mkdir(place.folder);
  });
  afterAll(() => rm(place.folder, { recursive: true, force: true }));
}

export function options(shop: MemoryShop, changes: Partial<ImportOptions> = {}): ImportOptions {
  return {
    shop,
    file: place.file,
    format: FORMAT,
    handling: null,
    existing: (ids) => {
      const known = ids.filter((id) => shop.fingerprints.has(id));
      return Promise.resolve(new Map(known.map((id) => [id, shop.fingerprints.get(id) ?? null])));
    },
    ...changes,
  };
}

export const nothingKnown = (): Promise<ReadonlyMap<string, string | null>> => Promise.resolve(new Map());

/** The one line that bad input is refused with; the folder in it is a dot. */
export async function failure(run: Promise<unknown>): Promise<string> {
  const error: unknown = await run.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!isShopError(error, 'BAD_INPUT')) throw new Error(`not refused: ${String(error)}`);
  expect(error.message).not.toContain('\n');
  return error.message.replaceAll(place.folder, '.');
}

export const totalOf = (order: PlaceOrder): number =>
  order.lines.reduce((sum, line) => sum + line.quantity * (line.unitPrice ?? NaN), 0);
export const orderOf = (shop: MemoryShop, id: string): PlaceOrder | undefined =>
  shop.orders.find(({ orderId }) => orderId === id);
export const rejectsOf = async (): Promise<string[][]> =>
  parse(await readFile(`${place.file}.rejects.csv`, 'utf8'), { relax_column_count: true });
/** Everything that the shop took. */
export const sent = (shop: MemoryShop): number => shop.orders.length + shop.receipts.length + shop.listings.length;
