/**
 * A mirror of the part of the read models that live figures are made of, kept current by reading only the
 * documents that changed. What is asked of it, it answers from memory, and every collection and
 * topic-partition in it stands at one position.
 *
 * Announcements tell which documents a step of a checkpoint changed. As long as they follow each other
 * without a gap, these are read by key; where one was missed, the range is read again. The positions that
 * documents bear say whether a flush got in between: then the partition stays where it was until next time.
 */
import { positionIn } from '../../projections/positions.ts';
import type { Topic } from '../events/topics.ts';
import type { ReadModelUpdate } from '../ports/announcements.ts';
import type { TopicPartition } from '../ports/event-log.ts';
import type { Checkpoint, FoldedDocument, KeyRange, ReadModels } from '../ports/read-models.ts';

/** What of a collection is mirrored. */
export interface Coverage {
  readonly collection: string;
  readonly sources: readonly TopicPartition[];
  /** Half-open ranges of keys. */
  readonly ranges: readonly { readonly from: string; readonly to: string }[];
}

interface Unit {
  readonly coverage: Coverage;
  readonly topic: Topic;
  readonly partition: number;
  /** The last offset that is in; null before the first reading. */
  position: number | null;
  documents: Map<string, FoldedDocument>;
  /** Announced steps that are not in yet, by the position that they start from. */
  readonly steps: Map<number, ReadModelUpdate>;
}

/** Beyond this the oldest steps are forgotten, and the range is read again. */
const STEPS_MAX = 500;
/** A step that changed more documents than this is followed by reading the range. */
const KEYS_MAX = 400;
const TRIES_MAX = 3;

type Store = Pick<ReadModels, 'range' | 'load' | 'checkpoints'>;

export class Mirror {
  readonly #models: Store;
  readonly #units = new Map<string, Unit>();
  readonly #collections: readonly string[];
  #isBehind = true;

  constructor(models: Store, coverages: readonly Coverage[]) {
    this.#models = models;
    this.#collections = [...new Set(coverages.map(({ collection }) => collection))];
    for (const coverage of coverages) {
      for (const { topic, partition } of coverage.sources) {
        const unit = { coverage, topic, partition, position: null, documents: new Map(), steps: new Map() };
        this.#units.set(unitName(coverage.collection, topic, partition), unit);
      }
    }
  }

  /** Whether flushes got in between at the last refresh, so that there is more to be had. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** Whether all of it has been read at least once. Until then what is missing looks as if it were not there. */
  get isComplete(): boolean {
    return [...this.#units.values()].every(({ position }) => position !== null);
  }

  /** Whether it is as far as another one of as many partitions, in the same order, was at its last refresh. */
  hasReached(other: Mirror): boolean {
    const others = [...other.#units.values()];
    return [...this.#units.values()].every(({ position }, index) => {
      return position !== null && position >= (others[index]?.position ?? -1);
    });
  }

  /** Takes announcements in; costs nothing until the next refresh. Whether they concern the mirror. */
  note(updates: readonly ReadModelUpdate[]): boolean {
    let concerned = false;
    for (const update of updates) {
      const unit = this.#units.get(unitName(update.collection, update.topic, update.partition));
      if (unit === undefined) continue;
      concerned = true;
      if (unit.steps.size >= STEPS_MAX) unit.steps.clear();
      unit.steps.set(update.previous, update);
    }
    return concerned;
  }

  /** Brings the mirror to where the read models are. Whether anything changed. Rejects as the read models do. */
  async refresh(): Promise<boolean> {
    let changed = false;
    this.#isBehind = true;
    for (let tries = 1; tries <= TRIES_MAX; tries++) {
      const checkpoints = await this.#models.checkpoints(this.#collections);
      const behind = [...this.#units.values()].filter((unit) => isBehind(unit, checkpoints));
      const settled = await Promise.all(behind.map((unit) => this.#advance(unit, checkpointOf(unit, checkpoints))));
      if (settled.some(Boolean)) changed = true;
      if (settled.every(Boolean)) {
        this.#isBehind = false;
        break;
      }
    }
    return changed;
  }

  /** Moves one unit on to the checkpoint or beyond. False when a flush got in between. */
  async #advance(unit: Unit, checkpoint: number): Promise<boolean> {
    const announced = keysSince(unit, checkpoint);
    return announced === null ? this.#read(unit, checkpoint) : this.#reread(unit, announced.keys, announced.position);
  }

  async #read(unit: Unit, position: number): Promise<boolean> {
    const { coverage, topic, partition } = unit;
    const documents = new Map<string, FoldedDocument>();
    for (const range of coverage.ranges) {
      const sources = [{ topic, partition }];
      for (const document of await this.#models.range({ collection: coverage.collection, sources, ...range })) {
        if (document.position > position) return false;
        documents.set(document.key, document);
      }
    }
    unit.documents = documents;
    moveOn(unit, position);
    return true;
  }

  async #reread(unit: Unit, keys: ReadonlySet<string>, position: number): Promise<boolean> {
    const { coverage, topic, partition } = unit;
    const wanted = [...keys].filter((key) => coverage.ranges.some(({ from, to }) => from <= key && key < to));
    if (wanted.length > 0) {
      const found = await this.#models.load(coverage.collection, { topic, partition }, wanted);
      if (found.some((document) => document.position > position)) return false;
      for (const document of found) unit.documents.set(document.key, document);
    }
    moveOn(unit, position);
    return true;
  }

  // What queries ask.

  checkpoints(collections: readonly string[]): Promise<Checkpoint[]> {
    const known = [...this.#units.values()].filter(
      ({ coverage, position }) => collections.includes(coverage.collection) && position !== null && position >= 0,
    );
    return Promise.resolve(
      known.map(({ coverage: { collection }, topic, partition, position }) => ({
        collection,
        topic,
        partition,
        position: position ?? -1,
      })),
    );
  }

  /** Ranges that are not covered are answered with what is. Ordered by source only. */
  range({ collection, sources, from, to }: KeyRange): Promise<FoldedDocument[]> {
    const found: FoldedDocument[] = [];
    for (const { topic, partition } of sources) {
      const unit = this.#units.get(unitName(collection, topic, partition));
      if (unit === undefined) continue;
      for (const document of unit.documents.values()) {
        if (from <= document.key && document.key < to) found.push(document);
      }
    }
    return Promise.resolve(found);
  }
}

function isBehind(unit: Unit, checkpoints: readonly Checkpoint[]): boolean {
  return unit.position === null || unit.position < checkpointOf(unit, checkpoints);
}

/** Follows the announced steps; null where they leave a gap before the checkpoint, or name no keys. */
function keysSince(unit: Unit, checkpoint: number): { keys: Set<string>; position: number } | null {
  if (unit.position === null) return null;
  const keys = new Set<string>();
  let position = unit.position;
  for (let step = unit.steps.get(position); step !== undefined; step = unit.steps.get(position)) {
    if (step.keys === null) return null;
    for (const key of step.keys) keys.add(key);
    if (keys.size > KEYS_MAX || step.position <= position) return null;
    position = step.position;
  }
  return position >= checkpoint ? { keys, position } : null;
}

function moveOn(unit: Unit, position: number): void {
  unit.position = position;
  for (const start of unit.steps.keys()) if (start < position) unit.steps.delete(start);
}

function checkpointOf(unit: Unit, checkpoints: readonly Checkpoint[]): number {
  return positionIn(checkpoints, unit.coverage.collection, unit);
}

function unitName(collection: string, topic: Topic, partition: number): string {
  return `${collection} ${topic}/${partition}`;
}
