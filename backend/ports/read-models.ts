/**
 * Where read models are kept. A collection belongs to one generation of one projection; its documents
 * bear the position (the last included offset) of the topic-partition that they were folded from.
 *
 * Two kinds of documents:
 * - folded: one for each (key, topic-partition), id `<topic>/<partition>/<key>`, replaced whole, each
 *   replacement naming the position it was folded on top of, so that a fold that missed another
 *   writer's work can never overwrite it;
 * - merged: one for several topics, each of which owns one `part` with a position of its own, so that they
 *   may come in any order.
 */
import type { Topic } from '../events/topics.ts';
import type { TopicPartition } from './event-log.ts';

export type Body = Readonly<Record<string, unknown>>;

/** What a folded document is known by within its collection. */
export type FoldedPlace = Pick<FoldedDocument, 'topic' | 'partition' | 'key'>;

export interface FoldedDocument {
  readonly key: string;
  readonly topic: Topic;
  readonly partition: number;
  readonly position: number;
  /** JSON values only: strings, numbers, booleans, null, arrays, plain objects. Never holds key/topic/partition/position. */
  readonly body: Body;
}

export interface MergedDocument {
  readonly id: string;
  /** Part name to its fields and position. */
  readonly parts: Readonly<Record<string, { readonly position: number; readonly fields: Body }>>;
}

export interface FoldedWrite {
  readonly key: string;
  /** The position that the stored document must have; null when it must not exist. */
  readonly previous: number | null;
  readonly position: number;
  /** Not mutated by anybody until the flush resolves. */
  readonly body: Body;
}

export interface PartWrite {
  readonly id: string;
  readonly part: string;
  /** Written unless the stored part has this position or a later one; then it is in already, which is no rejection. */
  readonly position: number;
  readonly fields: Body;
}

/** What one topic-partition brings one collection, from `previous` (exclusive) up to `position` (inclusive). */
export interface Flush extends TopicPartition {
  readonly collection: string;
  readonly documents: readonly FoldedWrite[];
  readonly parts: readonly PartWrite[];
  /** The checkpoint that must be stored; −1 when there must be none. */
  readonly previous: number;
  readonly position: number;
}

/**
 * `rejected`: somebody else wrote in between; some documents may have been stored, the checkpoint was not.
 * What stands at the very position already may count as stored, since it can only be the same.
 */
export type FlushOutcome = 'stored' | 'rejected';

export interface Checkpoint extends TopicPartition {
  readonly collection: string;
  readonly position: number;
}

/** A half-open range of document keys, `from` ≤ key < `to`, of the given topic-partitions. */
export interface KeyRange {
  readonly collection: string;
  readonly sources: readonly TopicPartition[];
  readonly from: string;
  readonly to: string;
}

/**
 * An order in which merged documents can be listed. Paths are "part.field…" through plain objects, "placed.at";
 * a document is in the index if it has a string at each path that the index names.
 */
export interface MergedIndex {
  readonly name: string;
  /** The path whose value must equal what is asked for; null: everything is listed. */
  readonly equals: string | null;
  /** The path to the value by which it is ordered; null: by id, which is its order value then. */
  readonly order: string | null;
}

/** Some documents of an index, descending by order value, then by id; both compare by code points. */
export interface MergedList {
  readonly collection: string;
  readonly index: MergedIndex;
  /** Asked for exactly when the index has a path for it. */
  readonly equals?: string;
  /** The half-open range of the order value, `from` ≤ value < `to`; open where absent. */
  readonly from?: string;
  readonly to?: string;
  /** Only what comes after the document of this order value and id in the list. */
  readonly before?: { readonly order: string; readonly id: string };
  readonly limit: number;
}

export interface ReadModels {
  /** The engine's name for people, e.g. "LMDB" or "MongoDB 7.0". */
  readonly engine: string;
  /**
   * Creates what is missing. Called before the first flush into a collection. Idempotent. With `indexes` its merged
   * documents can be listed by these, also those stored before; without, it keeps the ones that it has.
   */
  ensureCollection(collection: string, indexes?: readonly MergedIndex[]): Promise<void>;
  /** All checkpoints of the collections; a topic-partition without one is absent (position −1). */
  checkpoints(collections: readonly string[]): Promise<Checkpoint[]>;
  /** The folded documents of one topic-partition with these keys; absent ones are left out. */
  load(collection: string, source: TopicPartition, keys: readonly string[]): Promise<FoldedDocument[]>;
  /** Whether no document of that topic-partition is stored. */
  isEmpty(collection: string, source: TopicPartition): Promise<boolean>;
  /** Folded documents of a range, ordered by source, then key. */
  range(range: KeyRange): Promise<FoldedDocument[]>;
  /** Merged documents by id; absent ones are left out. */
  merged(collection: string, ids: readonly string[]): Promise<MergedDocument[]>;
  /**
   * Merged documents by one of the collection's indexes; none from a collection that was never filled. Rejects with
   * UNAVAILABLE where the index is not there yet.
   */
  list(query: MergedList): Promise<MergedDocument[]>;
  /** Every folded document that is `wanted` (all without), in batches, in no order; a batch may be empty. */
  scanFolded(collection: string, wanted?: (place: FoldedPlace) => boolean): AsyncIterable<FoldedDocument[]>;
  /** Every merged document whose id is `wanted` (all without), in batches, in no order; a batch may be empty. */
  scanMerged(collection: string, wanted?: (id: string) => boolean): AsyncIterable<MergedDocument[]>;
  /**
   * For each flush: its documents, then (only if none of them was rejected) its checkpoint, durably.
   * The outcomes are in the order given. Rejects with UNAVAILABLE or STORAGE: then any part may have been stored.
   */
  flush(flushes: readonly Flush[]): Promise<FlushOutcome[]>;
  /**
   * Puts these parts in the place of a merged document's, or removes it (null), if the present ones equal `expected`
   * (deeply; null: absent). Whether it did. For mending: whoever folds stores by `flush`.
   */
  putMerged(
    collection: string,
    id: string,
    parts: MergedDocument['parts'] | null,
    expected: MergedDocument['parts'] | null,
  ): Promise<boolean>;
  /** Small values by name: the log's id that the store was folded from, the live generations. */
  getMeta(name: string): Promise<Body | null>;
  /** Stores the value if the present one equals `expected` (deeply; null: absent). Whether it did. */
  putMeta(name: string, value: Body, expected: Body | null): Promise<boolean>;
  dropCollection(collection: string): Promise<void>;
  close(): Promise<void>;
}
