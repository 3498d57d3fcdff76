/**
 * Every order with its status: one document for each, in which the topic orders owns the part `placed` and
 * the topic handled-orders the part `handled`. An order with the part `handled` is HANDLED.
 */
import { draw } from '../backend/domain/draw.ts';
import type { Customer, EventSource, OrderLine, OrderPlaced } from '../backend/events/events.ts';
import type { MergedIndex } from '../backend/ports/read-models.ts';
import type { MergedProjection } from './projection.ts';

export interface OrderPlacedPart {
  readonly at: string;
  readonly source: EventSource;
  readonly customer: Customer;
  readonly currency: string;
  readonly lines: readonly OrderLine[];
  readonly total: number;
  /** When it is to be handled, ISO 8601; null when it was not drawn. */
  readonly dueAt: string | null;
  /** A digest of the request that bore an idempotency key; null without one. */
  readonly fingerprint: string | null;
}

/** What else its OrderHandled says follows from the part `placed`. */
export interface OrderHandledPart {
  readonly at: string;
  readonly attempt: number;
}

export const ORDERS_BY_TIME: MergedIndex = { name: 'time', equals: null, order: 'placed.at' };
export const ORDERS_BY_CUSTOMER: MergedIndex = {
  name: 'customer',
  equals: 'placed.customer.email',
  order: 'placed.at',
};
export const ORDERS_BY_HANDLING: MergedIndex = { name: 'handled', equals: null, order: 'handled.at' };

export const orders: MergedProjection = {
  kind: 'merged',
  name: 'orders',
  version: 1,
  topics: ['orders', 'handled-orders'],
  indexes: [ORDERS_BY_TIME, ORDERS_BY_CUSTOMER, ORDERS_BY_HANDLING],
  partOf: ({ event, at }) => {
    if (event.type === 'OrderPlaced') {
      const drawn = draw(event.orderId, event.handling);
      const fields: OrderPlacedPart = {
        at: event.at,
        source: event.source,
        customer: customerOf(event),
        currency: event.currency,
        lines: linesOf(event),
        total: event.total,
        dueAt: drawn === null ? null : new Date(at + drawn.afterMs).toISOString(),
        fingerprint: event.fingerprint ?? null,
      };
      return { id: event.orderId, part: 'placed', fields: { ...fields } };
    }
    if (event.type === 'OrderHandled') {
      const fields: OrderHandledPart = { at: event.at, attempt: event.attempt };
      return { id: event.orderId, part: 'handled', fields: { ...fields } };
    }
    return null;
  },
};

// Only what is known: what a later version or somebody else's producer added stays in the log.

function customerOf({ customer }: OrderPlaced): Customer {
  const { id, name, email, country } = customer;
  return { id, name, email, country };
}

function linesOf({ lines }: OrderPlaced): OrderLine[] {
  return lines.map(({ productId, name, quantity, unitPrice }) => ({ productId, name, quantity, unitPrice }));
}
