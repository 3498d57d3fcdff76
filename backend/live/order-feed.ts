/**
 * Orders as they are placed and handled: the newest changes, numbered. Changes come from the log, and are shown
 * when the read model of orders has them, so that whoever is told of an order finds it there, too.
 */
import type { Recorded } from '../events/codec.ts';
import { eventsIn } from '../events/record.ts';
import type { Topic } from '../events/topics.ts';
import type { ReadModelUpdate } from '../ports/announcements.ts';
import type { EventLog, Subscription } from '../ports/event-log.ts';
import type { ReadModels } from '../ports/read-models.ts';
import { collectionFor, type Collections } from '../queries/collections.ts';
import { readOrders, readOrdersById, type Order } from '../queries/orders.ts';

export type OrderChangeKind = 'PLACED' | 'HANDLED';

export interface OrderChange {
  readonly kind: OrderChangeKind;
  /** As it is now, which may be later than the change. */
  readonly order: Order;
}

/**
 * The newest changes, oldest first, numbered `first` to `last` without gaps. Whoever saw changes up to n and now
 * gets `first` > n + 1 has missed those in between.
 */
export interface OrderFeedFrame {
  readonly first: number;
  readonly last: number;
  /** Changes since the frame before that are not listed, as there were too many. */
  readonly skipped: number;
  readonly changes: readonly OrderChange[];
}

interface Pending {
  readonly kind: OrderChangeKind;
  readonly orderId: string;
  readonly at: number;
  readonly topic: Topic;
  readonly partition: number;
  readonly offset: number;
}

/** Changes in a frame. */
const LISTED_MAX = 30;
/** Changes that wait for the read model; of more the oldest are only counted. */
const PENDING_MAX = 20_000;

export interface OrderFeedOptions {
  readonly log: EventLog;
  readonly models: ReadModels;
  readonly collections: () => Promise<Collections>;
  /** A consumer group of this process alone: every API process sees every change. */
  readonly group: string;
  /** There are changes that no frame has shown. */
  readonly onChange: () => void;
  readonly onFailure: (error: unknown) => void;
}

export class OrderFeed {
  readonly #options: OrderFeedOptions;
  #subscription: Promise<Subscription> | null = null;
  #pending: Pending[] = [];
  #dropped = 0;
  #listed: { readonly kind: OrderChangeKind; readonly orderId: string }[] = [];
  #last = 0;
  #isFirst = true;

  constructor(options: OrderFeedOptions) {
    this.#options = options;
  }

  /** Begins to follow the log; the first frame then shows the newest orders there are. */
  start(): void {
    if (this.#subscription !== null) return;
    const { log, group, onChange, onFailure } = this.#options;
    this.#isFirst = true;
    this.#subscription = log.subscribe({
      group,
      topics: ['orders', 'handled-orders'],
      assigned: async ({ topic, partition }) => (await log.bounds(topic))[partition]?.end ?? 0,
      revoked: () => {},
      batch: (batch) => {
        for (const recorded of eventsIn(batch)) this.#take(recorded);
        if (this.#pending.length > 0) onChange();
        return Promise.resolve();
      },
    });
    this.#subscription.then((subscription) => subscription.ended).catch(onFailure);
  }

  /** Stops following, and forgets what was seen but for the numbers. */
  async stop(): Promise<void> {
    const subscription = this.#subscription;
    this.#subscription = null;
    this.#pending = [];
    this.#listed = [];
    await subscription?.then(
      (each) => each.stop(),
      () => {},
    );
  }

  /** Whether an announcement is of the orders. */
  concerns(updates: readonly ReadModelUpdate[]): boolean {
    return this.#pending.length > 0 && updates.some(({ keys }) => keys?.length === 0 || keys === null);
  }

  #take({ event, at, topic, partition, offset }: Recorded): void {
    if (event.type !== 'OrderPlaced' && event.type !== 'OrderHandled') return;
    const kind = event.type === 'OrderPlaced' ? 'PLACED' : 'HANDLED';
    this.#pending.push({ kind, orderId: event.orderId, at, topic, partition, offset });
    if (this.#pending.length > PENDING_MAX) {
      this.#dropped += this.#pending.length - PENDING_MAX / 2;
      this.#pending = this.#pending.slice(-PENDING_MAX / 2);
    }
  }

  /** The next frame; null when nothing has changed. Rejects with UNAVAILABLE. */
  async look(): Promise<OrderFeedFrame | null> {
    const collections = await this.#options.collections();
    if (this.#isFirst) return this.#present(collections);
    if (this.#pending.length === 0) return null;
    const folded = await this.#folded(collectionFor(collections, 'orders'));
    if (folded.length === 0) return null;
    folded.sort((a, b) => a.at - b.at);
    this.#last += folded.length + this.#dropped;
    const skipped = Math.max(0, folded.length - LISTED_MAX) + this.#dropped;
    this.#dropped = 0;
    this.#listed = [...(skipped > 0 ? [] : this.#listed), ...folded].slice(-LISTED_MAX);
    return this.#frame(collections, skipped);
  }

  /** The newest orders, as if they had just come. */
  async #present(collections: Collections): Promise<OrderFeedFrame> {
    const { items } = await readOrders(this.#options.models, collections, { first: LISTED_MAX });
    this.#isFirst = false;
    const newest = items.map(({ item }) => item).reverse();
    this.#listed = newest.map(({ id }) => ({ kind: 'PLACED' as const, orderId: id }));
    this.#last += newest.length;
    return this.#frame(collections, 0);
  }

  async #frame(collections: Collections, skipped: number): Promise<OrderFeedFrame> {
    const ids = [...new Set(this.#listed.map(({ orderId }) => orderId))];
    const orders = new Map(
      (await readOrdersById(this.#options.models, collections, ids)).map((order) => [order.id, order]),
    );
    const changes = this.#listed.flatMap(({ kind, orderId }) => {
      const order = orders.get(orderId);
      return order === undefined ? [] : [{ kind, order }];
    });
    return { first: this.#last - changes.length + 1, last: this.#last, skipped, changes };
  }

  /** Takes out what the read model has by now. */
  async #folded(collection: string): Promise<Pending[]> {
    const checkpoints = await this.#options.models.checkpoints([collection]);
    const positions = new Map(checkpoints.map((each) => [`${each.topic}/${each.partition}`, each.position]));
    const folded: Pending[] = [];
    const waiting: Pending[] = [];
    for (const each of this.#pending) {
      const isIn = each.offset <= (positions.get(`${each.topic}/${each.partition}`) ?? -1);
      (isIn ? folded : waiting).push(each);
    }
    this.#pending = waiting;
    return folded;
  }
}
