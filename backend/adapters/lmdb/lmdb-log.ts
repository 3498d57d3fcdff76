/** The event log in LMDB: one database for each topic, offsets without holes. */
import type { Database } from 'lmdb';
import type { NewRecord } from '../../events/codec.ts';
import { describeTopic, type Topic } from '../../events/topics.ts';
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
import type { Environment } from './environment.ts';
import { LmdbSubscription } from './lmdb-subscription.ts';
import { OFFSETS_MAX, offsetOf, pack, recordId, unpack } from './records.ts';

const BATCH_RECORDS_MAX = 2_000;
const BATCH_BYTES_MAX = 1_048_576;
const FENCE = 'fence/';

export class LmdbLog implements EventLog {
  readonly engine = 'LMDB';
  readonly #environment: Environment;
  readonly #subscriptions = new Set<LmdbSubscription>();
  #closed = false;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** Nothing to do: an environment has all topics from its opening on. */
  ensureTopics(): Promise<void> {
    return Promise.resolve();
  }

  async bounds(topic: Topic): Promise<Bounds[]> {
    await this.#ready();
    const database = this.#database(topic);
    return Array.from({ length: describeTopic(topic).partitions }, (_, partition) => ({
      low: 0,
      end: endOf(database, partition),
    }));
  }

  async *read(source: TopicPartition, from: number, to: number): AsyncGenerator<Batch> {
    for (let next = from; next < to;) {
      await this.#ready();
      const batch = this.batch(source, next, to);
      if (batch.next === next) return;
      yield batch;
      next = batch.next;
    }
  }

  /** What there is from `from` on, up to `to` (default: all) and to a batch's bounds. */
  batch({ topic, partition }: TopicPartition, from: number, to = OFFSETS_MAX - 1): Batch {
    const database = this.#database(topic);
    const records: LogRecord[] = [];
    let bytes = 0;
    const range = { start: recordId(partition, from), end: recordId(partition, to), limit: BATCH_RECORDS_MAX };
    for (const { key: id, value: packed } of database.getRange(range)) {
      const { key, value } = unpack(packed);
      records.push({ offset: offsetOf(id), key, value });
      bytes += packed.length;
      if (bytes >= BATCH_BYTES_MAX) break;
    }
    const next = from + records.length;
    return { topic, partition, from, next, end: Math.max(endOf(database, partition), next), records };
  }

  async subscribe(options: SubscribeOptions): Promise<Subscription> {
    await this.#ready();
    const subscription = new LmdbSubscription(this, options, this.#environment.mode === 'read');
    this.#subscriptions.add(subscription);
    const forget = (): boolean => this.#subscriptions.delete(subscription);
    subscription.ended.then(forget, forget);
    return subscription;
  }

  async writer(name: string): Promise<Writer> {
    await this.#ready();
    const { meta } = this.#environment;
    const epoch = await this.#environment.write(() => {
      const raised = ((meta.get(FENCE + name) as number | undefined) ?? 0) + 1;
      void meta.put(FENCE + name, raised);
      return raised;
    });
    let closed = false;
    return {
      append: async (records) => {
        if (closed) throw new ShopError('CLOSED', `the writer ${name} is closed`);
        return this.#append(records, () => {
          if (meta.get(FENCE + name) !== epoch) throw new ShopError('FENCED', `another ${name} took over`);
        });
      },
      close: () => {
        closed = true;
        return Promise.resolve();
      },
    };
  }

  async append(records: readonly NewRecord[]): Promise<void> {
    await this.#append(records, () => {});
  }

  async #append(records: readonly NewRecord[], assertAllowed: () => void): Promise<number[]> {
    await this.#ready();
    // Packed before the transaction, which must not fail once it has begun to put.
    records.forEach(assertPartition);
    const packed = records.map(({ key, value }) => pack(key, value));
    const offsets = await this.#environment.write(() => {
      assertAllowed();
      const ends = new Map<string, number>();
      return records.map(({ topic, partition }, index) => {
        const database = this.#database(topic);
        const name = `${topic}/${partition}`;
        const offset = ends.get(name) ?? endOf(database, partition);
        ends.set(name, offset + 1);
        const value = packed[index];
        if (value !== undefined) void database.put(recordId(partition, offset), value);
        return offset;
      });
    });
    for (const subscription of this.#subscriptions) subscription.wake();
    return offsets;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await Promise.all([...this.#subscriptions].map((each) => each.stop()));
    this.#closed = true;
  }

  #database(topic: Topic): Database<Buffer, number> {
    const database = this.#environment.topics.get(topic);
    if (database === undefined) throw new ShopError('MISCONFIGURED', `there is no topic ${topic}`);
    return database;
  }

  /** A turn of the event loop: a reader's snapshot of LMDB lasts until then. */
  async #ready(): Promise<void> {
    if (this.#closed) throw new ShopError('CLOSED', 'the event log is closed');
    this.#environment.assertOpen();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function assertPartition({ topic, partition }: NewRecord): void {
  const { partitions } = describeTopic(topic);
  if (Number.isInteger(partition) && partition >= 0 && partition < partitions) return;
  throw new ShopError('MISCONFIGURED', `${topic} has the partitions 0 to ${partitions - 1}, not ${partition}`);
}

/** One past the last offset. */
function endOf(database: Database<Buffer, number>, partition: number): number {
  const range = { start: recordId(partition + 1, 0) - 1, end: recordId(partition, 0) - 1, reverse: true, limit: 1 };
  for (const id of database.getKeys(range)) return offsetOf(id) + 1;
  return 0;
}
