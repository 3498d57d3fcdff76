/** The figures of one local day. */
import { productOf } from '../../projections/field-name.ts';
import type { ProductsSold } from '../../projections/products-sold.ts';
import { QUARTER_MS, quarterOf, startOfQuarter } from '../../projections/quarter.ts';
import { boundsOf, type Day } from '../domain/calendar.ts';
import type { FoldedDocument, KeyRange, ReadModels } from '../ports/read-models.ts';
import { collectionFor, type Collections } from './collections.ts';
import { readConsistently, sourcesOf, type ReadOptions, type TopicPositions } from './consistent-read.ts';
import { byProjection } from './stats.ts';
import { secondAt, sumOfSeconds } from './windows.ts';

export interface ProductOfDay {
  readonly productId: string;
  /** As on the day's last line of the product; of several partitions' the one in the latest quarter. */
  readonly name: string;
  readonly units: number;
  /** In minor units. */
  readonly amount: number;
}

export interface DayFigures {
  readonly day: Day;
  /** The day's first instant and that of the day after it, epoch ms. */
  readonly from: number;
  readonly to: number;
  readonly orders: number;
  /** In minor units. */
  readonly sales: number;
  /** Orders handled on the day, whenever they were placed. */
  readonly handled: number;
  /** Products sold, ordered by product id. */
  readonly products: readonly ProductOfDay[];
  /** Where each projection stands: name, then topic, then partition. */
  readonly positions: Readonly<Record<string, TopicPositions>>;
}

export interface DayOptions extends ReadOptions {
  readonly timeZone: string;
  readonly collections: Collections;
}

const MINUTE_MS = 60_000;

/** Reads the figures of a local day, ended or not. Rejects with UNAVAILABLE. */
export async function readDay(models: ReadModels, day: Day, options: DayOptions): Promise<DayFigures> {
  const { timeZone, collections } = options;
  const { from, to } = boundsOf(day, timeZone);
  const keys = { from: quarterOf(from), to: quarterOf(to + QUARTER_MS - 1) };
  const ofOrders = (projection: string): KeyRange => ({
    collection: collectionFor(collections, projection),
    sources: sourcesOf('orders'),
    ...keys,
  });
  const ranges = {
    orderCounts: ofOrders('order-counts'),
    sales: ofOrders('sales'),
    productsSold: ofOrders('products-sold'),
    handled: { ...ofOrders('handling'), sources: sourcesOf('handled-orders') },
  };
  const { documents, positions } = await readConsistently(models, ranges, options);
  const sumOfDay = (found: readonly FoldedDocument[]): number => sumOfSeconds(found, secondAt(from), secondAt(to - 1));
  return {
    day,
    from,
    to,
    orders: sumOfDay(documents.orderCounts),
    sales: sumOfDay(documents.sales),
    handled: sumOfDay(documents.handled),
    products: productsBetween(documents.productsSold, from, to),
    positions: byProjection(collections, positions),
  };
}

/** Days begin and end with whole minutes in every time zone in use. */
function productsBetween(documents: readonly FoldedDocument[], from: number, to: number): ProductOfDay[] {
  const products = new Map<string, { name: string; named: string; units: number; amount: number }>();
  for (const { key, body } of documents) {
    const start = startOfQuarter(key);
    for (const [field, sold] of Object.entries((body as unknown as ProductsSold).products)) {
      for (const slot in sold.minutes) {
        const minute = start + Number(slot) * MINUTE_MS;
        if (minute < from || minute >= to) continue;
        const [units, amount] = sold.minutes[slot] ?? [0, 0];
        const product = products.get(field) ?? { name: sold.name, named: key, units: 0, amount: 0 };
        products.set(field, product);
        product.units += units;
        product.amount += amount;
        if (key > product.named) [product.name, product.named] = [sold.name, key];
      }
    }
  }
  return [...products]
    .map(([field, { name, units, amount }]) => ({ productId: productOf(field), name, units, amount }))
    .sort((a, b) => (a.productId < b.productId ? -1 : 1));
}
