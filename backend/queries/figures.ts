/**
 * The shop's figures as of an instant, each from the few documents that it needs. Every window is a run of
 * whole seconds that ends with the instant's own second; "today" begins with the local midnight in the
 * shop's time zone.
 */
import { ALL_TIME, type Handling } from '../../projections/handling.ts';
import { QUARTER_MS, quarterOf } from '../../projections/quarter.ts';
import { boundsOf, dayOf } from '../domain/calendar.ts';
import { counted, type Sum } from '../domain/exact.ts';
import { systemClock } from '../ports/clock.ts';
import type { FoldedDocument, KeyRange } from '../ports/read-models.ts';
import { collectionFor, type Collections } from './collections.ts';
import {
  byProjection,
  readConsistently,
  sourcesOf,
  type ProjectionPositions,
  type Readable,
} from './consistent-read.ts';
import { isReceived, stockRanges } from './stock.ts';
import { AFTER_QUARTERS, countOfSeconds, secondAt, sumOfSeconds, trailingCounts } from './windows.ts';

const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3_600;
const INTERVALS = 24;
const INTERVAL_SECONDS = 5 * MINUTE_SECONDS;
/** Together half a second: a delivery that is not folded by then belongs to a projector that is away. */
const STOCK_TRIES_MAX = 25;
const STOCK_PAUSE_MS = 20;

export interface FigureOptions {
  /** The instant, epoch ms. */
  readonly at: number;
  readonly timeZone: string;
  readonly collections: Collections;
  /** What lets newer documents in, between two looks at a stock that is not ready; none when the store itself is read. */
  readonly renew?: () => Promise<unknown>;
}

/** The documents that figures are made of. */
export type RangeName =
  'orderCounts' | 'sales' | 'drawn' | 'handled' | 'totals' | 'products' | 'movements' | 'soldToday';

export type Documents<K extends RangeName = RangeName> = Readonly<Record<K, readonly FoldedDocument[]>>;

/** The instant in seconds, and the second that its day began with. */
export interface Moment {
  readonly last: number;
  readonly midnight: number;
}

export interface Reading<T> {
  readonly value: T;
  readonly positions: ProjectionPositions;
}

/**
 * Reads what is needed for a figure and works it out. What was sold may have been folded before what was received; so
 * a stock waits, for half a second at the most, for the deliveries that its orders were decided on. Rejects with
 * UNAVAILABLE.
 */
export async function readFigure<K extends RangeName, T>(
  models: Readable,
  options: FigureOptions,
  needs: readonly K[],
  workOut: (documents: Documents<K>, moment: Moment) => T,
): Promise<Reading<T>> {
  const all = rangesOf(options);
  const ranges = Object.fromEntries(needs.map((name) => [name, all[name]])) as Record<K, KeyRange>;
  const { collections, renew } = options;
  for (let tries = 1; ; tries++) {
    const { documents, positions } = await readConsistently(models, ranges);
    const standing = byProjection(collections, positions);
    const { products = [] }: Partial<Documents> = documents;
    if (tries === STOCK_TRIES_MAX || isReceived(products, standing['stock']?.stock ?? [])) {
      return { value: workOut(documents, momentOf(options)), positions: standing };
    }
    await systemClock.until(systemClock.now() + STOCK_PAUSE_MS);
    await renew?.();
  }
}

function momentOf({ at, timeZone }: Pick<FigureOptions, 'at' | 'timeZone'>): Moment {
  return { last: secondAt(at), midnight: secondAt(boundsOf(dayOf(at, timeZone), timeZone).from) };
}

export const ordersToday = ({ orderCounts }: Documents<'orderCounts'>, { last, midnight }: Moment): number =>
  countOfSeconds(orderCounts, midnight, last);

export const salesToday = ({ sales }: Documents<'sales'>, { last, midnight }: Moment): Sum =>
  sumOfSeconds(sales, midnight, last);

export const salesLastHour = ({ sales }: Documents<'sales'>, { last }: Moment): Sum =>
  sumOfSeconds(sales, last - HOUR_SECONDS + 1, last);

export const handledToday = ({ handled }: Documents<'handled'>, { last, midnight }: Moment): number =>
  countOfSeconds(handled, midnight, last);

/** The handling monitor: counts of handled orders. */
export interface HandledWindows {
  readonly handledToday: number;
  readonly handledLast5m: number;
  readonly handledLast30m: number;
  readonly handledLast1h: number;
  readonly handledLast2h: number;
  /** The last two hours' count ÷ 24. */
  readonly handledPer5mAverage: number;
  /** 24 intervals of five minutes, oldest first, that trail from the instant. */
  readonly handledPer5m: readonly number[];
}

export function handledWindows(documents: Documents<'handled'>, moment: Moment): HandledWindows {
  const { handled } = documents;
  const { last } = moment;
  const within = (seconds: number): number => countOfSeconds(handled, last - seconds + 1, last);
  const handledLast2h = within(2 * HOUR_SECONDS);
  return {
    handledToday: handledToday(documents, moment),
    handledLast5m: within(INTERVAL_SECONDS),
    handledLast30m: within(30 * MINUTE_SECONDS),
    handledLast1h: within(HOUR_SECONDS),
    handledLast2h,
    handledPer5mAverage: handledLast2h / INTERVALS,
    handledPer5m: trailingCounts(handled, last, INTERVALS, INTERVAL_SECONDS),
  };
}

/**
 * Orders that were drawn to be handled and placed, and not handled, by the instant: those of all time less
 * what came later. Never below 0: an order's handling may have been folded before the order itself.
 */
export function openOrders(
  { totals, drawn, handled }: Documents<'totals' | 'drawn' | 'handled'>,
  { last }: Moment,
): number {
  let open = countOfSeconds(handled, last + 1, Infinity) - countOfSeconds(drawn, last + 1, Infinity);
  for (const { topic, body } of totals)
    open += (topic === 'orders' ? 1 : -1) * counted((body as unknown as Handling).total);
  return Math.max(0, open);
}

function rangesOf({ at, timeZone, collections }: FigureOptions): Record<RangeName, KeyRange> {
  const { from: midnight } = boundsOf(dayOf(at, timeZone), timeZone);
  const orders = sourcesOf('orders');
  const handledOrders = sourcesOf('handled-orders');
  const handling = collectionFor(collections, 'handling');
  const since = (seconds: number): string => quarterOf(Math.min(midnight, at - seconds * 1_000));
  const today = { sources: orders, from: quarterOf(midnight), to: quarterOf(at + QUARTER_MS) };
  return {
    orderCounts: { collection: collectionFor(collections, 'order-counts'), ...today },
    sales: { collection: collectionFor(collections, 'sales'), ...today, from: since(HOUR_SECONDS) },
    soldToday: { collection: collectionFor(collections, 'products-sold'), ...today },
    // What came later than the instant is taken off the totals of all time, so it is read to the end.
    drawn: { collection: handling, sources: orders, from: quarterOf(at), to: AFTER_QUARTERS },
    handled: { collection: handling, sources: handledOrders, from: since(2 * HOUR_SECONDS), to: AFTER_QUARTERS },
    totals: { collection: handling, sources: [...orders, ...handledOrders], from: ALL_TIME, to: `${ALL_TIME}\0` },
    ...stockRanges(collectionFor(collections, 'stock'), at),
  };
}
