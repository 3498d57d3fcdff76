import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dayOf } from '../domain/calendar.ts';
import type { PlaceOrder } from '../shop/commands.ts';
import { isShopError, ShopError } from '../ports/errors.ts';
import { MemoryShop } from '../simulator/memory-shop.ts';
import { importOrders, type ImportOptions } from './import.ts';

const FIXTURE = path.join(import.meta.dirname, 'fixtures/orders.csv');
const REAL = path.join(import.meta.dirname, '../../../shared/data/online-retail-1000.csv');
const HEADER = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country';

let folder = '';
let file = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'import-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(async () => {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  file = path.join(folder, 'orders.csv');
});

function options(shop: MemoryShop, changes: Partial<ImportOptions> = {}): ImportOptions {
  return {
    shop,
    file,
    format: { timeZone: 'Europe/Stockholm', currency: 'SEK' },
    handling: null,
    existing: (ids) => {
      const known = ids.filter((id) => shop.fingerprints.has(id));
      return Promise.resolve(new Map(known.map((id) => [id, shop.fingerprints.get(id) ?? null])));
    },
    ...changes,
  };
}

const nothingKnown = (): Promise<ReadonlyMap<string, string | null>> => Promise.resolve(new Map());

async function failure(run: Promise<unknown>): Promise<string> {
  const error: unknown = await run.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!isShopError(error, 'BAD_INPUT')) throw new Error(`not refused: ${String(error)}`);
  expect(error.message).not.toContain('\n');
  return error.message.replaceAll(folder, '.');
}

const totalOf = (order: PlaceOrder): number =>
  order.lines.reduce((sum, line) => sum + line.quantity * (line.unitPrice ?? NaN), 0);
const orderOf = (shop: MemoryShop, id: string): PlaceOrder | undefined =>
  shop.orders.find(({ orderId }) => orderId === id);
const rejectsOf = async (): Promise<string[][]> =>
  parse(await readFile(`${file}.rejects.csv`, 'utf8'), { relax_column_count: true });
const sent = (shop: MemoryShop): number => shop.orders.length + shop.receipts.length + shop.listings.length;

