/**
 * The event log: topics of partitions of records, each with an offset. Offsets only grow, but may have
 * holes (Kafka's transaction markers take some up), so nothing counts by offset arithmetic.
 */
import type { NewRecord } from '../events/codec.ts';
import type { Topic } from '../events/topics.ts';

export interface TopicPartition {
  readonly topic: Topic;
  readonly partition: number;
}

/** What can be read of a partition: offsets `low` ≤ o < `end`. Only committed records count. */
export interface Bounds {
  readonly low: number;
  readonly end: number;
}

export interface LogRecord {
  readonly offset: number;
  readonly key: string | null;
  readonly value: Buffer | null;
  /** Why the engine holds something here that is no record to anybody; it stands for all the offsets that it names. */
  readonly unreadable?: string;
}

/**
 * A run of one partition. It covers every offset in `from` ≤ o < `next`; what is not in `records` does not
 * exist. A batch may be empty (`next` > `from`, no records: markers only).
 */
export interface Batch extends TopicPartition {
  /** The offset that was asked for. */
  readonly from: number;
  /** The offset to ask for next. */
  readonly next: number;
  /** The partition's end as known when the batch was read; ≥ `next`. */
  readonly end: number;
  readonly records: readonly LogRecord[];
}

export interface SubscribeOptions {
  /** Members with the same group share the partitions of the topics out among them. */
  readonly group: string;
  readonly topics: readonly Topic[];
  /**
   * A partition is ours now. Resolves to the offset to read from; always the reader's own checkpoint + 1,
   * which must lie within `low` ≤ o ≤ `end`, else the subscription fails with LOG_MISMATCH.
   * Called again for each assignment; nothing of before may be trusted.
   */
  readonly assigned: (partition: TopicPartition) => Promise<number>;
  /** A partition is no longer ours. A batch in hand may still arrive before and, at the worst, after it. */
  readonly revoked: (partition: TopicPartition) => void;
  /**
   * Batches of one partition come one at a time and in order, of different partitions side by side.
   * The next one comes when this resolves. If it rejects, the subscription fails with that error.
   */
  readonly batch: (batch: Batch) => Promise<void>;
}

export interface Subscription {
  /** Reads the partition from `offset` on, as soon as the batch in hand is done. Stale batches may still come. */
  seek(partition: TopicPartition, offset: number): void;
  /** Tells the engine's own tools how far the group is. A courtesy; never read back. `next` is an offset to read next. */
  commit(partition: TopicPartition, next: number): void;
  /** Settles when the subscription ends: resolves after stop(), rejects when it failed for good. */
  readonly ended: Promise<void>;
  /** Waits for the batches in hand, leaves the group and resolves. */
  stop(): Promise<void>;
}

/** The one effective writer of its name. */
export interface Writer {
  /**
   * Appends all records or none, durably, in the order given within each partition.
   * Resolves to their offsets, in the order given. Appends are serialised by the writer.
   * Rejects with FENCED (a newer writer exists), UNKNOWN_OUTCOME, UNAVAILABLE or STORAGE (nothing was appended).
   */
  append(records: readonly NewRecord[]): Promise<number[]>;
  close(): Promise<void>;
}

export interface EventLog {
  /** The engine's name for people, e.g. "LMDB" or "Apache Kafka". */
  readonly engine: string;
  /** Creates the topics that are missing, asserts the properties of those that exist (MISCONFIGURED). */
  ensureTopics(): Promise<void>;
  /** The bounds of every partition of a topic, by partition number. */
  bounds(topic: Topic): Promise<Bounds[]>;
  /** Reads `from` ≤ o < `to` and ends there; `to` at most the partition's end. Finite, in order. */
  read(partition: TopicPartition, from: number, to: number): AsyncIterable<Batch>;
  subscribe(options: SubscribeOptions): Promise<Subscription>;
  /** Becomes the one writer of that name: every earlier one is fenced from the moment this resolves. */
  writer(name: string): Promise<Writer>;
  /** Appends without a fence: signals and dead letters only. Resolves when durable (`signal`: when sent). */
  append(records: readonly NewRecord[], options?: { readonly signal?: boolean }): Promise<void>;
  close(): Promise<void>;
}
