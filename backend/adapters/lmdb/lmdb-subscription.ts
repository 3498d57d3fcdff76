import { describeTopic, type Topic } from '../../events/topics.ts';
import { ShopError } from '../../ports/errors.ts';
import type { Batch, Bounds, SubscribeOptions, Subscription, TopicPartition } from '../../ports/event-log.ts';

/** How often a process that is not the owner looks for what the owner has appended. */
const POLL_MS = 100;

/** What a subscription needs of the log. */
interface Readable {
  bounds(topic: Topic): Promise<Bounds[]>;
  /** What there is from `from` on, up to a batch's bounds. */
  batch(source: TopicPartition, from: number): Batch;
}

/** A subscriber that has every partition; each is followed by a loop of its own. */
export class LmdbSubscription implements Subscription {
  readonly ended: Promise<void>;
  readonly #log: Readable;
  readonly #options: SubscribeOptions;
  readonly #sought = new Map<string, number>();
  readonly #poll: NodeJS.Timeout | undefined;
  #stopped = false;
  #wakes: (() => void)[] = [];

  constructor(log: Readable, options: SubscribeOptions, polling: boolean) {
    this.#log = log;
    this.#options = options;
    this.#poll = polling ? setInterval(() => this.wake(), POLL_MS) : undefined;
    const loops = options.topics.flatMap((topic) =>
      Array.from({ length: describeTopic(topic).partitions }, (_, partition) => this.#follow({ topic, partition })),
    );
    this.ended = this.#settle(loops);
    this.ended.catch(() => {});
  }

  /** The first failure ends all loops; it is told when the batches in hand are done. */
  async #settle(loops: readonly Promise<void>[]): Promise<void> {
    for (const loop of loops) {
      loop.catch(() => {
        this.#stopped = true;
        this.wake();
      });
    }
    const outcomes = await Promise.allSettled(loops);
    clearInterval(this.#poll);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  async #follow(source: TopicPartition): Promise<void> {
    const name = `${source.topic}/${source.partition}`;
    // The constructor's caller gets the subscription before anything is asked of it.
    await new Promise((resolve) => setImmediate(resolve));
    let next = await this.#options.assigned(source);
    await this.#assertWithin(source, next);
    while (!this.#stopped) {
      next = this.#sought.get(name) ?? next;
      this.#sought.delete(name);
      const batch = this.#log.batch(source, next);
      if (batch.next > next) {
        await this.#options.batch(batch);
        next = batch.next;
        // Other loops, timers and sockets get their turn, and the reader a new snapshot.
        await new Promise((resolve) => setImmediate(resolve));
      } else if (!this.#sought.has(name)) await new Promise<void>((resolve) => this.#wakes.push(resolve));
    }
  }

  async #assertWithin({ topic, partition }: TopicPartition, next: number): Promise<void> {
    const bounds = (await this.#log.bounds(topic))[partition];
    if (bounds !== undefined && bounds.low <= next && next <= bounds.end) return;
    throw new ShopError(
      'LOG_MISMATCH',
      `${topic}/${partition} holds the offsets up to ${(bounds?.end ?? 0) - 1}, not ${next}: the log was made anew`,
    );
  }

  seek({ topic, partition }: TopicPartition, offset: number): void {
    this.#sought.set(`${topic}/${partition}`, offset);
    this.wake();
  }

  /** There are no other tools to tell. */
  commit(): void {}

  async stop(): Promise<void> {
    this.#stopped = true;
    this.wake();
    await this.ended.catch(() => {});
  }

  /** Something may have been appended. */
  wake(): void {
    const wakes = this.#wakes;
    this.#wakes = [];
    for (const wake of wakes) wake();
  }
}
