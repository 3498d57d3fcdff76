/** Layouts that spreadsheets and shops write, and what makes an order of several lines. */
import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import iconv from 'iconv-lite';
import { describe, expect, it } from 'vitest';
import type { PlaceOrder } from '../shop/commands.ts';
import type { FileFormat } from './format.ts';
import { failure, FORMAT, HEADER, place, useFolder } from './import-test-kit.ts';
import { readOrders, type Plan } from './import.ts';

useFolder();

async function read(content: string | Buffer, format: Partial<FileFormat> = {}): Promise<Plan> {
  await writeFile(place.file, content);
  return readOrders({ file: place.file, format: { ...FORMAT, ...format }, handling: null });
}

async function ordersOf(rows: readonly string[], format: Partial<FileFormat> = {}): Promise<PlaceOrder[]> {
  const { invoices } = await read([HEADER, ...rows].join('\n'), format);
  return invoices.map(({ order }) => order);
}

const reasonsOf = ({ lines }: Plan): string[] =>
  [...lines.rejected].sort(([a], [b]) => a - b).map(([line, reason]) => `${line} ${reason}`);

const ROW = '930001,Q-1,TEAPOT,2,12/1/2010 8:26,2.55,17850,Norway';
const semicolons = (text: string): string => text.replaceAll(',', ';');

