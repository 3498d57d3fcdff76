/**
 * What the shop knows when it begins, or begins again: the stock as its read model has it, and the tails of the
 * topics stock and orders from there to the ends. The caller has fenced every earlier shop before, so that
 * nothing follows those ends but its own.
 */
import { eventsIn } from '../events/record.ts';
import type { ShopEvent } from '../events/events.ts';
import { ShopError } from '../ports/errors.ts';
import type { Bounds, EventLog } from '../ports/event-log.ts';
import type { Logger } from '../ports/logger.ts';
import type { ReadModels } from '../ports/read-models.ts';
import type { EventPosition } from './commands.ts';
import { evolve, initial, type ShopState } from './decide.ts';
import { RECENT_ORDERS_MAX, RECENT_RECEIPTS_MAX } from './limits.ts';
import { positionsOf, type Seen, type ShopTopic } from './positions.ts';
import { Recent, type KnownOrder, type KnownReceipt } from './recent.ts';
import { takeSnapshot } from './snapshot.ts';

/** Projection name to collection name. The shop reads `orders` and `stock`. */
export type ShopCollections = Readonly<Record<string, string>>;

export interface Names {
  readonly orders: string;
  readonly stock: string;
}

/** Throws MISCONFIGURED when one is missing. */
export function namesIn(collections: ShopCollections): Names {
  const { orders, stock } = collections;
  if (orders !== undefined && stock !== undefined) return { orders, stock };
  throw new ShopError('MISCONFIGURED', 'the shop needs the read models orders and stock; name their collections');
}

export interface LoadOptions {
  readonly log: EventLog;
  readonly models: ReadModels;
  readonly logger: Logger;
  /** The log's one currency, ISO 4217. */
  readonly currency: string;
  /** The live collections of the projections that the shop reads, as of now. */
  readonly collections: () => Promise<ShopCollections>;
  readonly recentOrdersMax?: number;
  readonly projectionWaitMaxMs?: number;
}

/** Events whose append had an unknown outcome: which, and after which offsets they would be. */
export interface Search {
  readonly after: Seen;
  readonly eventIds: ReadonlySet<string>;
}

export interface Loaded {
  readonly state: ShopState;
  readonly seen: Seen;
  readonly orders: Recent<KnownOrder>;
  readonly receipts: Recent<KnownReceipt>;
  /** The events searched for that are in the log. */
  readonly found: ReadonlyMap<string, EventPosition>;
}

/**
 * Loads the state. Rejects with LOG_MISMATCH when the read model was made from another log, or when the log
 * has lost what the read model does not hold; with UNAVAILABLE when an engine does not answer.
 */
export async function load(options: LoadOptions, search: Search | null): Promise<Loaded> {
  const { log, models, currency, recentOrdersMax = RECENT_ORDERS_MAX } = options;
  const collections = namesIn(await options.collections());
  const bounds = { stock: await log.bounds('stock'), orders: await log.bounds('orders') };
  const state = initial(currency);
  const snapshot = await takeSnapshot(models, collections.stock, state, options.logger);
  const stored = positionsOf(await models.checkpoints([collections.orders]), 'orders');
  const tails = new Tails(state, snapshot, stored, search, recentOrdersMax);
  const reads: Promise<void>[] = [];
  for (const topic of ['stock', 'orders'] as const) {
    for (const [partition, bound] of bounds[topic].entries()) {
      reads.push(readTail(log, tails, { topic, partition }, bound));
    }
  }
  await Promise.all(reads);
  return tails;
}

async function readTail(
  log: EventLog,
  tails: Tails,
  tp: { readonly topic: ShopTopic; readonly partition: number },
  { low, end }: Bounds,
): Promise<void> {
  const from = tails.from(tp.topic, tp.partition);
  if (from < low || tails.checkpoint(tp.topic, tp.partition) >= end) {
    throw new ShopError(
      'LOG_MISMATCH',
      `${tp.topic}/${tp.partition} holds the offsets ${low} to ${end - 1}, but the stock is known up to ${from - 1}: ` +
        'the log was truncated or made anew; restore it, or rebuild the read models',
    );
  }
  if (from >= end) return;
  for await (const batch of log.read(tp, from, end)) {
    // What cannot be read is a dead letter for everybody; the projectors report it.
    for (const { event, offset } of eventsIn(batch)) tails.take(event, { ...tp, offset });
    const last = batch.records.at(-1);
    if (last !== undefined) tails.sawOffset(tp.topic, tp.partition, last.offset);
    tails.orders.shrink();
    tails.receipts.shrink();
  }
}

/** Folds what comes after the snapshot, and remembers what the read models don't have yet. */
class Tails implements Loaded {
  readonly state: ShopState;
  readonly seen: Seen;
  readonly orders: Recent<KnownOrder>;
  readonly receipts: Recent<KnownReceipt>;
  readonly found = new Map<string, EventPosition>();
  readonly #snapshot: Seen;
  readonly #storedOrders: readonly number[];
  readonly #search: Search | null;

  constructor(
    state: ShopState,
    snapshot: Seen,
    storedOrders: readonly number[],
    search: Search | null,
    recentOrdersMax: number,
  ) {
    this.state = state;
    this.#snapshot = snapshot;
    this.#storedOrders = storedOrders;
    this.#search = search;
    this.seen = { stock: [...snapshot.stock], orders: [...snapshot.orders] };
    this.orders = new Recent(storedOrders, recentOrdersMax);
    this.receipts = new Recent(snapshot.stock, RECENT_RECEIPTS_MAX);
  }

  checkpoint(topic: ShopTopic, partition: number): number {
    return this.#snapshot[topic][partition] ?? -1;
  }

  /**
   * The first offset that somebody wants. A projector may have folded the events that are searched for already,
   * so the search begins where the shop stood before it appended them, whatever the checkpoints say.
   */
  from(topic: ShopTopic, partition: number): number {
    let after = this.checkpoint(topic, partition);
    if (topic === 'orders') after = Math.min(after, this.#storedOrders[partition] ?? -1);
    if (this.#search !== null) after = Math.min(after, this.#search.after[topic][partition] ?? -1);
    return after + 1;
  }

  sawOffset(topic: ShopTopic, partition: number, offset: number): void {
    this.seen[topic][partition] = Math.max(offset, this.seen[topic][partition] ?? -1);
  }

  take(event: ShopEvent, position: EventPosition): void {
    const { partition, offset } = position;
    const topic = position.topic as ShopTopic;
    if (offset > this.checkpoint(topic, partition)) evolve(this.state, event);
    if (event.type === 'OrderPlaced') {
      if (event.fingerprint !== undefined && offset > (this.#storedOrders[partition] ?? -1)) {
        this.orders.add({ id: event.orderId, fingerprint: event.fingerprint, at: event.at, position });
      }
    } else if (event.type === 'StockReceived' && offset > this.checkpoint(topic, partition)) {
      const { id, at, productId, quantity, reason } = event;
      this.receipts.add({ id, at, position, productId, quantity, reason });
    }
    const search = this.#search;
    if (search?.eventIds.has(event.id) === true && offset > (search.after[topic][partition] ?? -1)) {
      this.found.set(event.id, position);
    }
  }
}
