/** Orders, sales and handled orders by equal spans of time, for charts. */
import { QUARTER_MS, quarterOf, startOfQuarter, type SecondSums } from '../../projections/quarter.ts';
import { addDays, boundsOf, dayOf } from '../domain/calendar.ts';
import { counted, plus, type Sum } from '../domain/exact.ts';
import { ShopError } from '../ports/errors.ts';
import type { FoldedDocument, KeyRange } from '../ports/read-models.ts';
import { collectionFor, type Collections } from './collections.ts';
import {
  byProjection,
  readConsistently,
  sourcesOf,
  type ProjectionPositions,
  type Readable,
} from './consistent-read.ts';

/** Buckets in ms; days are those of the shop's zone, of 23 to 25 hours. */
const LENGTHS_MS = {
  SECOND: 1_000,
  MINUTE: 60_000,
  FIVE_MINUTES: 300_000,
  QUARTER: QUARTER_MS,
  HOUR: 3_600_000,
} as const;

export type BucketName = keyof typeof LENGTHS_MS | 'DAY';

export interface Bucket {
  /** The first instant, and the first one after it, epoch ms. */
  readonly from: number;
  readonly to: number;
  readonly orders: number;
  /** In minor units. */
  readonly sales: Sum;
  readonly handled: number;
}

export interface Series {
  readonly from: number;
  readonly to: number;
  readonly buckets: readonly Bucket[];
  readonly positions: ProjectionPositions;
}

export interface SeriesOptions {
  /** The first instant, epoch ms; rounded down to a whole second (for days: to the local midnight). */
  readonly from: number;
  /** The first instant that is not asked for; the last bucket may reach beyond it. */
  readonly to: number;
  readonly bucket: BucketName;
  readonly timeZone: string;
  readonly collections: Collections;
}

const BUCKETS_MAX = 2_000;
/** A longer span would be some ten thousand documents. */
const SPAN_DAYS_MAX = 8;

/** Reads the sums of each bucket, oldest first. Rejects with BAD_INPUT when it would be too much, or UNAVAILABLE. */
export async function readSeries(models: Readable, options: SeriesOptions): Promise<Series> {
  const edges = edgesOf(options);
  const from = edges[0] ?? 0;
  const to = edges.at(-1) ?? 0;
  const { collections } = options;
  const keys = { from: quarterOf(from), to: quarterOf(to + QUARTER_MS - 1) };
  const rangeOf = (projection: string, topic: 'orders' | 'handled-orders'): KeyRange => ({
    collection: collectionFor(collections, projection),
    sources: sourcesOf(topic),
    ...keys,
  });
  const { documents, positions } = await readConsistently(models, {
    orders: rangeOf('order-counts', 'orders'),
    sales: rangeOf('sales', 'orders'),
    handled: rangeOf('handling', 'handled-orders'),
  });
  const orders = sumsBetween(documents.orders, edges);
  const sales = sumsBetween(documents.sales, edges);
  const handled = sumsBetween(documents.handled, edges);
  const buckets = edges.slice(0, -1).map((start, index) => ({
    from: start,
    to: edges[index + 1] ?? start,
    orders: counted(orders[index] ?? 0),
    sales: sales[index] ?? 0,
    handled: counted(handled[index] ?? 0),
  }));
  return { from, to, buckets, positions: byProjection(collections, positions) };
}

/** Where buckets begin, and where the last one ends. */
function edgesOf({ from, to, bucket, timeZone }: SeriesOptions): number[] {
  if (!(from < to)) throw new ShopError('BAD_INPUT', '`from` must be before `to`');
  if (to - from > SPAN_DAYS_MAX * 86_400_000 + 3_600_000) {
    throw new ShopError('BAD_INPUT', `a series spans at most ${SPAN_DAYS_MAX} days; ask for a shorter one`);
  }
  const edges: number[] = [];
  if (bucket === 'DAY') {
    let day = dayOf(from, timeZone);
    for (edges.push(boundsOf(day, timeZone).from); (edges.at(-1) ?? to) < to; day = addDays(day, 1)) {
      edges.push(boundsOf(day, timeZone).to);
    }
    return edges;
  }
  const length = LENGTHS_MS[bucket];
  const first = Math.floor(from / 1_000) * 1_000;
  const count = Math.ceil((to - first) / length);
  if (count > BUCKETS_MAX) {
    throw new ShopError('BAD_INPUT', `${count} buckets are too many, ${BUCKETS_MAX} at most; ask for longer ones`);
  }
  for (let index = 0; index <= count; index++) edges.push(first + index * length);
  return edges;
}

/** The sum of each bucket. Buckets are found by going along, as a quarter's seconds come in order. */
function sumsBetween(documents: readonly FoldedDocument[], edges: readonly number[]): Sum[] {
  const sums = Array.from({ length: edges.length - 1 }, (): Sum => 0);
  for (const { key, body } of documents) {
    const start = startOfQuarter(key);
    const { total, seconds } = body as unknown as SecondSums;
    let index = bucketAt(edges, start);
    if (index >= 0 && start + QUARTER_MS <= (edges[index + 1] ?? 0)) {
      sums[index] = plus(sums[index] ?? 0, total);
      continue;
    }
    for (const slot in seconds) {
      const instant = start + Number(slot) * 1_000;
      if (instant < (edges[0] ?? 0) || instant >= (edges.at(-1) ?? 0)) continue;
      if (index < 0 || instant < (edges[index] ?? 0) || instant >= (edges[index + 1] ?? 0)) {
        index = bucketAt(edges, instant);
      }
      sums[index] = plus(sums[index] ?? 0, seconds[slot] ?? 0);
    }
  }
  return sums;
}

/** The bucket that an instant falls in; −1 when it is outside of all. */
function bucketAt(edges: readonly number[], instant: number): number {
  let low = 0;
  let high = edges.length - 1;
  if (instant < (edges[0] ?? 0) || instant >= (edges[high] ?? 0)) return -1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (instant < (edges[middle] ?? 0)) high = middle;
    else low = middle;
  }
  return low;
}
