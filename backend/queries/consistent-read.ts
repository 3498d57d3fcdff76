/**
 * Reading several ranges of folded documents while flushes go on. A flush stores its documents first and its
 * checkpoint last; so documents that were read after a checkpoint, and none of which is past it, are exactly
 * what the log folds to at that checkpoint. Any that is past it gives a flush under way away.
 */
import type { Collections } from './collections.ts';
import { describeTopic, type Topic } from '../events/topics.ts';
import { systemClock } from '../ports/clock.ts';
import { ShopError } from '../ports/errors.ts';
import type { TopicPartition } from '../ports/event-log.ts';
import type { Checkpoint, FoldedDocument, KeyRange, ReadModels } from '../ports/read-models.ts';

/** What a read needs of read models: the store itself, or a mirror of some of it. */
export type Readable = Pick<ReadModels, 'range' | 'checkpoints'>;

/** By topic, then by partition number: the last offset that is in; −1 for none. */
export type TopicPositions = Readonly<Partial<Record<Topic, readonly number[]>>>;

export interface ConsistentRead<K extends string> {
  /** The documents of each range, ordered by source (as the range names them), then key. */
  readonly documents: Readonly<Record<K, FoldedDocument[]>>;
  /** Where the answer stands, by collection. Partitions that were not read are −1. */
  readonly positions: Readonly<Record<string, TopicPositions>>;
}

export interface ReadOptions {
  /**
   * Whether all collections have to stand at the same position of each topic-partition. Under load that
   * settles soon for documents that no longer change (an ended day's), and hardly for those that do.
   */
  readonly equalPositions?: boolean;
}

/** Together with the pauses about five seconds: longer than any flush ought to take. */
const TRIES_MAX = 110;
const PAUSE_MS_MAX = 50;

/** What settles as one: it has one position, and all of its ranges are read again when one is past it. */
interface Unit {
  readonly source: TopicPartition;
  readonly collections: Set<string>;
}

/**
 * Reads all ranges so that each (collection, topic-partition) stands at one position in all of them.
 * Rejects with UNAVAILABLE when flushes kept getting in between, or one was left half done.
 */
export async function readConsistently<K extends string>(
  models: Readable,
  ranges: Readonly<Record<K, KeyRange>>,
  { equalPositions = false }: ReadOptions = {},
): Promise<ConsistentRead<K>> {
  const entries = Object.entries<KeyRange>(ranges);
  const unitOf = (collection: string, source: TopicPartition): string =>
    equalPositions ? nameOf(source) : `${collection} ${nameOf(source)}`;
  const pending = new Map<string, Unit>();
  for (const [, { collection, sources }] of entries) {
    for (const source of sources) {
      const unit = pending.get(unitOf(collection, source));
      if (unit === undefined) pending.set(unitOf(collection, source), { source, collections: new Set([collection]) });
      else unit.collections.add(collection);
    }
  }
  const found = new Map<string, FoldedDocument[]>();
  const positions = new Map<string, Partial<Record<Topic, number[]>>>();
  for (let tries = 1; pending.size > 0; tries++) {
    if (tries > TRIES_MAX) throw notSettled([...pending.values()]);
    if (tries > 2) await systemClock.until(systemClock.now() + Math.min(tries, PAUSE_MS_MAX));
    const checkpoints = await positionsOf(models, entries);
    const unsettled = await readPending(models, entries, pending, unitOf, checkpoints, found);
    for (const [name, unit] of pending) {
      if (unsettled.has(name)) continue;
      pending.delete(name);
      for (const collection of unit.collections) note(positions, collection, unit.source, standing(unit, checkpoints));
    }
  }
  const documents = entries.map(([name, { sources }]) => [
    name,
    sources.flatMap((source) => found.get(`${name} ${nameOf(source)}`) ?? []),
  ]);
  return {
    documents: Object.fromEntries(documents) as Record<K, FoldedDocument[]>,
    positions: Object.fromEntries(positions),
  };
}

/** Reads what is pending into `found`; resolves to the units of which a document is past the position. */
async function readPending(
  models: Readable,
  entries: readonly [string, KeyRange][],
  pending: ReadonlyMap<string, Unit>,
  unitOf: (collection: string, source: TopicPartition) => string,
  checkpoints: ReadonlyMap<string, number>,
  found: Map<string, FoldedDocument[]>,
): Promise<Set<string>> {
  const unsettled = new Set<string>();
  const read = async ([name, range]: [string, KeyRange]): Promise<void> => {
    const sources = range.sources.filter((source) => pending.has(unitOf(range.collection, source)));
    if (sources.length === 0) return;
    for (const source of sources) found.set(`${name} ${nameOf(source)}`, []);
    for (const document of await models.range({ ...range, sources })) {
      found.get(`${name} ${nameOf(document)}`)?.push(document);
      const unitName = unitOf(range.collection, document);
      const unit = pending.get(unitName);
      if (unit !== undefined && document.position > standing(unit, checkpoints)) unsettled.add(unitName);
    }
  };
  await Promise.all(entries.map(read));
  return unsettled;
}

/** Documents at or before the least checkpoint are what they were at that one, in every collection. */
function standing({ source, collections }: Unit, checkpoints: ReadonlyMap<string, number>): number {
  return Math.min(...[...collections].map((each) => checkpoints.get(`${each} ${nameOf(source)}`) ?? -1));
}

async function positionsOf(models: Readable, entries: readonly [string, KeyRange][]): Promise<Map<string, number>> {
  const collections = [...new Set(entries.map(([, { collection }]) => collection))];
  const stored: readonly Checkpoint[] = await models.checkpoints(collections);
  return new Map(stored.map((each) => [`${each.collection} ${nameOf(each)}`, each.position]));
}

function note(
  positions: Map<string, Partial<Record<Topic, number[]>>>,
  collection: string,
  { topic, partition }: TopicPartition,
  position: number,
): void {
  const topics = positions.get(collection) ?? {};
  positions.set(collection, topics);
  const partitions = (topics[topic] ??= Array.from({ length: describeTopic(topic).partitions }, () => -1));
  partitions[partition] = position;
}

function notSettled(units: readonly Unit[]): ShopError {
  const [unit] = units;
  const where =
    unit === undefined ? '' : ` (${[...unit.collections].join(', ')}, ${unit.source.topic}/${unit.source.partition})`;
  return new ShopError(
    'UNAVAILABLE',
    `the read models did not come to rest${where}: a flush is under way or was left half done; see that a projector runs, and ask again`,
  );
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;

/** All partitions of a topic. */
export function sourcesOf(topic: Topic): TopicPartition[] {
  return Array.from({ length: describeTopic(topic).partitions }, (_, partition) => ({ topic, partition }));
}

/** Where each projection stands: name, then topic, then partition. They may differ from each other. */
export type ProjectionPositions = Readonly<Record<string, TopicPositions>>;

/** Positions by projection name instead of collection name. */
export function byProjection(
  collections: Collections,
  positions: Readonly<Record<string, TopicPositions>>,
): Record<string, TopicPositions> {
  const named: Record<string, TopicPositions> = {};
  for (const [projection, collection] of Object.entries(collections)) {
    const known = positions[collection];
    if (known !== undefined) named[projection] = known;
  }
  return named;
}
