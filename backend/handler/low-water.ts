/**
 * The handler's checkpoint of one partition, p. Two positions, R of orders/p and H of handled-orders/p, such that
 *   (1) every order at or before R that was drawn has its OrderHandled in the log, and
 *   (2) every OrderHandled at or before H belongs to an order at or before R.
 *
 * Why exactly one OrderHandled results. A handler begins by fencing every earlier one of p; from then on nobody
 * else appends to handled-orders/p. It reads handled-orders/p from H + 1 to its end, and then orders/p from R + 1.
 * An order at or before R needs nothing more, by (1), and is not read again. An order after R that has its
 * OrderHandled has it after H, by (2), so it was just read and the order is skipped. Any other has none, and only
 * this handler can give it one: it does so in one append, and if the outcome of that is unknown it begins anew,
 * from the fence. When a newer handler begins, this one's next append is refused.
 *
 * R alone may be stored, as both (1) and (2) hold for a smaller H too; so R is stored first. Positions are only
 * raised, so what a handler that was fenced in the meantime stores late is as true as what it replaces.
 */
import type { Topic } from '../events/topics.ts';
import type { Logger } from '../ports/logger.ts';
import type { ReadModels } from '../ports/read-models.ts';

export const HANDLER_COLLECTION = 'handler-v1';

export interface Positions {
  /** R, in the topic orders; −1 for none. */
  readonly orders: number;
  /** H, in the topic handled-orders; −1 for none. */
  readonly handled: number;
}

export class LowWater {
  readonly #models: ReadModels;
  readonly #logger: Logger;
  readonly #partition: number;
  readonly #intervalMs: number;
  #stored: Positions = { orders: -1, handled: -1 };
  /** Positions taken down earlier, and how many of the orders up to there are still open. */
  #candidate: (Positions & { open: number }) | null = null;
  #storing: Promise<void> = Promise.resolve();
  #storedAt = -Infinity;

  constructor(models: ReadModels, logger: Logger, partition: number, intervalMs: number) {
    this.#models = models;
    this.#logger = logger;
    this.#partition = partition;
    this.#intervalMs = intervalMs;
  }

  /** The stored positions. */
  async load(): Promise<Positions> {
    const stored = { orders: -1, handled: -1 };
    for (const { topic, partition, position } of await this.#models.checkpoints([HANDLER_COLLECTION])) {
      if (partition !== this.#partition) continue;
      if (topic === 'orders') stored.orders = position;
      else if (topic === 'handled-orders') stored.handled = position;
    }
    this.#stored = stored;
    return stored;
  }

  /**
   * What has been read and appended by now. Only to be called when (2) holds for it. `open`: how many orders that
   * were read are not handled yet. Stores what has become true, at most once in the interval unless `force`.
   */
  advance(present: Positions, open: number, force = false): Promise<void> {
    if (open === 0 || this.#candidate === null) this.#candidate = { ...present, open };
    if (this.#candidate.open > 0) return Promise.resolve();
    const now = performance.now();
    if (!force && now - this.#storedAt < this.#intervalMs) return Promise.resolve();
    const { orders, handled } = this.#candidate;
    if (orders <= this.#stored.orders && handled <= this.#stored.handled) return Promise.resolve();
    this.#storedAt = now;
    this.#candidate = open === 0 ? null : { ...present, open };
    this.#storing = this.#storing.then(() => this.#store({ orders, handled }));
    return this.#storing;
  }

  /** The order at that offset is handled: its event is in the log. */
  handled(offset: number): void {
    if (this.#candidate !== null && offset <= this.#candidate.orders) this.#candidate.open -= 1;
  }

  /** A checkpoint that cannot be stored only makes the next start longer, so it is tried again later. */
  async #store(positions: Positions): Promise<void> {
    try {
      if (!(await this.#raise('orders', this.#stored.orders, positions.orders))) return;
      this.#stored = { ...this.#stored, orders: Math.max(this.#stored.orders, positions.orders) };
      if (!(await this.#raise('handled-orders', this.#stored.handled, positions.handled))) return;
      this.#stored = { ...this.#stored, handled: Math.max(this.#stored.handled, positions.handled) };
    } catch (error) {
      this.#logger.warn({ error, partition: this.#partition }, "The handler's checkpoint could not be stored yet.");
    }
  }

  async #raise(topic: Topic, previous: number, position: number): Promise<boolean> {
    if (position <= previous) return true;
    const source = { collection: HANDLER_COLLECTION, topic, partition: this.#partition };
    const [outcome] = await this.#models.flush([{ ...source, documents: [], parts: [], previous, position }]);
    if (outcome === 'stored') return true;
    // Another handler stored one, or an earlier try of ours did after all.
    await this.load();
    return false;
  }
}
