/**
 * The shop's figures as of an instant. Every window is a run of whole seconds that ends with the instant's
 * own second; "today" begins with the local midnight in the shop's time zone.
 */
import { ALL_TIME } from '../../projections/handling.ts';
import { QUARTER_MS, quarterOf } from '../../projections/quarter.ts';
import { boundsOf, dayOf } from '../domain/calendar.ts';
import type { FoldedDocument, KeyRange, ReadModels } from '../ports/read-models.ts';
import { collectionFor, type Collections } from './collections.ts';
import { readConsistently, sourcesOf, type TopicPositions } from './consistent-read.ts';
import { currencyOf, stockAsOf, stockRanges, type StockBalance } from './stock.ts';
import { AFTER_QUARTERS, secondAt, sumOfSeconds, trailingIntervals } from './windows.ts';

const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3_600;
const INTERVALS = 24;
const INTERVAL_SECONDS = 5 * MINUTE_SECONDS;

/** Counts, and amounts in minor units, with the names that other programs rely on. */
export interface Stats {
  /** The instant that the figures are of, ISO 8601 in UTC. */
  readonly at: string;
  readonly timeZone: string;
  readonly currency: string;
  readonly ordersToday: number;
  readonly salesToday: number;
  readonly salesLastHour: number;
  readonly handledToday: number;
  readonly handledLast5m: number;
  readonly handledLast30m: number;
  readonly handledLast1h: number;
  readonly handledLast2h: number;
  /** The last two hours' count ÷ 24. */
  readonly handledPer5mAverage: number;
  /** 24 intervals of five minutes, oldest first, that trail from the instant. */
  readonly handledPer5m: readonly number[];
  /** Drawn to be handled and placed, and not handled, by the instant. */
  readonly openOrders: number;
  /** Ordered by product id. */
  readonly stock: readonly StockBalance[];
  /** Where each projection stands: name, then topic, then partition. They may differ from each other. */
  readonly positions: Readonly<Record<string, TopicPositions>>;
}

export interface StatsOptions {
  /** The instant, epoch ms. */
  readonly at: number;
  readonly timeZone: string;
  readonly collections: Collections;
  /** The log's currency; what the listed products say goes before it. */
  readonly currency: string;
}

type StatsRange = 'orderCounts' | 'sales' | 'drawn' | 'handled' | 'totals' | 'products' | 'movements';

/**
 * Reads the figures as of `at`, with what is known now: orders that came in late count where they belong.
 *
 * Exact to the second; the stock to the minute: movements of the minute that `at` falls in are in, later
 * ones are not. Products listed after `at` are there, with what they had then. Until anything has been
 * folded all figures are 0 and the stock is empty.
 *
 * Limits: what was sold may have been folded before what was received, so that for a moment a balance can
 * be too low (waiting for the stock position that the orders were decided on is not done here). An instant
 * in the past costs a look at every quarter since. Rejects with UNAVAILABLE.
 */
export async function readStats(models: ReadModels, options: StatsOptions): Promise<Stats> {
  const { at, timeZone, collections } = options;
  const read = await readConsistently(models, statsRanges(options));
  const { orderCounts, sales, drawn, handled, totals, products, movements } = read.documents;
  const last = secondAt(at);
  const midnight = secondAt(boundsOf(dayOf(at, timeZone), timeZone).from);
  const handledIn = (seconds: number): number => sumOfSeconds(handled, last - seconds + 1, last);
  const handledLast2h = handledIn(2 * HOUR_SECONDS);
  return {
    at: new Date(at).toISOString(),
    timeZone,
    currency: currencyOf(products) ?? options.currency,
    ordersToday: sumOfSeconds(orderCounts, midnight, last),
    salesToday: sumOfSeconds(sales, midnight, last),
    salesLastHour: sumOfSeconds(sales, last - HOUR_SECONDS + 1, last),
    handledToday: sumOfSeconds(handled, midnight, last),
    handledLast5m: handledIn(INTERVAL_SECONDS),
    handledLast30m: handledIn(30 * MINUTE_SECONDS),
    handledLast1h: handledIn(HOUR_SECONDS),
    handledLast2h,
    handledPer5mAverage: handledLast2h / INTERVALS,
    handledPer5m: trailingIntervals(handled, last, INTERVALS, INTERVAL_SECONDS),
    openOrders: openAsOf(totals, drawn, handled, last),
    stock: stockAsOf(products, movements, at),
    positions: byProjection(collections, read.positions),
  };
}

function statsRanges({ at, timeZone, collections }: StatsOptions): Record<StatsRange, KeyRange> {
  const { from: midnight } = boundsOf(dayOf(at, timeZone), timeZone);
  const orders = sourcesOf('orders');
  const handledOrders = sourcesOf('handled-orders');
  const handling = collectionFor(collections, 'handling');
  const since = (seconds: number): string => quarterOf(Math.min(midnight, at - seconds * 1_000));
  const through = quarterOf(at + QUARTER_MS);
  return {
    orderCounts: {
      collection: collectionFor(collections, 'order-counts'),
      sources: orders,
      from: quarterOf(midnight),
      to: through,
    },
    sales: {
      collection: collectionFor(collections, 'sales'),
      sources: orders,
      from: since(HOUR_SECONDS),
      to: through,
    },
    // What came later than the instant is taken off the totals of all time, so it is read to the end.
    drawn: { collection: handling, sources: orders, from: quarterOf(at), to: AFTER_QUARTERS },
    handled: { collection: handling, sources: handledOrders, from: since(2 * HOUR_SECONDS), to: AFTER_QUARTERS },
    totals: {
      collection: handling,
      sources: [...orders, ...handledOrders],
      from: ALL_TIME,
      to: `${ALL_TIME}\0`,
    },
    ...stockRanges(collectionFor(collections, 'stock'), at),
  };
}

/** Never below 0: an order's handling may have been folded before the order itself. */
function openAsOf(
  totals: readonly FoldedDocument[],
  drawn: readonly FoldedDocument[],
  handled: readonly FoldedDocument[],
  last: number,
): number {
  let open = sumOfSeconds(handled, last + 1, Infinity) - sumOfSeconds(drawn, last + 1, Infinity);
  for (const { topic, body } of totals) open += (topic === 'orders' ? 1 : -1) * Number(body['total']);
  return Math.max(0, open);
}

/** Positions by projection name instead of collection name. */
export function byProjection(
  collections: Collections,
  positions: Readonly<Record<string, TopicPositions>>,
): Record<string, TopicPositions> {
  const named: Record<string, TopicPositions> = {};
  for (const [projection, collection] of Object.entries(collections)) {
    const known = positions[collection];
    if (known !== undefined) named[projection] = known;
  }
  return named;
}