describe('a layout', () => {
  it.each<[string, string | Buffer]>([
    ['with semicolons', `${semicolons(HEADER)}\n${semicolons(ROW)}\n`],
    ['with tabs', `${HEADER.replaceAll(',', '\t')}\n${ROW.replaceAll(',', '\t')}\n`],
    ['with bars', `${HEADER.replaceAll(',', '|')}\n${ROW.replaceAll(',', '|')}\n`],
    ['with "sep=;"', `sep=;\n${semicolons(HEADER)}\n${semicolons(ROW)}\n`],
    ['with a mark and "sep=;"', `\ufeffsep=;\r\n${semicolons(HEADER)}\r\n${semicolons(ROW)}\r\n`],
    ['with "sep=^"', `sep=^\n${HEADER.replaceAll(',', '^')}\n${ROW.replaceAll(',', '^')}\n`],
    ['with a title', `Order report 2010,,,,,,,\n,,,,,,,\n${HEADER}\n${ROW}\n`],
    ['with a title in quotes, over two lines', `"Orders,\nall of them"\n${HEADER}\n${ROW}\n`],
    ['with one empty cell more in the header', `${HEADER},\n${ROW}\n`],
    ['with two empty cells more in a row', `${HEADER}\n${ROW},,\n`],
    ['with names in small letters', `${HEADER.toLowerCase()}\n${ROW}\n`],
    ['with blank rows', `${HEADER}\n,,,,,,,\n${ROW}\n\n , ,,,,,,\n`],
    ['in UTF-16 with the big end first', iconv.encode(`${HEADER}\n${ROW}\n`, 'utf-16be', { addBOM: true })],
  ])('%s is read', async (_, content) => {
    const { invoices, lines } = await read(content);
    expect(lines.rejected.size).toBe(0);
    expect(invoices.map(({ order, total }) => [order.orderId, order.customer.country, total])).toEqual([
      ['INV-930001', 'Norway', 510],
    ]);
  });

  it('may have names with commas and equals signs', async () => {
    const header = '"Order, no.",SKU,Title,Qty,When,"Price = GBP, incl. VAT",Who,Land';
    const columns = {
      ...{ InvoiceNo: 'Order, no.', StockCode: 'SKU', Description: 'Title', Quantity: 'Qty', InvoiceDate: 'When' },
      ...{ UnitPrice: 'Price = GBP, incl. VAT', CustomerID: 'Who', Country: 'Land' },
    };
    const { invoices } = await read(`${header}\n${ROW}\n`, { columns });
    expect(invoices[0]?.total).toBe(510);
  });

  it('rejects rows with a cell too many or too few', async () => {
    const plan = await read(`${HEADER}\n${ROW}\n${ROW.replace('930001', '2')},more\n3,Q-1,TEAPOT,1,12/1/2010 8:26,1\n`);
    expect(plan.invoices).toHaveLength(1);
    expect(reasonsOf(plan)).toEqual(['3 wrong number of columns', '4 wrong number of columns']);
  });

  it('may have fields of more than a megabyte', async () => {
    const [order] = await ordersOf([ROW.replace('TEAPOT', 'x'.repeat(1_200_000))]);
    expect(order?.lines[0]?.name).toBe('x'.repeat(500));
  });

  it.each<[string, Buffer, RegExp]>([
    ['compressed', gzipSync(`${HEADER}\n${ROW}\n`), /is compressed \(gzip\); unpack it first$/],
    ['workbook', Buffer.from('PK\u0003\u0004 and more'), /is a workbook or a zip archive; save the sheet as CSV/],
    ['endless', Buffer.from(`${HEADER}\n1,"${'x\n'.repeat(9_000_000)}`), /line 2: the row that begins here has more/],
    ['other columns', Buffer.from('a;b\n1;2\n'), /no column "InvoiceNo", .*; it has: a, b\./],
  ])('that is none (%s) is told as what it is', async (_, content, message) => {
    expect(await failure(read(content))).toMatch(message);
  });

  it.each([
    ['windows-1252', 'CAFÉ £5 MUG'],
    ['windows-1252', 'Smörgås – ”större”'],
    ['windows-1252', 'CHILDREN’S €5 CUP'],
    ['windows-1252', 'Größe'],
    ['cp850', 'CAFÉ £5 MUG'],
    ['cp850', 'smörgås'],
    ['cp850', 'Größe, für alle'],
    ['utf-8', 'Größe'],
  ])('in %s is taken for that (%s)', async (encoding, name) => {
    const plan = await read(iconv.encode(`${HEADER}\n${ROW.replace('TEAPOT', `"${name}"`)}\n`, encoding));
    expect(plan.file.encoding).toBe(encoding);
    expect(plan.invoices[0]?.order.lines[0]?.name).toBe(name);
  });

  it('in two code pages at once is asked about', async () => {
    const mixed = Buffer.concat(['windows-1252', 'cp850'].map((each) => iconv.encode(`CAFÉ,smör\n`, each)));
    expect(await failure(read(mixed))).toMatch(/say --encoding windows-1252 or --encoding cp850$/);
    expect(await failure(read(mixed, { encoding: 'klingon' }))).toMatch(/there is no encoding "klingon"/);
    expect(await failure(read(mixed, { encoding: 'CP850' }))).toMatch(/no column/);
  });
});

