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
  LogRecord,
  SubscribeOptions,
  Subscription,
  TopicPartition,
  Writer,
} from '../../ports/event-log.ts';
import { MemorySubscription } from './memory-subscription.ts';

const BATCH_RECORDS_MAX = 500;

interface Stored {
  records: LogRecord[];
  end: number;
}

/** What survives the handles that are opened on it. */
export class MemoryStore {
  readonly #partitions = new Map<string, Stored>();
  readonly #epochs = new Map<string, number>();
  readonly #appended = new Set<() => void>();

  partition({ topic, partition }: TopicPartition): Stored {
    const name = `${topic}/${partition}`;
    let stored = this.#partitions.get(name);
    if (stored === undefined) {
      if (!(partition >= 0 && partition < describeTopic(topic).partitions)) {
        throw new ShopError('MISCONFIGURED', `there is no partition ${name}`);
      }
      stored = { records: [], end: 0 };
      this.#partitions.set(name, stored);
    }
    return stored;
  }

  fence(name: string): number {
    const epoch = (this.#epochs.get(name) ?? 0) + 1;
    this.#epochs.set(name, epoch);
    return epoch;
  }

  isCurrent(name: string, epoch: number): boolean {
    return this.#epochs.get(name) === epoch;
  }

  append(records: readonly NewRecord[], marker: boolean): number[] {
    const targets = records.map((record) => this.partition(record));
    const offsets = records.map((record, index) => {
      const target = targets[index];
      const offset = target?.end ?? -1;
      target?.records.push({ offset, key: record.key, value: Buffer.from(record.value) });
      if (target !== undefined) target.end += 1;
      return offset;
    });
    if (marker) for (const target of new Set(targets)) target.end += 1;
    for (const wake of this.#appended) wake();
    return offsets;
  }

  batch(source: TopicPartition, from: number, to: number): Batch {
    const { records, end } = this.partition(source);
    const first = lowerBound(records, from);
    const taken: LogRecord[] = [];
    for (let index = first; index < records.length && taken.length < BATCH_RECORDS_MAX; index++) {
      const record = records[index];
      if (record === undefined || record.offset >= to) break;
      taken.push(record);
    }
    const last = taken.length === BATCH_RECORDS_MAX ? taken.at(-1) : undefined;
    const next = last === undefined ? Math.min(to, end) : last.offset + 1;
    return { topic: source.topic, partition: source.partition, from, next, end, records: taken };
  }

  onAppended(wake: () => void): () => void {
    this.#appended.add(wake);
    return () => this.#appended.delete(wake);
  }
}

/** The index of the first record at or after the offset. */
function lowerBound(records: readonly LogRecord[], offset: number): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((records[middle]?.offset ?? Infinity) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

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
