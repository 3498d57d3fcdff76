import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { ShopError } from '../ports/errors.ts';
import { MemoryShop } from '../simulator/memory-shop-test-kit.ts';
import {
  HEADER,
  importOrders,
  NASTY,
  nothingKnown,
  options,
  orderOf,
  place,
  rejectsOf,
  sent,
  useFolder,
} from './import-test-kit.ts';

useFolder();

describe('the import of the fixture', () => {
  it('counts every line: accepted, or rejected with its reason', async () => {
    await copyFile(NASTY, place.file);
    const result = await importOrders(options(new MemoryShop()));
    expect(result).toEqual({
      invoices: 5,
      ordersPlaced: 5,
      duplicates: 0,
      products: 6,
      unitsLeft: 0,
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
      rejectsFile: `${place.file}.rejects.csv`,
      from: Date.parse('2010-10-31T02:30:00+02:00'),
      to: Date.parse('2011-10-06T16:19:30+02:00'),
      sales: 6 * 255 + 339 + 295 + 2 * 375 + 1_000 + 3 * 255 + 85 + 105 + 4 * 255 + 12 * 995,
      complete: true,
    });
  });

  it('writes the rejected lines with their numbers, reasons and columns as they stand', async () => {
    await copyFile(NASTY, place.file);
    await importOrders(options(new MemoryShop()));
    const [header, ...rows] = await rejectsOf();
    expect(header).toEqual(['line', 'reason', ...HEADER.split(',')]);
    expect(rows).toHaveLength(18);
    const lines = (await readFile(place.file, 'utf8')).split('\n');
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
    await copyFile(NASTY, place.file);
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
    await copyFile(NASTY, place.file);
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
    await copyFile(NASTY, place.file);
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
    await copyFile(NASTY, place.file);
    const shop = new MemoryShop();
    await importOrders(options(shop));
    const before = sent(shop);
    const handling = { chance: 1, delayMs: 1, attempts: 1 };
    expect(await importOrders(options(shop, { handling }))).toMatchObject({ ordersPlaced: 0, duplicates: 5 });
    const [header = '', ...rows] = (await readFile(place.file, 'utf8')).replace('\nLINES', ' LINES').trim().split('\n');
    await writeFile(place.file, [header, ...rows.reverse()].join('\r\n').replace('TWO LINES', 'TWO\nLINES'));
    expect(await importOrders(options(shop))).toMatchObject({ ordersPlaced: 0, duplicates: 5 });
    expect(sent(shop)).toBe(before);
  });

  it('goes on where it was cut off, and ends as if it never had been', async () => {
    const rows = Array.from({ length: 2_500 }, (_, n) => `${n},K-${n % 7},NAME,${1 + (n % 3)},12/1/10 8:26,1.5,1,SE`);
    await writeFile(place.file, [HEADER, ...rows].join('\n'));
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
    await writeFile(place.file, [HEADER, ...rows].join('\n'));
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

const first = [HEADER, '1,A,APPLE,2,12/1/10 8:26,1.00,7,SE', '2,B,BEAR,1,12/1/10 9:00,2.00,7,SE'].join('\n');

describe('a later file', () => {
  it('with an invoice of other content has it rejected as a conflict, and brings no stock for it', async () => {
    for (const changes of [{}, { existing: nothingKnown }]) {
      const shop = new MemoryShop();
      await writeFile(place.file, first);
      await importOrders(options(shop));
      const rows = [
        '1,A,APPLE,3,12/1/10 8:26,1.00,7,SE',
        '1,B,BEAR,1,12/1/10 8:26,2.00,7,SE',
        '3,C,CAT,1,12/1/10 8:00,5,8,SE',
      ];
      await writeFile(place.file, [HEADER, ...rows].join('\n'));
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
    await writeFile(place.file, [HEADER, ...rows].join('\n'));
    const shop = new MemoryShop();
    await importOrders(options(shop));
    expect(shop.listings).toMatchObject([
      { productId: 'A', name: 'EARLIER', price: 300 },
      { productId: 'B', name: 'OFTEN', price: 400 },
    ]);
  });

  it('that has the first one in it brings only what is new, at the listing that is there', async () => {
    const shop = new MemoryShop();
    await writeFile(place.file, first);
    await importOrders(options(shop));
    await writeFile(place.file, `${first}\n3,A,GREEN APPLE,5,12/2/10 8:26,1.25,9,SE`);
    expect(await importOrders(options(shop))).toMatchObject({ ordersPlaced: 1, duplicates: 2, sales: 625 });
    expect(shop.receipts.filter(({ productId }) => productId === 'A').map(({ quantity }) => quantity)).toEqual([2, 5]);
    expect(shop.listings).toHaveLength(2);
    expect((await shop.catalogue())[0]).toMatchObject({ name: 'APPLE', available: 0 });
  });
});
