import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import type { ProductId, ReportIssued } from '../events/events.ts';
import { render } from './render.ts';

const product = (productId: string, name: string, units: number, amount: number) => ({
  productId: productId as ProductId,
  name,
  units,
  amount,
});

const event: ReportIssued = {
  type: 'ReportIssued',
  version: 1,
  id: 'report/2026-10-25/2',
  at: '2026-10-26T08:00:00.000Z',
  source: 'live',
  day: '2026-10-25',
  timeZone: 'Europe/Stockholm',
  from: '2026-10-24T22:00:00.000Z',
  to: '2026-10-25T23:00:00.000Z',
  currency: 'SEK',
  revision: 2,
  orders: 1_234,
  sales: 5_000_005,
  handledOrders: 987,
  products: [product('p-1', '=1+1', 3, 5), product('p-2', 'Kaffe | "te", <br> ☕', 1_500, 5_000_000)],
  positions: { orders: [1, 2, 3, 4, 5, -1], 'handled-orders': [0, 0, 0, 0, 0, 0] },
  changes: [
    { what: 'orders', before: 1_233, after: 1_234 },
    { what: 'amount of p-1', before: 0, after: 5 },
  ],
};

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

describe('the files of a report', () => {
  it('are json with the names that other programs rely on', () => {
    const { json } = render(event, 2);
    expect(JSON.parse(json)).toEqual({
      date: '2026-10-25',
      timeZone: 'Europe/Stockholm',
      currency: 'SEK',
      orders: 1_234,
      sales: 5_000_005,
      products: event.products,
      revision: 2,
      generatedAt: '2026-10-26T08:00:00.000Z',
      from: '2026-10-24T22:00:00.000Z',
      to: '2026-10-25T23:00:00.000Z',
      handledOrders: 987,
      positions: event.positions,
      changes: event.changes,
    });
    expect(render(structuredClone(event), 2)).toEqual(render(event, 2));
  });

  it('are json as the published schema has it', () => {
    const file = new URL('../../docs/report.schema.json', import.meta.url);
    const published = JSON.parse(readFileSync(file, 'utf8')) as { properties: object };
    const schema = Compile(published);
    const report = JSON.parse(render(event, 2).json) as Record<string, unknown>;
    expect([...schema.Errors(report)]).toEqual([]);
    expect(Object.keys(report)).toEqual(Object.keys(published.properties));
    expect(schema.Check(JSON.parse(render({ ...event, products: [], changes: [] }, 2).json))).toBe(true);
    for (const name of Object.keys(report)) {
      const { [name]: _, ...without } = report;
      expect(schema.Check(without), `without ${name}`).toBe(false);
      expect(schema.Check({ ...report, [name]: null }), `without a value of ${name}`).toBe(false);
    }
    expect(schema.Check({ ...report, date: '2026-02-30' })).toBe(false);
    expect(schema.Check({ ...report, sales: 1.5 })).toBe(false);
  });

  it('are a page for people', () => {
    expect(plain(render(event, 2).markdown)).toBe(
      [
        '# Daily report 2026-10-25',
        '',
        'From 2026-10-25 00:00:00 up to 2026-10-26 00:00:00, Europe/Stockholm. Revision 2, issued 2026-10-26 09:00:00.',
        '',
        '| Figure         |         Value |',
        '| -------------- | ------------: |',
        '| Orders         |         1,234 |',
        '| Sales          | SEK 50,000.05 |',
        '| Units sold     |         1,503 |',
        '| Orders handled |           987 |',
        '',
        '## Products sold',
        '',
        '| Product   | Name                   | Units |        Amount |',
        '| --------- | ---------------------- | ----: | ------------: |',
        '| p-2       | Kaffe \\| "te", \\<br> ☕ | 1,500 | SEK 50,000.00 |',
        '| p-1       | =1+1                   |     3 |      SEK 0.05 |',
        '| **Total** |                        | 1,503 | SEK 50,000.05 |',
        '',
        '## Changed since the revision before',
        '',
        '| What          |   Before |      Now |',
        '| ------------- | -------: | -------: |',
        '| orders        |    1,233 |    1,234 |',
        '| amount of p-1 | SEK 0.00 | SEK 0.05 |',
        '',
      ].join('\n'),
    );
    expect(render({ ...event, products: [] }, 2).markdown).toContain('Nothing was sold.');
    const many = event.products.map((each) => ({ ...each, units: Number.MAX_SAFE_INTEGER }));
    expect(render({ ...event, products: many }, 2).markdown).toMatch(/Units sold +\| more than can be given exactly/);
    const inForints = { ...event, currency: 'HUF' };
    expect(plain(render(inForints, 2).markdown)).toContain('HUF 50,000.05');
    expect(plain(render(inForints, 0).markdown)).toContain('HUF 5,000,005');
  });

  it('are a table for spreadsheets, in which no name is a formula', () => {
    const rows: unknown = parse(render(event, 2).csv, { columns: true });
    expect(rows).toEqual([
      { productId: 'p-1', name: "'=1+1", units: '3', amount: '0.05', currency: 'SEK' },
      { productId: 'p-2', name: 'Kaffe | "te", <br> ☕', units: '1500', amount: '50000.00', currency: 'SEK' },
    ]);
    expect(render({ ...event, currency: 'JPY' }, 0).csv).toContain(',5000000,JPY');
    expect(render({ ...event, currency: 'KWD' }, 3).csv).toContain(',0.005,KWD');
  });
});
