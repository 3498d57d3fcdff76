/** The figures of one local day. */
import { QUARTER_MS, quarterOf } from '../../projections/quarter.ts';
import { boundsOf, type Day } from '../domain/calendar.ts';
import type { Sum } from '../domain/exact.ts';
import type { FoldedDocument, KeyRange } from '../ports/read-models.ts';
import { collectionFor, type Collections } from './collections.ts';
import {
  byProjection,
  readConsistently,
  sourcesOf,
  type ProjectionPositions,
  type Readable,
  type ReadOptions,
} from './consistent-read.ts';
import { productsBetween, type ProductSold } from './products.ts';
import { countOfSeconds, secondAt, sumOfSeconds } from './windows.ts';

export interface DayFigures {
  readonly day: Day;
  /** The day's first instant and that of the day after it, epoch ms. */
  readonly from: number;
  readonly to: number;
  readonly orders: number;
  /** In minor units. */
  readonly sales: Sum;
  /** Orders handled on the day, whenever they were placed. */
  readonly handled: number;
  /** Products sold, ordered by product id. */
  readonly products: readonly ProductSold[];
  readonly positions: ProjectionPositions;
}

export interface DayOptions extends ReadOptions {
  readonly timeZone: string;
  readonly collections: Collections;
}

/** Reads the figures of a local day (days begin and end with whole minutes in every zone in use), ended or not. Rejects with UNAVAILABLE. */
export async function readDay(models: Readable, day: Day, options: DayOptions): Promise<DayFigures> {
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
  const countOfDay = (found: readonly FoldedDocument[]): number =>
    countOfSeconds(found, secondAt(from), secondAt(to - 1));
  return {
    day,
    from,
    to,
    orders: countOfDay(documents.orderCounts),
    sales: sumOfSeconds(documents.sales, secondAt(from), secondAt(to - 1)),
    handled: countOfDay(documents.handled),
    products: productsBetween(documents.productsSold, from, to),
    positions: byProjection(collections, positions),
  };
}