describe('the import of the fixture', () => {
  it('counts every line: accepted, or rejected with its reason', async () => {
    await copyFile(FIXTURE, file);
    const result = await importOrders(options(new MemoryShop()));
    expect(result).toEqual({
      invoices: 5,
      ordersPlaced: 5,
      duplicates: 0,
      products: 6,
      linesRead: 28,
      linesAccepted: 10,
      rejected: {
        cancellation: 2,
        'quantity not above 0': 2,
        'unreadable quantity': 2,
        'quantity too large': 1,
        'price not above 0': 2,
        'price not in whole minor units': 1,
        'unreadable price': 2,
        'unreadable date': 2,
        'no stock code': 1,
        'no invoice number': 1,
        'wrong number of columns': 2,
      },
      rejectsFile: `${file}.rejects.csv`,
      from: Date.parse('2010-10-31T02:30:00+01:00'),
      to: Date.parse('2011-10-06T16:19:30+02:00'),
      sales: 6 * 255 + 339 + 295 + 2 * 375 + 1_000 + 3 * 255 + 85 + 105 + 4 * 255 + 12 * 995,
      complete: true,
    });
  });

  it('writes the rejected lines with their numbers, reasons and columns as they stand', async () => {
    await copyFile(FIXTURE, file);
    await importOrders(options(new MemoryShop()));
    const [header, ...rows] = await rejectsOf();
    expect(header).toEqual(['line', 'reason', ...HEADER.split(',')]);
    expect(rows).toHaveLength(18);
    const lines = (await readFile(file, 'utf8')).split('\n');
    for (const [number, , ...columns] of rows) {
      expect(columns).toEqual(parse(lines[Number(number) - 1] ?? '', { relax_quotes: true })[0]);
    }
    expect(rows.slice(0, 3).map(([number, reason]) => `${number} ${reason}`)).toEqual([
      '7 cancellation',
      '8 cancellation',
      '12 quantity not above 0',
    ]);
    expect(rows.at(-1)?.slice(0, 2)).toEqual(['29', 'wrong number of columns']);
  });

  it('makes orders at their earliest line, with their lines as they stand', async () => {
    await copyFile(FIXTURE, file);
    const shop = new MemoryShop();
    await importOrders(options(shop));
    expect(orderOf(shop, 'INV-700001')).toEqual({
      type: 'PlaceOrder',
      key: 'INV-700001',
      orderId: 'INV-700001',
      at: '2010-12-01T07:26:00.000Z',
      source: 'import',
      currency: 'SEK',
      handling: null,
      customer: { id: '20001', name: 'Customer 20001', email: 'customer-20001@example.com', country: 'Sweden' },
      lines: [
        { productId: 'K-100', quantity: 6, unitPrice: 255, name: 'RED WOODEN HORSE' },
        { productId: 'K-100', quantity: 1, unitPrice: 295, name: 'RED WOODEN HORSE' },
        { productId: 'K-200', quantity: 1, unitPrice: 339, name: 'LANTERN, TIN, SMALL' },
      ],
    });
    expect(orderOf(shop, 'INV-700004')).toMatchObject({
      at: '2011-10-06T14:19:30.000Z',
      customer: { id: 'guest-700004', name: 'Guest', email: 'guest-700004@example.com', country: 'Åland' },
      lines: [
        { productId: 'K-100', quantity: 3, unitPrice: 255 },
        { productId: 'K-400', quantity: 1, unitPrice: 85 },
        { productId: 'K-600', quantity: 1, unitPrice: 105, name: 'MUG' },
      ],
    });
    expect(orderOf(shop, 'INV-700009')?.customer.email).toMatch(/^customer-kund-7-[0-9a-f]{8}@example\.com$/);
    const instants = shop.orders.map(({ at }) => at);
    expect(instants).toEqual([...instants].sort());
  });

  it('lists the products and brings in just what the orders sell, before any order', async () => {
    await copyFile(FIXTURE, file);
    const shop = new MemoryShop();
    await importOrders(options(shop));
    expect(await shop.catalogue()).toEqual(
      [
        ['K-300', 'FRAME 7" SINGLE', 995],
        ['K-100', 'RED WOODEN HORSE', 255],
        ['K-200', 'LANTERN, TIN, SMALL', 339],
        ['K-500', 'TWO\nLINES', 255],
        ['K-400', 'K-400', 85],
        ['K-600', 'MUG', 105],
      ].map(([productId, name, price]) => ({
        productId,
        name,
        price,
        category: 'Imported',
        currency: 'SEK',
        available: 0,
      })),
    );
    const types = shop.requests.flat().map(({ type }) => type);
    expect(types).toEqual([...types].sort((a, b) => rank(a) - rank(b)));
    for (const receipt of shop.receipts) {
      const first = shop.orders.find(({ lines }) => lines.some(({ productId }) => productId === receipt.productId));
      expect(receipt).toMatchObject({ at: first?.at, reason: 'initial', source: 'import' });
      expect(receipt.key).toMatch(new RegExp(`^import/[0-9a-f]{16}/${receipt.productId}$`));
    }
  });
});

const rank = (type: string): number => ['ListProduct', 'ReceiveStock', 'PlaceOrder'].indexOf(type);

describe('an import that is run again', () => {
  it('adds nothing, whether the look-up knows the orders or not', async () => {
    await copyFile(FIXTURE, file);
    for (const changes of [{}, { existing: nothingKnown }]) {
      const shop = new MemoryShop();
      await importOrders(options(shop));
      const before = sent(shop);
      const again = await importOrders(options(shop, changes));
      expect(again).toMatchObject({
        ordersPlaced: 0,
        duplicates: 5,
        sales: 0,
        from: null,
        to: null,
        linesAccepted: 10,
      });
      expect(sent(shop)).toBe(before);
    }
  });

  it('adds nothing when the rows come in another order, or when it is to handle the orders now', async () => {
    await copyFile(FIXTURE, file);
    const shop = new MemoryShop();
    await importOrders(options(shop));
    const before = sent(shop);
    const handling = { chance: 1, delayMs: 1, attempts: 1 };
    expect(await importOrders(options(shop, { handling }))).toMatchObject({ ordersPlaced: 0, duplicates: 5 });
    const [header = '', ...rows] = (await readFile(file, 'utf8')).replace('\nLINES', ' LINES').trim().split('\n');
    await writeFile(file, [header, ...rows.reverse()].join('\r\n').replace('TWO LINES', 'TWO\nLINES'));
    expect(await importOrders(options(shop))).toMatchObject({ ordersPlaced: 0, duplicates: 5 });
    expect(sent(shop)).toBe(before);
  });

  it('goes on where it was cut off, and ends as if it never had been', async () => {
    const rows = Array.from({ length: 2_500 }, (_, n) => `${n},K-${n % 7},NAME,${1 + (n % 3)},12/1/10 8:26,1.5,1,SE`);
    await writeFile(file, [HEADER, ...rows].join('\n'));
    const whole = new MemoryShop();
    await importOrders(options(whole));
    for (const requests of [1, 2, 3, 4]) {
      const shop = new MemoryShop();
      const onProgress = (): void => {
        if (shop.requests.length >= requests) shop.failure = new ShopError('UNAVAILABLE', 'gone');
      };
      await expect(importOrders(options(shop, { onProgress }))).rejects.toThrow('gone');
      shop.failure = null;
      const result = await importOrders(options(shop));
      expect(result.rejected).toEqual({});
      expect(shop.orders).toEqual(whole.orders);
      expect(shop.receipts).toEqual(whole.receipts);
    }
  });

  it('stops when it is told to, after the request in hand', async () => {
    const rows = Array.from({ length: 2_500 }, (_, n) => `${n},K-1,NAME,1,12/1/10 8:26,1.5,1,SE`);
    await writeFile(file, [HEADER, ...rows].join('\n'));
    const stop = new AbortController();
    const shop = new MemoryShop();
    const onProgress = (_: number, __: number | null, note?: string): void => {
      if (note === 'orders') stop.abort();
    };
    const result = await importOrders(options(shop, { onProgress, signal: stop.signal }));
    expect(result).toMatchObject({ complete: false, ordersPlaced: 1_000 });
    expect(shop.orders).toHaveLength(1_000);
  });
});

