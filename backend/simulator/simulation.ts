/**
 * The deterministic core of the simulator: from a seed, a span and a catalogue to the commands that the shop
 * gets, in the order of their instants. The same arguments give the same bytes, whenever and wherever.
 */
import { createHash } from 'node:crypto';
import { boundsOf, dayOf } from '../domain/calendar.ts';
import type { EventSource, HandlingPolicy } from '../events/events.ts';
import type { Command, ReceiveStock } from '../shop/commands.ts';
import { arrivalsAtRate, arrivalsByCount } from './arrivals.ts';
import type { Catalogue } from './catalogue.ts';
import { dayCurve, flatCurve } from './day-curve.ts';
import { streamsOf } from './random.ts';
import { Trade, type Delivery } from './trade.ts';

/** How much is sold: an average over the day, or exactly so many orders in the span. */
export type Volume = { readonly ratePerSecond: number } | { readonly orders: number };

export interface SimulationOptions {
  readonly seed: number;
  readonly catalogue: Catalogue;
  readonly currency: string;
  /** Units on sale by product id, of the products that the shop knows; the others are listed and stocked first. */
  readonly available: ReadonlyMap<string, number>;
  /** First instant, epoch ms. */
  readonly from: number;
  /** The instant after the last one, epoch ms; may be Infinity with a rate. */
  readonly to: number;
  readonly volume: Volume;
  readonly timeZone: string;
  readonly handling: HandlingPolicy | null;
  readonly source: EventSource;
  /** The same number of customers at any time of day. */
  readonly flat?: boolean;
  /** Part of every id, so that other simulations never use the same. Derived from everything else when absent. */
  readonly namespace?: string;
}

/**
 * Yields ListProduct and ReceiveStock for what the shop does not know, then PlaceOrder and ReceiveStock as
 * time goes on. Orders bear ids such as `2026-11-22-42-1f0c9a3e-000123`, everything that can bears a key.
 */
export function* simulate(options: SimulationOptions): Generator<Command, void, undefined> {
  const { seed, catalogue, currency, from, to, volume, source, handling } = options;
  const streams = streamsOf(seed);
  const curve = options.flat === true ? flatCurve : dayCurve(options.timeZone);
  const ratePerSecond = averageRate(volume, from, to);
  const trade = new Trade({ seed, streams, catalogue, currency, source, ratePerSecond, handling });
  const namespace = options.namespace ?? namespaceOf(options);
  const numbering = numberingOf(options.timeZone, namespace);
  const deliveries = new Map<string, number>();
  const receive = ({ productId, quantity, at }: Delivery): ReceiveStock => {
    const number = (deliveries.get(productId) ?? 0) + 1;
    deliveries.set(productId, number);
    const key = `restock/${namespace}/${productId}/${number}`;
    return { type: 'ReceiveStock', key, at: iso(at), source, productId, quantity, reason: 'restock' };
  };

  yield* openings(trade, options, namespace);
  const exact = 'orders' in volume;
  const arrivals = exact
    ? arrivalsByCount(streams.arrivals, curve, volume.orders, from, to)
    : arrivalsAtRate(streams.arrivals, curve, volume.ratePerSecond, from, to);
  for (const now of arrivals) {
    for (const delivery of trade.deliveriesBy(now)) yield receive(delivery);
    let order = trade.order(now);
    if (order === null && exact) {
      // The number of orders was promised: the goods that are on their way come early.
      const hurried = trade.hurryDelivery(now);
      if (hurried !== undefined) yield receive(hurried);
      order = trade.order(now);
    }
    if (order === null) continue;
    const orderId = numbering(now);
    yield { ...order, key: orderId, orderId, at: iso(now) };
  }
  for (const delivery of trade.deliveriesBy(to - 1)) yield receive(delivery);
}

/** The average orders a second of a span. */
export function averageRate(volume: Volume, from: number, to: number): number {
  return 'orders' in volume ? (volume.orders * 1_000) / (to - from) : volume.ratePerSecond;
}

function* openings(trade: Trade, options: SimulationOptions, namespace: string): Generator<Command> {
  const at = iso(options.from);
  for (const product of options.catalogue) {
    const { productId } = product;
    const known = options.available.get(productId);
    const { list, receive } = trade.opening(product);
    if (known === undefined) {
      yield { ...list, at };
      if (receive !== null) yield { ...receive, key: `opening/${namespace}/${productId}`, at };
    }
    trade.stocked(productId, known ?? receive?.quantity ?? 0, options.from);
  }
}

/** Gives order ids: the local day, the namespace, and a number that starts at 1 each day. */
function numberingOf(timeZone: string, namespace: string): (now: number) => string {
  let prefix = '';
  let dayEnd = -Infinity;
  let number = 0;
  return (now) => {
    if (now >= dayEnd) {
      const day = dayOf(now, timeZone);
      dayEnd = boundsOf(day, timeZone).to;
      prefix = `${day}-${namespace}-`;
      number = 0;
    }
    number += 1;
    return prefix + String(number).padStart(6, '0');
  };
}

function namespaceOf(options: SimulationOptions): string {
  const all = JSON.stringify({ ...options, available: [...options.available], to: String(options.to) });
  return `${options.seed}-${createHash('sha256').update(all).digest('hex').slice(0, 8)}`;
}

function iso(instant: number): string {
  return new Date(instant).toISOString();
}
