/** The to-do list of one partition: orders drawn to be handled that have not been, by when they are due. */
import { draw } from '../domain/draw.ts';
import { sumOf } from '../events/codec.ts';
import type { Customer, EventSource, OrderHandled, OrderId, OrderLine, OrderPlaced } from '../events/events.ts';
import { Heap } from './heap.ts';

/** What is kept of an order: no more than its OrderHandled needs. */
export interface OpenOrder {
  /** When it is to be handled, epoch ms. */
  readonly due: number;
  /** Of the order, in the topic orders. */
  readonly offset: number;
  readonly attempt: number;
  readonly orderId: OrderId;
  readonly placedAt: string;
  readonly source: EventSource;
  readonly customer: Customer;
  readonly currency: string;
  readonly lines: OrderLine[];
}

/** The last instant that four digits of a year can write. */
const INSTANT_MAX = Date.parse('9999-12-31T23:59:59.999Z');

/** The open order that the event makes; null when it was not drawn to be handled. */
export function openOrderOf(event: OrderPlaced, at: number, offset: number): OpenOrder | null {
  const drawn = draw(event.orderId, event.handling);
  if (drawn === null) return null;
  return {
    due: Math.min(INSTANT_MAX, at + drawn.afterMs),
    offset,
    attempt: drawn.attempt,
    orderId: event.orderId,
    placedAt: event.at,
    source: event.source,
    customer: event.customer,
    currency: event.currency,
    lines: event.lines,
  };
}

/**
 * The event that closes an order. What is live is handled now; what is simulated afterwards or imported is
 * handled at the very instant it was due, whenever that is written.
 */
export function handledEvent(order: OpenOrder, now: number): OrderHandled {
  const at = order.source === 'live' ? Math.max(now, order.due) : order.due;
  return {
    type: 'OrderHandled',
    version: 1,
    id: `${order.orderId}/handled`,
    at: new Date(at).toISOString(),
    source: order.source,
    orderId: order.orderId,
    placedAt: order.placedAt,
    attempt: order.attempt,
    customer: order.customer,
    currency: order.currency,
    lines: order.lines,
    total: sumOf(order.lines),
  };
}

/** Taken out of the front of the list at a time, so that taking one does not move all the others. */
const COMPACT_AT = 1_024;

export class OpenOrders {
  readonly #later = new Heap<OpenOrder>((a, b) => a.due < b.due || (a.due === b.due && a.offset < b.offset));
  /** To be handled without waiting, in the order of their offsets. */
  #atOnce: OpenOrder[] = [];
  #taken = 0;

  get size(): number {
    return this.waitingAtOnce + this.#later.size;
  }

  get waitingAtOnce(): number {
    return this.#atOnce.length - this.#taken;
  }

  /** When the next one is due, epoch ms; −Infinity: now; Infinity: nothing is open. */
  get nextDue(): number {
    return this.waitingAtOnce > 0 ? -Infinity : (this.#later.peek()?.due ?? Infinity);
  }

  /** `placedAt`: of the order, epoch ms. Past and future history is written at once; the rest in its own time. */
  add(order: OpenOrder, placedAt: number, now: number): void {
    const atOnce = order.source !== 'live' && (order.due <= now || placedAt > now);
    if (atOnce) this.#atOnce.push(order);
    else this.#later.push(order);
  }

  /** The next order that is due, taken out. */
  take(now: number): OpenOrder | undefined {
    const first = this.#atOnce[this.#taken];
    if (first !== undefined) {
      this.#taken += 1;
      if (this.#taken >= COMPACT_AT) {
        this.#atOnce = this.#atOnce.slice(this.#taken);
        this.#taken = 0;
      }
      return first;
    }
    const next = this.#later.peek();
    return next !== undefined && next.due <= now ? this.#later.pop() : undefined;
  }
}
