/** What the contract suites of the read models share: short ways to say a flush. */
import type { Topic } from '../events/topics.ts';
import type { TopicPartition } from './event-log.ts';
import type { Body, Flush, FoldedDocument, FoldedWrite, MergedDocument, PartWrite, ReadModels } from './read-models.ts';

/** A store under test. */
export interface OpenedModels {
  /** Fresh and empty. */
  readonly models: ReadModels;
  /** Another handle to the same store, as another process or a later start would have. */
  readonly reopen: () => Promise<ReadModels>;
  /** Closes every handle and removes the store. */
  readonly dispose: () => Promise<void>;
}

export type OpenModels = () => Promise<OpenedModels>;

/** The store of the test that is running. */
export interface Current {
  readonly models: ReadModels;
  readonly reopen: () => Promise<ReadModels>;
}

/** How long one test may take on a slow machine. */
export const TEST_MAX_MS = 60_000;

export const COLLECTION = 'sales-v1-g1';
export const ORDERS_0: TopicPartition = { topic: 'orders', partition: 0 };
export const ORDERS_1: TopicPartition = { topic: 'orders', partition: 1 };
export const HANDLED_0: TopicPartition = { topic: 'handled-orders', partition: 0 };

export function write(
  key: string,
  previous: number | null,
  position: number,
  body: Body = { at: position },
): FoldedWrite {
  return { key, previous, position, body };
}

export function part(id: string, name: string, position: number, fields: Body = { at: position }): PartWrite {
  return { id, part: name, position, fields };
}

/** A flush of `source` from `previous` to `position`. */
export function flushOf(
  source: TopicPartition,
  previous: number,
  position: number,
  rest: {
    readonly collection?: string;
    readonly documents?: readonly FoldedWrite[];
    readonly parts?: readonly PartWrite[];
  } = {},
): Flush {
  return {
    topic: source.topic,
    partition: source.partition,
    collection: rest.collection ?? COLLECTION,
    previous,
    position,
    documents: rest.documents ?? [],
    parts: rest.parts ?? [],
  };
}

/** The checkpoint of a source; −1 without one. */
export async function checkpointOf(
  models: ReadModels,
  source: TopicPartition,
  collection = COLLECTION,
): Promise<number> {
  const all = await models.checkpoints([collection]);
  const own = all.filter((each) => each.topic === source.topic && each.partition === source.partition);
  if (own.length > 1) throw new Error(`${own.length} checkpoints of ${source.topic}/${source.partition}`);
  return own[0]?.position ?? -1;
}

export function folded(
  source: TopicPartition,
  key: string,
  position: number,
  body: Body = { at: position },
): FoldedDocument {
  return { key, topic: source.topic, partition: source.partition, position, body };
}

export function sources(topic: Topic, partitions: readonly number[]): TopicPartition[] {
  return partitions.map((partition) => ({ topic, partition }));
}

export async function scanned(
  models: ReadModels,
  collection = COLLECTION,
  wanted?: Parameters<ReadModels['scanFolded']>[1],
): Promise<FoldedDocument[]> {
  const all: FoldedDocument[] = [];
  for await (const batch of models.scanFolded(collection, wanted)) all.push(...batch);
  return all;
}

export async function scannedMerged(
  models: ReadModels,
  collection = COLLECTION,
  wanted?: Parameters<ReadModels['scanMerged']>[1],
): Promise<MergedDocument[]> {
  const all: MergedDocument[] = [];
  for await (const batch of models.scanMerged(collection, wanted)) all.push(...batch);
  return all;
}

/** Documents by key, for comparing what comes in no order. */
export function byKey<T extends { readonly key: string }>(documents: readonly T[]): T[] {
  return [...documents].sort((a, b) => compareUtf8(a.key, b.key));
}

/** The order of keys that both engines have: by their UTF-8 bytes, that is by code point. */
export function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
