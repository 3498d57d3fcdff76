/** Orders, one by one and in lists, newest first. */
import {
  ORDERS_BY_CUSTOMER,
  ORDERS_BY_TIME,
  type OrderHandledPart,
  type OrderPlacedPart,
} from '../../projections/orders.ts';
import type { Customer, EventSource, OrderLine } from '../events/events.ts';
import type { MergedDocument, ReadModels } from '../ports/read-models.ts';
import { collectionFor, type Collections } from './collections.ts';
import { readPage, type Page, type PageOptions } from './pages.ts';

export type OrderStatus = 'PLACED' | 'HANDLED';

/** Instants are ISO 8601 in UTC with milliseconds, amounts in minor units. */
export interface Order {
  readonly id: string;
  readonly status: OrderStatus;
  readonly placedAt: string;
  /** When it is to be handled; null when it was not drawn. */
  readonly dueAt: string | null;
  /** Null until it is handled. */
  readonly handledAt: string | null;
  /** The attempt that handled it, from 1; null until then. */
  readonly attempt: number | null;
  /** Where its OrderHandled lies in its partition of handled-orders; null until then. */
  readonly handledPosition: number | null;
  readonly source: EventSource;
  readonly customer: Customer;
  readonly currency: string;
  readonly total: number;
  readonly lines: readonly (OrderLine & { readonly amount: number })[];
}

/** Of all that are given, orders have to meet every one. */
export interface OrdersOptions extends PageOptions {
  readonly status?: OrderStatus;
  /** An e-mail address, in the very letters of the order. */
  readonly customer?: string;
  /** Placed at or after this instant, and before that one; as orders have it, "2026-11-22T14:05:07.123Z". */
  readonly from?: string;
  readonly to?: string;
}

/** The order; null while it is not (yet) in the read model. Rejects with UNAVAILABLE. */
export async function readOrder(models: ReadModels, collections: Collections, id: string): Promise<Order | null> {
  const [order] = await readOrdersById(models, collections, [id]);
  return order ?? null;
}

/** The orders with these ids, in no order; what is not in the read model is left out. Rejects with UNAVAILABLE. */
export async function readOrdersById(
  models: ReadModels,
  collections: Collections,
  ids: readonly string[],
): Promise<Order[]> {
  const found = await models.merged(collectionFor(collections, 'orders'), ids);
  return found.flatMap((document) => orderOf(document) ?? []);
}

/**
 * A page of orders by when they were placed, newest first. Rejects with BAD_INPUT (cursor, count), UNAVAILABLE.
 *
 * With a status, a page looks at 2,000 orders at the most: it may be shorter than asked for, and still have a next.
 */
export function readOrders(models: ReadModels, collections: Collections, options: OrdersOptions): Promise<Page<Order>> {
  const { status, customer, from, to } = options;
  return readPage(
    models,
    {
      collection: collectionFor(collections, 'orders'),
      index: customer === undefined ? ORDERS_BY_TIME : ORDERS_BY_CUSTOMER,
      ...(customer === undefined ? {} : { equals: customer }),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      itemOf: (document) => {
        const order = orderOf(document);
        return status === undefined || order?.status === status ? order : null;
      },
      filters: status !== undefined,
    },
    options,
  );
}

/** Null until the part `placed` is there: handling may be folded first. */
export function orderOf({ id, parts }: MergedDocument): Order | null {
  const placed = parts['placed']?.fields as OrderPlacedPart | undefined;
  if (placed === undefined) return null;
  const handled = parts['handled']?.fields as OrderHandledPart | undefined;
  const { at, dueAt, source, customer, currency, total, lines } = placed;
  return {
    id,
    status: handled === undefined ? 'PLACED' : 'HANDLED',
    placedAt: at,
    dueAt,
    handledAt: handled?.at ?? null,
    attempt: handled?.attempt ?? null,
    handledPosition: parts['handled']?.position ?? null,
    source,
    customer,
    currency,
    total,
    lines: lines.map((line) => ({ ...line, amount: line.quantity * line.unitPrice })),
  };
}
