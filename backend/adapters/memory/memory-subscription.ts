import { describeTopic } from '../../events/topics.ts';
import { ShopError } from '../../ports/errors.ts';
import type { SubscribeOptions, Subscription, TopicPartition } from '../../ports/event-log.ts';
import type { MemoryStore } from './memory-store.ts';

/** A subscriber that has every partition; each is followed by a loop of its own. */
export class MemorySubscription implements Subscription {
  readonly ended: Promise<void>;
  readonly #store: MemoryStore;
  readonly #options: SubscribeOptions;
  readonly #sought = new Map<string, number>();
  readonly #unregister: () => void;
  #stopped = false;
  #wakes: (() => void)[] = [];

  constructor(store: MemoryStore, options: SubscribeOptions) {
    this.#store = store;
    this.#options = options;
    this.#unregister = store.onAppended(() => this.#wake());
    const loops: Promise<void>[] = [];
    for (const topic of options.topics) {
      for (let partition = 0; partition < describeTopic(topic).partitions; partition++) {
        loops.push(this.#follow({ topic, partition }));
      }
    }
    this.ended = this.#settle(loops);
    this.ended.catch(() => {});
  }

  /** The first failure ends all loops; it is told when the batches in hand are done. */
  async #settle(loops: readonly Promise<void>[]): Promise<void> {
    for (const loop of loops) {
      loop.catch(() => {
        this.#stopped = true;
        this.#wake();
      });
    }
    const outcomes = await Promise.allSettled(loops);
    this.#unregister();
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  async #follow(source: TopicPartition): Promise<void> {
    const name = `${source.topic}/${source.partition}`;
    await Promise.resolve();
    let next = await this.#options.assigned(source);
    const { end } = this.#store.partition(source);
    if (this.#stopped) return;
    if (!(next >= 0 && next <= end)) {
      throw new ShopError('LOG_MISMATCH', `${name} holds the offsets 0 to ${end - 1}, not ${next}`);
    }
    while (!this.#stopped) {
      next = this.#sought.get(name) ?? next;
      this.#sought.delete(name);
      const batch = this.#store.batch(source, next, Infinity);
      if (batch.next > next) {
        await this.#options.batch(batch);
        next = batch.next;
      } else if (!this.#sought.has(name)) await new Promise<void>((resolve) => this.#wakes.push(resolve));
    }
  }

  seek({ topic, partition }: TopicPartition, offset: number): void {
    this.#sought.set(`${topic}/${partition}`, offset);
    this.#wake();
  }

  commit(): void {}

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await this.ended.catch(() => {});
  }

  #wake(): void {
    const wakes = this.#wakes;
    this.#wakes = [];
    for (const wake of wakes) wake();
  }
}