describe('a later file', () => {
  const first = [HEADER, '1,A,APPLE,2,12/1/10 8:26,1.00,7,SE', '2,B,BEAR,1,12/1/10 9:00,2.00,7,SE'].join('\n');

  it('with an invoice of other content has it rejected as a conflict, and brings no stock for it', async () => {
    for (const changes of [{}, { existing: nothingKnown }]) {
      const shop = new MemoryShop();
      await writeFile(file, first);
      await importOrders(options(shop));
      const rows = [
        '1,A,APPLE,3,12/1/10 8:26,1.00,7,SE',
        '1,B,BEAR,1,12/1/10 8:26,2.00,7,SE',
        '3,C,CAT,1,12/1/10 8:00,5,8,SE',
      ];
      await writeFile(file, [HEADER, ...rows].join('\n'));
      const result = await importOrders(options(shop, changes));
      expect(result).toMatchObject({ ordersPlaced: 1, duplicates: 0, rejected: { conflict: 2 }, linesAccepted: 1 });
      expect((await rejectsOf()).slice(1).map((row) => row.slice(0, 3))).toEqual([
        ['2', 'conflict', '1'],
        ['3', 'conflict', '1'],
      ]);
      if (changes.existing === undefined) {
        expect((await shop.catalogue()).map(({ available }) => available)).toEqual([0, 0, 0]);
      }
    }
  });

  it('has its products named and priced as most of its lines, of several as the first ones, have it', async () => {
    const rows = [
      '1,A,LATER,1,12/1/10 9:00,2.00,7,SE',
      '2,A,EARLIER,1,12/1/10 8:00,3.00,7,SE',
      '3,B,OFTEN,1,12/1/10 9:30,4.00,7,SE',
      '4,B,ONCE,1,12/1/10 8:30,5.00,7,SE',
      '5,B,OFTEN,1,12/1/10 9:40,4.00,7,SE',
    ];
    await writeFile(file, [HEADER, ...rows].join('\n'));
    const shop = new MemoryShop();
    await importOrders(options(shop));
    expect(shop.listings).toMatchObject([
      { productId: 'A', name: 'EARLIER', price: 300 },
      { productId: 'B', name: 'OFTEN', price: 400 },
    ]);
  });

  it('that has the first one in it brings only what is new, at the listing that is there', async () => {
    const shop = new MemoryShop();
    await writeFile(file, first);
    await importOrders(options(shop));
    await writeFile(file, `${first}\n3,A,GREEN APPLE,5,12/2/10 8:26,1.25,9,SE`);
    expect(await importOrders(options(shop))).toMatchObject({ ordersPlaced: 1, duplicates: 2, sales: 625 });
    expect(shop.receipts.filter(({ productId }) => productId === 'A').map(({ quantity }) => quantity)).toEqual([2, 5]);
    expect(shop.listings).toHaveLength(2);
    expect((await shop.catalogue())[0]).toMatchObject({ name: 'APPLE', available: 0 });
  });

  it('without anything to reject removes the rejects of the former one', async () => {
    await copyFile(FIXTURE, file);
    await importOrders(options(new MemoryShop()));
    expect(existsSync(`${file}.rejects.csv`)).toBe(true);
    await writeFile(file, first);
    expect(await importOrders(options(new MemoryShop()))).toMatchObject({ rejectsFile: null, rejected: {} });
    expect(existsSync(`${file}.rejects.csv`)).toBe(false);
    expect(existsSync(`${file}.rejects.csv.partial`)).toBe(false);
  });
});

