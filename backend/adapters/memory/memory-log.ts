/**
 * An event log in memory: a real one, by the same contract, for tests that begin hundreds of times. It leaves a
 * hole after each fenced append in each partition, as Kafka's transaction markers do.
 */
import type { NewRecord } from '../../events/codec.ts';
import { describeTopic, TOPICS, type Topic } from '../../events/topics.ts';
import { ShopError } from '../../ports/errors.ts';
import type {
  Batch,
  Bounds,
  EventLog,
  SubscribeOptions,
  Subscription,
  TopicPartition,
  Writer,
} from '../../ports/event-log.ts';
import { MemoryStore } from './memory-store.ts';
import { MemorySubscription } from './memory-subscription.ts';

/** A handle to the store, as a process of its own would have. */
export class MemoryLog implements EventLog {
  readonly engine = 'memory';
  readonly #store: MemoryStore;
  #closed = false;

  constructor(store: MemoryStore = new MemoryStore()) {
    this.#store = store;
  }

  async ensureTopics(): Promise<void> {
    this.#check();
    for (const { topic, partitions } of TOPICS) {
      for (let partition = 0; partition < partitions; partition++) this.#store.partition({ topic, partition });
    }
    return Promise.resolve();
  }

  async bounds(topic: Topic): Promise<Bounds[]> {
    this.#check();
    const { partitions } = describeTopic(topic);
    return Promise.resolve(
      Array.from({ length: partitions }, (_, partition) => ({
        low: 0,
        end: this.#store.partition({ topic, partition }).end,
      })),
    );
  }

  async *read(source: TopicPartition, from: number, to: number): AsyncIterable<Batch> {
    for (let at = from; at < to;) {
      this.#check();
      const batch = await Promise.resolve(this.#store.batch(source, at, to));
      yield batch;
      if (batch.next === at) return;
      at = batch.next;
    }
  }

  async subscribe(options: SubscribeOptions): Promise<Subscription> {
    this.#check();
    return Promise.resolve(new MemorySubscription(this.#store, options));
  }

  async writer(name: string): Promise<Writer> {
    this.#check();
    const epoch = this.#store.fence(name);
    let closed = false;
    return Promise.resolve({
      append: async (records: readonly NewRecord[]) => {
        await Promise.resolve();
        this.#check();
        if (closed) throw new ShopError('CLOSED', `the writer "${name}" was closed`);
        if (!this.#store.isCurrent(name, epoch)) throw new ShopError('FENCED', `a newer writer "${name}" exists`);
        return this.#store.append(records, true);
      },
      close: () => {
        closed = true;
        return Promise.resolve();
      },
    });
  }

  async append(records: readonly NewRecord[]): Promise<void> {
    this.#check();
    this.#store.append(records, false);
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #check(): void {
    if (this.#closed) throw new ShopError('CLOSED', 'the log was closed');
  }
}
