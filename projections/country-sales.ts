/** Orders and sales by the customer's country: by minute, in quarters. The worked example of docs/new-projection.md. */
import { plus, type Sum } from '../backend/domain/exact.ts';
import { fieldOf } from './field-name.ts';
import type { FoldedProjection } from './projection.ts';
import { minuteOf, quarterOf } from './quarter.ts';

export interface SalesInCountry {
  orders: number;
  /** In minor units. */
  sales: Sum;
  /** Minute within the quarter (0 to 14) to [orders, sales]. */
  minutes: Record<string, [orders: number, sales: Sum]>;
}

/** Key: a quarter. */
export interface CountrySales {
  /** By country, in the very letters of the order, as a field name (field-name.ts). */
  countries: Record<string, SalesInCountry>;
}

export const countrySales: FoldedProjection<CountrySales> = {
  kind: 'folded',
  name: 'country-sales',
  version: 1,
  topics: ['orders'],
  keysOf: ({ event, at }) => (event.type === 'OrderPlaced' ? [quarterOf(at)] : []),
  initial: () => ({ countries: {} }),
  evolve: (document, { event, at }) => {
    if (event.type !== 'OrderPlaced') return;
    const country = (document.countries[fieldOf(event.customer.country)] ??= { orders: 0, sales: 0, minutes: {} });
    country.orders += 1;
    country.sales = plus(country.sales, event.total);
    const slot = (country.minutes[minuteOf(at)] ??= [0, 0]);
    slot[0] += 1;
    slot[1] = plus(slot[1], event.total);
  },
};
