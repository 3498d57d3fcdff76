import { existsSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { MemoryShop } from '../simulator/memory-shop-test-kit.ts';
import {
  failure,
  HEADER,
  importOrders,
  NASTY,
  options,
  orderOf,
  place,
  rejectsOf,
  sent,
  useFolder,
} from './import-test-kit.ts';

useFolder();

describe('a file that cannot be used', () => {
  const good = '1,A,APPLE,2,12/1/10 8:26,1.00,7,SE';

  it.each<[string, string | Buffer, RegExp]>([
    ['empty', '', /^\.\/orders\.csv is empty$/],
    ['of blank lines', '\n\n', /no header line/],
    ['binary', Buffer.from([0x89, 0x50, 0, 1, 2]), /is not text/],
    ['another one', 'a,b\n1,2\n', /no column "InvoiceNo", .*; it has: a, b\. Name it with --columns InvoiceNo=NAME$/],
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
    await writeFile(place.file, content);
    const shop = new MemoryShop();
    expect(await failure(importOrders(options(shop)))).toMatch(message);
    expect(shop.requests).toHaveLength(0);
    expect(existsSync(`${place.file}.rejects.csv.partial`)).toBe(false);
  });

  it('is named when it is not there, or a folder', async () => {
    const shop = new MemoryShop();
    expect(await failure(importOrders(options(shop)))).toBe('./orders.csv does not exist');
    expect(await failure(importOrders(options(shop, { file: place.folder })))).toMatch(/is a folder; give a CSV file$/);
  });

  it('is refused in another currency than the log, before anything is imported', async () => {
    await copyFile(NASTY, place.file);
    const shop = new MemoryShop('EUR');
    expect(await failure(importOrders(options(shop)))).toMatch(/EUR/);
    expect(await failure(importOrders(options(shop, { logCurrency: 'EUR' })))).toMatch(/in SEK, but the log is in EUR/);
    expect(sent(shop)).toBe(0);
  });

  it('is refused when its rejects cannot be written, before anything is imported', async () => {
    await copyFile(NASTY, place.file);
    const shop = new MemoryShop();
    const attempt = (rejectsFile: string): Promise<string> => failure(importOrders(options(shop, { rejectsFile })));
    expect(await attempt(path.join(place.folder, 'none/r.csv'))).toMatch(/cannot be written \(ENOENT\)/);
    expect(await attempt(place.folder)).toMatch(/is a folder/);
    expect(await attempt(place.file)).toMatch(/is the file to import/);
    expect(sent(shop)).toBe(0);
  });
});

describe('other layouts', () => {
  it('are read with other column names, dates, zones, currencies and delimiters, in old encodings', async () => {
    const header = 'Country;Invoice;Code;What;Count;When;Price;Customer ID;Note';
    await writeFile(place.file, Buffer.from(`${header}\nSverige;9;A;Äpple;2;1.2.2010 08:26;150;5;x\n`, 'latin1'));
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
      place.file,
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
      row('5', 'B', 'n', 1_000_000_000, '20.00'),
      row('9', 'B', 'n', 1, '5012345678900'),
      row('6', 'C', 'n', 1_000_000_000),
      row('7', 'C', 'n', 1_000_000_000),
      row('8', 'A'.repeat(100), 'n'),
    ];
    await writeFile(place.file, [HEADER, ...rows].join('\n'));
    const shop = new MemoryShop();
    const result = await importOrders(options(shop));
    expect(result.rejected).toEqual({
      'stock code too long': 1,
      'invoice number too long': 1,
      'invoice with too many lines': 5_001,
      'invoice too large': 2_500,
      'invoice total too large': 1,
      'price too large': 1,
    });
    expect(orderOf(shop, 'INV-1')?.lines[0]?.name).toBe('n'.repeat(500));
    expect(shop.orders).toHaveLength(4);
    expect(shop.receipts.every(({ key = '' }) => key.length <= 100)).toBe(true);
    expect((await shop.catalogue()).every(({ available }) => available === 0)).toBe(true);
  });
});
