/** How far the mails of handled orders got with the mail server. */
import {
  DELIVERY_COLLECTION,
  DELIVERY_META,
  PUT_ASIDE_COLLECTION,
  PUT_ASIDE_INDEX,
  putAsideId,
  putAsideOf,
  recipientsOf,
  type PutAside,
} from '../mailer/put-aside.ts';
import { partitionOf } from '../events/topics.ts';
import type { ReadModels } from '../ports/read-models.ts';
import type { Order } from './orders.ts';
import { readPage, type Page, type PageOptions } from './pages.ts';

/** `queued`: the mailer has not come to it yet. */
export type DeliveryState = 'queued' | 'waiting' | 'delivered' | 'given-up';

/** A mail to one recipient. Of what was not put aside (any more), nothing else is known than its state. */
export interface Delivery {
  readonly orderId: string;
  readonly to: string;
  readonly state: DeliveryState;
  readonly putAside: PutAside | null;
}

/**
 * For each recipient of an order's mail, how far it got; none while the order is not handled, and where nothing is to
 * be sent: no mail server was ever given, or only later, or the order is of history. Rejects with UNAVAILABLE.
 */
export async function readDeliveries(models: ReadModels, order: Order): Promise<Delivery[]> {
  const { id: orderId, handledPosition, source, customer } = order;
  if (handledPosition === null || source !== 'live') return [];
  const began = await models.getMeta(DELIVERY_META);
  const partition = partitionOf(orderId);
  const since = (began?.['since'] as readonly number[] | undefined)?.[partition] ?? -1;
  if (began === null || handledPosition <= since) return [];
  // The checkpoint comes first: read last, it would make what is put aside in between seem delivered.
  const checkpoints = await models.checkpoints([DELIVERY_COLLECTION]);
  const reached = checkpoints.find((each) => each.partition === partition)?.position ?? -1;
  const recipients = recipientsOf(customer.email);
  const ids = recipients.map((_, recipient) => putAsideId({ orderId, recipient }));
  const found = await models.merged(PUT_ASIDE_COLLECTION, ids);
  return recipients.map((to, recipient) => {
    const document = found.find(({ id }) => id === ids[recipient]);
    const putAside = document === undefined ? null : putAsideOf(document);
    const state = putAside?.state ?? (handledPosition <= reached ? 'delivered' : 'queued');
    return { orderId, to, state, putAside };
  });
}

/**
 * A page of the mails that are put aside, those that are retried latest first, or those given up last first. Rejects
 * with BAD_INPUT (cursor, count), UNAVAILABLE.
 */
export function readUndelivered(
  models: ReadModels,
  state: PutAside['state'],
  options: PageOptions,
): Promise<Page<PutAside>> {
  const list = { collection: PUT_ASIDE_COLLECTION, index: PUT_ASIDE_INDEX, equals: state };
  return readPage(models, { ...list, itemOf: putAsideOf, filters: false }, options);
}
