import { describe, expect, it } from 'vitest';
import type { OrderPlaced } from '../backend/events/events.ts';
import { handled, placed, type PlacedOptions } from '../tests/events.ts';
import { foldAll } from '../tests/fold.ts';
import { countrySales } from './country-sales.ts';
import { textOf } from './field-name.ts';

function placedIn(country: string, options: PlacedOptions = {}): OrderPlaced {
  const order = placed(options);
  return { ...order, customer: { ...order.customer, country } };
}

describe('sales by country', () => {
  it('counts orders and adds totals up by country and minute', () => {
    const documents = foldAll(countrySales, [
      placedIn('Sweden', { at: '2026-11-22T12:00:30.000Z', lines: [['P-1', 2, 100]] }),
      placedIn('Norway', { at: '2026-11-22T12:00:31.000Z', lines: [['P-1', 1, 7]] }),
      placedIn('Sweden', { at: '2026-11-22T12:14:59.999Z', lines: [['P-1', 1, 50]] }),
      placedIn('Sweden', { at: '2026-11-22T12:15:00.000Z', lines: [['P-1', 1, 1]] }),
    ]);
    expect(Object.fromEntries(documents)).toEqual({
      '2026-11-22T12:00Z': {
        countries: {
          Sweden: { orders: 2, sales: 250, minutes: { 0: [1, 200], 14: [1, 50] } },
          Norway: { orders: 1, sales: 7, minutes: { 0: [1, 7] } },
        },
      },
      '2026-11-22T12:15Z': { countries: { Sweden: { orders: 1, sales: 1, minutes: { 0: [1, 1] } } } },
    });
  });

  it('takes any text for a country, none at all included', () => {
    const names = ['', '%', 'U.S.A.', '$', '__proto__', 'constructor', 'Åland'];
    const { countries } = foldAll(countrySales, names.map((name) => placedIn(name))).get('2026-11-22T12:00Z') ?? { countries: {} }; // prettier-ignore
    expect(Object.keys(countries).map(textOf).sort()).toEqual([...names].sort());
    expect(Object.keys(countries).filter((field) => field === '' || /[.$]|^_/.test(field))).toEqual([]);
  });

  it('is not moved by handling', () => {
    expect(foldAll(countrySales, [handled(placed(), '2026-11-22T13:00:00.000Z')]).size).toBe(0);
  });
});
