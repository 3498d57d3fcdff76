/** What was written to customers: one message for each handled order. */
import { ORDERS_BY_HANDLING } from '../../projections/orders.ts';
import type { OrderHandled, OrderId } from '../events/events.ts';
import type { ReadModels } from '../ports/read-models.ts';
import { collectionFor, type Collections } from './collections.ts';
import { orderOf, type Order } from './orders.ts';
import { readPage, type Page, type PageOptions } from './pages.ts';

/** A page of handled orders, those handled last first. Rejects with BAD_INPUT (cursor, count), UNAVAILABLE. */
export function readHandled(models: ReadModels, collections: Collections, options: PageOptions): Promise<Page<Order>> {
  const collection = collectionFor(collections, 'orders');
  return readPage(models, { collection, index: ORDERS_BY_HANDLING, itemOf: orderOf, filters: true }, options);
}

/**
 * The event that closed the order, as the handler writes it, from which its message is composed; null when it is not
 * handled. Name for name what stands in the log, unless the order came from a producer that adds fields of its own:
 * then the message has another MIME boundary, and the same contents.
 */
export function handledEventOf(order: Order): OrderHandled | null {
  const { id, handledAt, attempt, source, placedAt, customer, currency, lines, total } = order;
  if (handledAt === null || attempt === null) return null;
  return {
    type: 'OrderHandled',
    version: 1,
    id: `${id}/handled`,
    at: handledAt,
    source,
    orderId: id as OrderId,
    placedAt,
    attempt,
    customer: { id: customer.id, name: customer.name, email: customer.email, country: customer.country },
    currency,
    lines: lines.map(({ productId, name, quantity, unitPrice }) => ({ productId, name, quantity, unitPrice })),
    total,
  };
}