describe('a file that cannot be used', () => {
  const good = '1,A,APPLE,2,12/1/10 8:26,1.00,7,SE';

  it.each<[string, string | Buffer, RegExp]>([
    ['empty', '', /^\.\/orders\.csv is empty$/],
    ['of blank lines', '\n\n', /no header line/],
    ['binary', Buffer.from([0x89, 0x50, 0, 1, 2]), /is not text/],
    ['another one', 'a,b\n1,2\n', /no column "InvoiceNo"; it has: a, b\. Name it with --column InvoiceNo=NAME$/],
    ['with a column twice', `${HEADER},Country\n`, /the column "Country" twice/],
    [
      'with an unclosed quote',
      `${HEADER}\n${good}\n2,A,"APPLE,2,12/1/10 8:26,1,7,SE\n3,A,B,1,1,1,7,SE\n`,
      /line 3: a quote/,
    ],
    [
      'with a quote that swallows lines',
      `${HEADER}\n${good}\n2,A,"X,2,12/1/10 8:26,1,7,SE\n${good.replace('APPLE', '"A, B"')}`,
      /line 3: a quote/,
    ],
  ])('(%s) is refused in one line, and nothing is imported', async (_, content, message) => {
    await writeFile(file, content);
    const shop = new MemoryShop();
    expect(await failure(importOrders(options(shop)))).toMatch(message);
    expect(shop.requests).toHaveLength(0);
    expect(existsSync(`${file}.rejects.csv.partial`)).toBe(false);
  });

  it('is named when it is not there, or a folder', async () => {
    const shop = new MemoryShop();
    expect(await failure(importOrders(options(shop)))).toBe('./orders.csv does not exist');
    expect(await failure(importOrders(options(shop, { file: folder })))).toMatch(/is a folder; give a CSV file$/);
  });

  it('is refused in another currency than the log, before anything is imported', async () => {
    await copyFile(FIXTURE, file);
    const shop = new MemoryShop('EUR');
    expect(await failure(importOrders(options(shop)))).toMatch(/EUR/);
    expect(await failure(importOrders(options(shop, { logCurrency: 'EUR' })))).toMatch(/in SEK, but the log is in EUR/);
    expect(sent(shop)).toBe(0);
  });

  it('is refused when its rejects cannot be written, before anything is imported', async () => {
    await copyFile(FIXTURE, file);
    const shop = new MemoryShop();
    const attempt = (rejectsFile: string): Promise<string> => failure(importOrders(options(shop, { rejectsFile })));
    expect(await attempt(path.join(folder, 'none/r.csv'))).toMatch(/cannot be written \(ENOENT\)/);
    expect(await attempt(folder)).toMatch(/is a folder/);
    expect(await attempt(file)).toMatch(/is the file to import/);
    expect(sent(shop)).toBe(0);
  });
});

describe('other layouts', () => {
  it('are read with other column names, dates, zones, currencies and delimiters, in old encodings', async () => {
    const header = 'Country;Invoice;Code;What;Count;When;Price;Customer ID;Note';
    await writeFile(file, Buffer.from(`${header}\nSverige;9;A;Äpple;2;1.2.2010 08:26;150;5;x\n`, 'latin1'));
    const shop = new MemoryShop('JPY');
    const columns = {
      InvoiceNo: 'Invoice',
      StockCode: 'Code',
      Description: 'What',
      Quantity: 'Count',
      InvoiceDate: 'When',
      UnitPrice: 'Price',
      CustomerID: 'Customer ID',
    };
    const format = { columns, delimiter: ';', dateFormat: 'd.M.yyyy H:mm', timeZone: 'Asia/Tokyo', currency: 'JPY' };
    expect(await importOrders(options(shop, { format }))).toMatchObject({ ordersPlaced: 1, sales: 300, rejected: {} });
    expect(shop.orders[0]).toMatchObject({
      at: '2010-01-31T23:26:00.000Z',
      lines: [{ unitPrice: 150, name: 'Äpple' }],
    });
  });

  it('are read with a byte order mark and Windows line ends', async () => {
    await writeFile(
      file,
      `\ufeff${HEADER}\r\n1,A,"TWO\r\nLINES",2,12/1/10 8:26,1.00,7,SE\r\n2,A,X,0,12/1/10 8:26,1,7,SE\r\n`,
    );
    expect(await importOrders(options(new MemoryShop()))).toMatchObject({ ordersPlaced: 1 });
    expect((await rejectsOf())[1]?.slice(0, 3)).toEqual(['4', 'quantity not above 0', '2']);
  });

  it('hold what is long: names are cut, what cannot be an order is rejected', async () => {
    const row = (invoice: string, code: string, name: string, quantity = 1, price = '1'): string =>
      `${invoice},${code},${name},${quantity},12/1/10 8:26,${price},7,SE`;
    const rows = [
      row('1', 'A', 'n'.repeat(600)),
      row('2', 'A'.repeat(101), 'n'),
      row('9'.repeat(91), 'A', 'n'),
      ...Array.from({ length: 5_001 }, () => row('3', 'A', 'n')),
      ...Array.from({ length: 2_500 }, () => row('4', 'A', 'å'.repeat(400))),
      row('5', 'B', 'n', 1_000_000_000, '90000000000.00'),
      row('6', 'C', 'n', 1_000_000_000),
      row('7', 'C', 'n', 1_000_000_000),
      row('8', 'A'.repeat(100), 'n'),
    ];
    await writeFile(file, [HEADER, ...rows].join('\n'));
    const shop = new MemoryShop();
    const result = await importOrders(options(shop));
    expect(result.rejected).toEqual({
      'stock code too long': 1,
      'invoice number too long': 1,
      'invoice with too many lines': 5_001,
      'invoice too large': 2_500,
      'invoice total too large': 1,
    });
    expect(orderOf(shop, 'INV-1')?.lines[0]?.name).toBe('n'.repeat(500));
    expect(shop.orders).toHaveLength(4);
    expect(shop.receipts.every(({ key = '' }) => key.length <= 100)).toBe(true);
    expect((await shop.catalogue()).every(({ available }) => available === 0)).toBe(true);
  });
});