describe('an invoice', () => {
  it('with a line that cannot be read is rejected whole', async () => {
    const plan = await read(
      [
        HEADER,
        '1,A,APPLE,2,12/1/10 8:26,1.00,7,SE',
        '1,B,BEAR,3,12/1/10 8:26,£2,7,SE',
        '2,A,APPLE,1,12/1/10 8:26,1.00,7,SE',
        '1,C,CAT,0,12/1/10 8:26,1.00,7,SE',
        '3,A,APPLE,1,12/1/10 8:26,1.00,7',
        '3,A,APPLE,1,12/1/10 8:26,1.00,7,SE',
        '4,A,APPLE,1,12/1/10 8:26,1.00,7,SE',
        ',B,BEAR,1,12/1/10 8:26,1.00,7,SE',
      ].join('\n'),
    );
    expect(plan.invoices.map(({ order }) => order.orderId)).toEqual(['INV-2']);
    expect(reasonsOf(plan)).toEqual([
      '2 another line of the invoice cannot be read',
      '3 unreadable price',
      '5 quantity not above 0',
      '6 wrong number of columns',
      '7 another line of the invoice cannot be read',
      '8 another line of the invoice cannot be read',
      '9 no invoice number',
    ]);
  });

  it('keeps its other lines where a rule leaves some out', async () => {
    const [order] = await ordersOf([
      '1,A,APPLE,2,12/1/10 8:26,1.00,7,SE',
      '1,B,BEAR,-3,never,1.00,7,SE',
      '1,C,CAT,3,12/1/10 8:26,0,7,SE',
    ]);
    expect(order?.lines.map(({ productId }) => productId)).toEqual(['A']);
  });

  it('has the first customer and country that its lines name', async () => {
    const rows = ['1,A,APPLE,1,12/1/10 8:26,1,,', '1,B,BEAR,1,12/1/10 8:26,1,7,SE', '1,C,CAT,1,12/1/10 8:26,1,,'];
    const orders = await ordersOf([...rows, '2,A,APPLE,1,12/1/10 8:26,1,nan,NULL', '3,A,APPLE,1,12/1/10 8:26,1,9,NA']);
    expect(orders.map(({ customer }) => [customer.id, customer.country])).toEqual([
      ['7', 'SE'],
      ['guest-2', ''],
      ['9', 'NA'],
    ]);
  });

  it('of a web shop has the country of its first line', async () => {
    const header = 'Name,Email,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Billing Country';
    const head = '#2001,ann@example.test,2026-09-03 10:14:00 -0400';
    const rows = [
      `${head},2,Fern Print,16.00,FERN-1,SE`,
      `${head},1,Moss Print,15.00,MOSS-1,`,
      `${head},1,Ivy Print,15.00,IVY-1,`,
    ];
    const columns = {
      ...{ InvoiceNo: 'Name', StockCode: 'Lineitem sku', Description: 'Lineitem name', UnitPrice: 'Lineitem price' },
      ...{ Quantity: 'Lineitem quantity', InvoiceDate: 'Created at', CustomerID: 'Email', Country: 'Billing Country' },
    };
    await writeFile(place.file, [header, ...rows].join('\n'));
    const format = { columns, timeZone: 'Europe/Stockholm', currency: 'EUR' };
    const { invoices } = await readOrders({ file: place.file, format, handling: null });
    expect(invoices.map(({ order }) => [order.orderId, order.at, order.customer.country])).toEqual([
      ['INV-#2001', '2026-09-03T14:14:00.000Z', 'SE'],
    ]);
  });

  it('is of one customer whose number was made a fraction of', async () => {
    const rows = ['1,A,APPLE,1,12/1/10 8:26,1,13085.0,SE', '2,A,APPLE,1,12/1/10 8:26,1,13085,SE'];
    expect((await ordersOf(rows)).map(({ customer }) => customer.id)).toEqual(['13085', '13085']);
  });

  it('loses its fraction only where the whole column has one', async () => {
    const float = ['536365.0,22423.0,A,1,12/1/10 8:26,1,7,SE', '536366.0,22424.0,A,1,12/1/10 8:27,1,7,SE'];
    const orders = await ordersOf(float);
    expect(orders.map(({ orderId, lines }) => [orderId, lines[0]?.productId])).toEqual([
      ['INV-536365', '22423'],
      ['INV-536366', '22424'],
    ]);
    const [mixed] = await ordersOf(['1.0,B-2,A,1,12/1/10 8:26,1,7,SE', '2,22424.0,A,1,12/1/10 8:27,1,7,SE']);
    expect(mixed?.orderId).toBe('INV-1.0');
  });

  it('whose number a spreadsheet has rounded is warned of', async () => {
    const { lines } = await read(`${HEADER}\n1.23E+11,A,APPLE,1,12/1/10 8:26,1,4.5E+12,SE\n`);
    expect(lines.warnings).toEqual([
      'InvoiceNo such as "1.23E+11" (line 2) was rounded by a spreadsheet: different ones may have become the same',
      'CustomerID such as "4.5E+12" (line 2) was rounded by a spreadsheet: different ones may have become the same',
    ]);
  });
});
