/** What each event sets of the merged documents: their parts, as plainly as possible. */
import { draw } from '../domain/draw.ts';
import type { Recorded } from '../events/codec.ts';
import type { TruthTopic } from '../events/topics.ts';

/** One part of one document. */
export interface PartPlace {
  readonly id: string;
  readonly part: string;
}

export interface MergedModel {
  /** The part that an event sets, by the key that it has within its topic; null when it is of no concern. */
  readonly partOf: (recorded: Recorded) => { readonly key: string; readonly body: unknown } | null;
  /** Which part has this key. */
  readonly placeOf: (topic: TruthTopic, key: string) => PartPlace;
  /** The topic that a part belongs to, and its key there; null for a part that there is not. */
  readonly ownerOf: (place: PartPlace) => { readonly topic: TruthTopic; readonly key: string } | null;
}

const TOPIC_OF_PART: Readonly<Record<string, TruthTopic>> = { placed: 'orders', handled: 'handled-orders' };
const PART_OF_TOPIC: Readonly<Record<string, string>> = { orders: 'placed', 'handled-orders': 'handled' };
const REVISION = /^r[1-9]\d*$/;

/** The merged read models by projection name. */
export const MERGED_MODELS: Readonly<Record<string, MergedModel>> = {
  orders: {
    partOf: orderPartOf,
    // Each topic owns one part, so the order's id is enough: of a million orders every letter counts.
    placeOf: (topic, key) => ({ id: key, part: PART_OF_TOPIC[topic] ?? '' }),
    ownerOf: ({ id, part }) => {
      const topic = TOPIC_OF_PART[part];
      return topic === undefined ? null : { topic, key: id };
    },
  },
  'daily-reports': {
    partOf: reportPartOf,
    placeOf: (_, key) => ({ id: key.slice(0, key.indexOf(' ')), part: key.slice(key.indexOf(' ') + 1) }),
    ownerOf: ({ id, part }) => (REVISION.test(part) ? { topic: 'reports', key: `${id} ${part}` } : null),
  },
};

// Fields that nobody here knows, as another producer may add them, are not taken over.

function orderPartOf({ event }: Recorded): { key: string; body: unknown } | null {
  if (event.type === 'OrderHandled') return { key: event.orderId, body: { at: event.at, attempt: event.attempt } };
  if (event.type !== 'OrderPlaced') return null;
  const { orderId, at, source, customer, currency, lines, total, handling, fingerprint } = event;
  const drawn = draw(orderId, handling);
  const dueAt = drawn === null ? null : new Date(Date.parse(at) + drawn.afterMs).toISOString();
  return {
    key: orderId,
    body: {
      at,
      source,
      customer: { id: customer.id, name: customer.name, email: customer.email, country: customer.country },
      currency,
      lines: lines.map((line) => ({
        productId: line.productId,
        name: line.name,
        quantity: line.quantity,
        unitPrice: line.unitPrice,
      })),
      total,
      dueAt,
      fingerprint: fingerprint ?? null,
    },
  };
}

function reportPartOf({ event }: Recorded): { key: string; body: unknown } | null {
  if (event.type !== 'ReportIssued') return null;
  const { day, revision, at, source, timeZone, from, to, currency, orders, sales, handledOrders, positions } = event;
  const products = event.products.map((each) => ({
    productId: each.productId,
    name: each.name,
    units: each.units,
    amount: each.amount,
  }));
  const changes = event.changes.map((each) => ({ what: each.what, before: each.before, after: each.after }));
  const period = { day, timeZone, from, to };
  const figures = { orders, sales, handledOrders, products };
  return {
    key: `${day} r${revision}`,
    body: { at, source, revision, currency, ...period, ...figures, positions, changes },
  };
}
