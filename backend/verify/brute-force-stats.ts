/**
 * The shop's figures by brute force: every event of the log, looked at one by one, against the definition of
 * each figure. The judge of what the read models answer.
 */
import { draw } from '../domain/draw.ts';
import type { Recorded } from '../events/codec.ts';
import type { OrderHandled, OrderPlaced, ProductListed, StockReceived } from '../events/events.ts';
import type { TruthTopic } from '../events/topics.ts';
import type { EventLog } from '../ports/event-log.ts';
import { readRecorded } from './records.ts';

/** As readStats has them, but for the positions. */
export interface BruteForceStats {
  readonly at: string;
  readonly timeZone: string;
  readonly currency: string;
  readonly ordersToday: number;
  /** `beyond` where it is more than a number holds exactly. */
  readonly salesToday: number | 'beyond';
  readonly salesLastHour: number | 'beyond';
  readonly handledToday: number;
  readonly handledLast5m: number;
  readonly handledLast30m: number;
  readonly handledLast1h: number;
  readonly handledLast2h: number;
  readonly handledPer5mAverage: number;
  readonly handledPer5m: readonly number[];
  readonly openOrders: number;
  readonly stock: readonly BruteForceStock[];
}

export interface BruteForceStock {
  readonly productId: string;
  readonly name: string;
  readonly balance: number;
  readonly category: string;
  readonly price: number | null;
  readonly opening: number;
  readonly soldToday: number;
}

export interface BruteForceOptions {
  /** The instant, epoch ms. */
  readonly at: number;
  readonly timeZone: string;
  /** When the log does not say. */
  readonly currency?: string;
}

const MINUTES = 60;
const MINUTE_MS = 60_000;
const LONGEST_DAY_MS = 26 * 3_600_000;
const INTERVAL_SECONDS = 300;
const INTERVALS = 24;

type Of<E> = Omit<Recorded, 'event'> & { readonly event: E };

/**
 * Reads the whole log up to its ends, into memory. An event belongs to the second of its `at`; a window of n
 * seconds holds the n seconds that end with the instant's own; stock movements count by whole minutes.
 */
export async function bruteForceStats(log: EventLog, options: BruteForceOptions): Promise<BruteForceStats> {
  const { at, timeZone } = options;
  const placed = (await readAll(log, 'orders')) as Of<OrderPlaced>[];
  const handled = (await readAll(log, 'handled-orders')) as Of<OrderHandled>[];
  const goods = (await readAll(log, 'stock')) as Of<ProductListed | StockReceived>[];
  const settings = (await readAll(log, 'settings')).map(({ event }) => event);
  const created = settings.find((event) => event.type === 'LogCreated');
  const listed = goods.map(({ event }) => event).find((event) => event.type === 'ProductListed');

  const now = Math.floor(at / 1_000);
  const secondOf = (each: { readonly at: number }): number => Math.floor(each.at / 1_000);
  /** In the `seconds` that end `ago` seconds before the instant's own second, which is in when `ago` is 0. */
  const within =
    (seconds: number, ago = 0) =>
    (each: { readonly at: number }): boolean =>
      secondOf(each) <= now - ago && secondOf(each) > now - ago - seconds;
  const today = isOnDayOf(at, timeZone);
  const handledWithin = (seconds: number): number => handled.filter(within(seconds)).length;
  const salesOf = (some: readonly Of<OrderPlaced>[]): number | 'beyond' => {
    const sum = some.reduce((before, { event }) => before + BigInt(event.total), 0n);
    return sum > BigInt(Number.MAX_SAFE_INTEGER) ? 'beyond' : Number(sum);
  };
  const handledLast2h = handledWithin(120 * MINUTES);
  return {
    at: new Date(at).toISOString(),
    timeZone,
    currency: created?.currency ?? listed?.currency ?? options.currency ?? 'SEK',
    ordersToday: placed.filter(today).length,
    salesToday: salesOf(placed.filter(today)),
    salesLastHour: salesOf(placed.filter(within(60 * MINUTES))),
    handledToday: handled.filter(today).length,
    handledLast5m: handledWithin(5 * MINUTES),
    handledLast30m: handledWithin(30 * MINUTES),
    handledLast1h: handledWithin(60 * MINUTES),
    handledLast2h,
    handledPer5mAverage: handledLast2h / INTERVALS,
    handledPer5m: Array.from(
      { length: INTERVALS },
      (_, index) => handled.filter(within(INTERVAL_SECONDS, (INTERVALS - 1 - index) * INTERVAL_SECONDS)).length,
    ),
    openOrders: openOrdersAt(now, placed, handled),
    stock: stockAt(at, timeZone, goods, placed),
  };
}

