/** What was sold of each product in a span of time. */
import { textOf } from '../../projections/field-name.ts';
import type { ProductsSold } from '../../projections/products-sold.ts';
import { QUARTER_MS, quarterOf, startOfQuarter } from '../../projections/quarter.ts';
import { plus, type Sum } from '../domain/exact.ts';
import { boundsOf, type Day } from '../domain/calendar.ts';
import type { FoldedDocument } from '../ports/read-models.ts';
import { collectionFor, type Collections } from './collections.ts';
import {
  byProjection,
  readConsistently,
  sourcesOf,
  type ProjectionPositions,
  type Readable,
} from './consistent-read.ts';

export interface ProductSold {
  readonly productId: string;
  readonly name: string;
  readonly units: Sum;
  /** In minor units. */
  readonly amount: Sum;
}

const MINUTE_MS = 60_000;

interface Tally {
  name: string;
  /** The key of the quarter that the name is from. */
  named: string;
  units: Sum;
  amount: Sum;
}

/** Sums from `from` (inclusive) to `to` (exclusive), both whole minutes, epoch ms; ordered by product id. */
export function productsBetween(documents: readonly FoldedDocument[], from: number, to: number): ProductSold[] {
  const sums = new Map<string, Tally>();
  for (const { key, body } of documents) {
    const start = startOfQuarter(key);
    if (start >= to || start + QUARTER_MS <= from) continue;
    const whole = from <= start && start + QUARTER_MS <= to;
    const { products } = body as unknown as ProductsSold;
    for (const field in products) {
      const sold = products[field];
      if (sold === undefined) continue;
      const inSpan = whole ? ([sold.units, sold.amount] as const) : ofMinutes(sold.minutes, start, from, to);
      if (inSpan !== null) add(sums, field, sold.name, key, ...inSpan);
    }
  }
  return [...sums]
    .map(([field, { name, units, amount }]) => ({ productId: textOf(field), name, units, amount }))
    .sort((a, b) => (a.productId < b.productId ? -1 : 1));
}

/** Null when nothing was sold in any of the minutes. */
function ofMinutes(
  minutes: Readonly<Record<string, readonly [units: Sum, amount: Sum]>>,
  start: number,
  from: number,
  to: number,
): readonly [units: Sum, amount: Sum] | null {
  let sum: [Sum, Sum] | null = null;
  for (const slot in minutes) {
    const minute = start + Number(slot) * MINUTE_MS;
    if (minute < from || minute >= to) continue;
    const [units, amount] = minutes[slot] ?? [0, 0];
    sum = [plus(sum?.[0] ?? 0, units), plus(sum?.[1] ?? 0, amount)];
  }
  return sum;
}

function add(sums: Map<string, Tally>, field: string, name: string, key: string, units: Sum, amount: Sum): void {
  const sum = sums.get(field);
  if (sum === undefined) {
    sums.set(field, { name, named: key, units: plus(0, units), amount: plus(0, amount) });
    return;
  }
  sum.units = plus(sum.units, units);
  sum.amount = plus(sum.amount, amount);
  if (key > sum.named) [sum.name, sum.named] = [name, key];
}

export interface ProductsOfDay {
  readonly day: Day;
  readonly products: readonly ProductSold[];
  readonly positions: ProjectionPositions;
}

export interface ProductsOptions {
  readonly timeZone: string;
  readonly collections: Collections;
  /** Only what was sold by the end of the minute that this instant falls in, epoch ms. */
  readonly until?: number;
}

/** What was sold of each product on a local day. Rejects with UNAVAILABLE. */
export async function readProductsSold(models: Readable, day: Day, options: ProductsOptions): Promise<ProductsOfDay> {
  const { timeZone, collections, until } = options;
  const { from, to } = boundsOf(day, timeZone);
  const { documents, positions } = await readConsistently(models, {
    sold: {
      collection: collectionFor(collections, 'products-sold'),
      sources: sourcesOf('orders'),
      from: quarterOf(from),
      to: quarterOf(to + QUARTER_MS - 1),
    },
  });
  const end = until === undefined ? to : Math.min(to, endOfMinute(until));
  return {
    day,
    products: productsBetween(documents.sold, from, end),
    positions: byProjection(collections, positions),
  };
}

export function endOfMinute(instant: number): number {
  return (Math.floor(instant / MINUTE_MS) + 1) * MINUTE_MS;
}