describe('the orders', () => {
  const mostly = (good: readonly string[], bad: readonly string[]): fc.Arbitrary<string> =>
    fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: fc.constantFrom(...bad) });
  const row = fc.record({
    InvoiceNo: mostly(['1', '2', '3'], ['C4', '']),
    StockCode: mostly(['A', 'B', 'C'], ['']),
    Description: fc.constantFrom('', 'one', 'two', 'with, comma', 'with " quote'),
    Quantity: mostly(['1', '2'], ['-1', '0', 'x']),
    InvoiceDate: mostly(['12/1/10 8:26', '12/1/10 8:27', '2010-12-01 08:26:00'], ['?']),
    UnitPrice: mostly(['1', '2.50'], ['0', '1.001']),
    CustomerID: fc.constantFrom('', '17', '18'),
    Country: fc.constantFrom('Sweden', 'France', ''),
  });
  const shuffled = fc
    .array(row, { minLength: 1, maxLength: 30 })
    .chain((rows) => fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length })));

  it('are the same however the rows are shuffled', async () => {
    const imported = async (rows: readonly object[], shop = new MemoryShop()): Promise<MemoryShop> => {
      await writeFile(file, stringify([HEADER.split(','), ...rows.map((each) => Object.values(each) as string[])]));
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
  it('of the fixture are those of a plain reading', async () => {
    await copyFile(FIXTURE, file);
    await agrees('Europe/Stockholm');
  });

  it.skipIf(!existsSync(REAL))(`of the real file (${path.basename(REAL)}) are those of a plain reading`, async () => {
    await copyFile(REAL, file);
    const result = await agrees('Europe/London');
    expect(result.ordersPlaced).toBeGreaterThan(50);
  });

  async function agrees(timeZone: string): Promise<Awaited<ReturnType<typeof importOrders>>> {
    const shop = new MemoryShop('GBP');
    const result = await importOrders(options(shop, { format: { timeZone, currency: 'GBP' } }));
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
    const rows: string[][] = parse(await readFile(file, 'utf8'), { relax_quotes: true, relax_column_count: true });
    const invoices = new Map<string, { day: string; sales: number; units: number }>();
    for (const row of rows.slice(1)) {
      const [invoice = '', code = '', , quantity = '', date = '', price = ''] = row;
      const day = plainDay(date, timeZone);
      const pence = Number(price) * 100;
      const isWhole = Math.abs(pence - Math.round(pence)) < 1e-6;
      if (row.length !== 8 || invoice === '' || /^c/i.test(invoice) || code === '' || day === null) continue;
      if (!Number.isInteger(Number(quantity)) || !(Number(quantity) > 0 && Number(quantity) <= 1e9)) continue;
      if (price === '' || !(pence > 0) || !isWhole) continue;
      const known = invoices.get(invoice) ?? { day, sales: 0, units: 0 };
      known.sales += Number(quantity) * Math.round(pence);
      known.units += Number(quantity);
      if (day < known.day) known.day = day;
      invoices.set(invoice, known);
    }
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
