/**
 * Every order with its status: one document for each, in which the topic orders owns the part `placed` and
 * the topic handled-orders the part `handled`. An order with the part `handled` is HANDLED.
 */
import { draw } from '../backend/domain/draw.ts';
import type { Customer, EventSource, OrderLine } from '../backend/events/events.ts';
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

export interface OrderHandledPart {
  readonly at: string;
  readonly attempt: number;
}

export const orders: MergedProjection = {
  kind: 'merged',
  name: 'orders',
  version: 1,
  topics: ['orders', 'handled-orders'],
  partOf: ({ event, at }) => {
    if (event.type === 'OrderPlaced') {
      const drawn = draw(event.orderId, event.handling);
      const fields: OrderPlacedPart = {
        at: event.at,
        source: event.source,
        customer: event.customer,
        currency: event.currency,
        lines: event.lines,
        total: event.total,
        dueAt: drawn === null ? null : new Date(at + drawn.afterMs).toISOString(),
        fingerprint: event.fingerprint ?? null,
      };
      return { id: event.orderId, part: 'placed', fields: { ...fields } };
    }
    if (event.type === 'OrderHandled') {
      return { id: event.orderId, part: 'handled', fields: { at: event.at, attempt: event.attempt } };
    }
    return null;
  },
};