/** Whether something falls on the instant's local day, and not after the instant's own second. */
function isOnDayOf(at: number, timeZone: string): (each: { readonly at: number }) => boolean {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  const now = Math.floor(at / 1_000);
  // Minute by minute back through a time that no local day is longer than: where a clock went back over midnight, the
  // latest date that was shown is the day's, and its first minute the day's.
  let day = format.format(at);
  let from = at;
  for (let minute = Math.floor(at / MINUTE_MS) * MINUTE_MS; minute > at - LONGEST_DAY_MS; minute -= MINUTE_MS) {
    const shown = format.format(minute);
    if (shown < day) continue;
    day = shown;
    from = minute;
  }
  return (each) => each.at >= from && Math.floor(each.at / 1_000) <= now;
}

/** Orders that were drawn to be handled and placed by then, and not handled by then. */
function openOrdersAt(now: number, placed: readonly Of<OrderPlaced>[], handled: readonly Of<OrderHandled>[]): number {
  const past = (each: { readonly at: number }): boolean => Math.floor(each.at / 1_000) <= now;
  const done = new Set(handled.filter(past).map(({ event }) => event.orderId));
  return placed
    .filter(past)
    .filter(({ event }) => draw(event.orderId, event.handling) !== null)
    .filter(({ event }) => !done.has(event.orderId)).length;
}

/** Every product that was listed, received or sold at any time; what moved after the minute is not in. */
function stockAt(
  at: number,
  timeZone: string,
  goods: readonly Of<ProductListed | StockReceived>[],
  placed: readonly Of<OrderPlaced>[],
): BruteForceStock[] {
  const balances = new Map<string, number>();
  const openings = new Map<string, number>();
  const sold = new Map<string, number>();
  const listings = new Map<string, ProductListed>();
  // Of the day's minutes, those up to the instant's own, which is in as a whole.
  const soldBy = isOnDayOf(Math.floor(at / MINUTE_MS) * MINUTE_MS + MINUTE_MS - 1, timeZone);
  const add = (to: Map<string, number>, id: string, units: number): unknown => to.set(id, (to.get(id) ?? 0) + units);
  const inTime = (each: { readonly at: number }): number =>
    Math.floor(each.at / MINUTE_MS) <= Math.floor(at / MINUTE_MS) ? 1 : 0;
  for (const each of goods) {
    const { event } = each;
    add(balances, event.productId, event.type === 'StockReceived' ? event.quantity * inTime(each) : 0);
    if (event.type === 'ProductListed') listings.set(event.productId, event);
    else if (event.reason === 'initial') add(openings, event.productId, event.quantity);
  }
  for (const each of placed) {
    const today = soldBy(each);
    for (const { productId, quantity } of each.event.lines) {
      add(balances, productId, 0 - quantity * inTime(each));
      if (today) add(sold, productId, quantity);
    }
  }
  return [...balances]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([productId, balance]) => {
      const listing = listings.get(productId);
      return {
        productId,
        name: listing?.name ?? productId,
        balance,
        category: listing?.category ?? '',
        price: listing?.price ?? null,
        opening: openings.get(productId) ?? 0,
        soldToday: sold.get(productId) ?? 0,
      };
    });
}

async function readAll(log: EventLog, topic: TruthTopic): Promise<Recorded[]> {
  const all: Recorded[] = [];
  for (const [partition, { low, end }] of (await log.bounds(topic)).entries()) {
    for await (const events of readRecorded(log, { topic, partition }, low, end)) {
      for (const recorded of events) all.push(recorded);
    }
  }
  return all;
}
