/**
 * The memory of one (projection, topic-partition): what has been folded and not yet been stored. Whoever
 * holds it must drop it whole whenever the reading is not continuous (projector.ts says when).
 */
import type { Recorded } from '../backend/events/codec.ts';
import type { ReadModelUpdate } from '../backend/ports/announcements.ts';
import type { TopicPartition } from '../backend/ports/event-log.ts';
import type { Body, Flush, FoldedWrite, PartWrite, ReadModels } from '../backend/ports/read-models.ts';
import type { FoldedProjection, MergedProjection, Projection } from './projection.ts';

export interface Fold {
  readonly projection: Projection;
  readonly collection: string;
  /** The last offset that is folded into memory, or was there when it began. */
  readonly position: number;
  /** The checkpoint as it is stored, as far as this process knows; −1 for none. */
  readonly checkpoint: number;
  /** Documents and parts that wait for a flush. */
  readonly pending: number;
  /**
   * Gets what is needed from the store, and resolves to the step that folds `records` (those after
   * `position`) and moves on to `through`. The step is synchronous: nothing gets between its changes.
   */
  prepare(records: readonly Recorded[], through: number): Promise<() => void>;
  /** What is to be stored now; null when there is nothing. Its bodies are not changed afterwards. */
  take(): Taken | null;
  /** The flush that was taken last has been stored. */
  settle(flush: Flush): void;
}

export interface Taken {
  readonly flush: Flush;
  /**
   * The keys of all folded documents that differ between the flush's two positions. They are those of its
   * documents and of some that were stored ahead of the checkpoint, before a crash.
   */
  readonly changed: readonly string[];
}

/** An announcement names no more documents than this: who has to read so many may as well read all. */
const ANNOUNCED_KEYS_MAX = 200;

/** What is announced of a flush that has been stored. */
export function updateOf({ flush, changed }: Taken): ReadModelUpdate {
  const { collection, topic, partition, previous, position } = flush;
  return {
    collection,
    topic,
    partition,
    previous,
    position,
    keys: changed.length > ANNOUNCED_KEYS_MAX ? null : changed,
  };
}

/** Documents of a fold in memory, some days of quarters; beyond it the clean ones that came first make room. */
const CACHED_DOCUMENTS_MAX = 400;

interface Entry {
  document: object;
  /** The last offset folded into the document; −1 for none. */
  position: number;
  /** The position of the stored document; null when there is none. */
  stored: number | null;
  /** The object has been handed to a flush that has not settled: it must be copied before it is changed. */
  inFlight: boolean;
}

export function createFold(
  projection: Projection,
  collection: string,
  source: TopicPartition,
  checkpoint: number,
  models: ReadModels,
): Promise<Fold> {
  return projection.kind === 'folded'
    ? DocumentFold.create(projection as FoldedProjection, collection, source, checkpoint, models)
    : Promise.resolve(new PartFold(projection, collection, source, checkpoint));
}

class DocumentFold implements Fold {
  readonly projection: FoldedProjection;
  readonly collection: string;
  readonly #source: TopicPartition;
  readonly #models: ReadModels;
  readonly #entries = new Map<string, Entry>();
  readonly #dirty = new Map<string, Entry>();
  /** Documents that were stored ahead of the checkpoint, and that the fold has come upon since the last flush. */
  readonly #ahead = new Set<string>();
  /** Whether every stored document is in memory or named in #evicted, so that others need not be looked up. */
  readonly #complete: boolean;
  /** Keys of documents that have made room; only kept while it is known which others there are. */
  readonly #evicted = new Set<string>();
  position: number;
  checkpoint: number;

  private constructor(
    projection: FoldedProjection,
    collection: string,
    source: TopicPartition,
    checkpoint: number,
    models: ReadModels,
    complete: boolean,
  ) {
    this.projection = projection;
    this.collection = collection;
    this.#source = source;
    this.#models = models;
    this.#complete = complete;
    this.position = checkpoint;
    this.checkpoint = checkpoint;
  }

  static async create(
    projection: FoldedProjection,
    collection: string,
    source: TopicPartition,
    checkpoint: number,
    models: ReadModels,
  ): Promise<DocumentFold> {
    // A fold from the very beginning need not look each new document up: one question answers for all.
    const complete = checkpoint === -1 && (await models.isEmpty(collection, source));
    return new DocumentFold(projection, collection, source, checkpoint, models, complete);
  }

  get pending(): number {
    return this.#dirty.size;
  }

  async prepare(records: readonly Recorded[], through: number): Promise<() => void> {
    const steps: { readonly recorded: Recorded; readonly keys: readonly string[] }[] = [];
    const missing = new Set<string>();
    for (const recorded of records) {
      if (recorded.offset <= this.position) continue;
      const keys = this.projection.keysOf(recorded);
      if (keys.length === 0) continue;
      steps.push({ recorded, keys });
      for (const key of keys) if (!this.#entries.has(key)) missing.add(key);
    }
    if (missing.size > 0) await this.#load(missing);
    return () => {
      for (const { recorded, keys } of steps) for (const key of keys) this.#evolve(key, recorded);
      if (through > this.position) this.position = through;
      if (this.#entries.size > CACHED_DOCUMENTS_MAX) this.#evict();
    };
  }

  async #load(missing: ReadonlySet<string>): Promise<void> {
    const stored = this.#complete ? [...missing].filter((key) => this.#evicted.has(key)) : [...missing];
    const found = stored.length === 0 ? [] : await this.#models.load(this.collection, this.#source, stored);
    for (const { key, position, body } of found) {
      this.#evicted.delete(key);
      this.#entries.set(key, { document: cloneJson(body) as object, position, stored: position, inFlight: false });
    }
    for (const key of missing) {
      if (this.#entries.has(key)) continue;
      this.#entries.set(key, {
        document: this.projection.initial(key),
        position: -1,
        stored: null,
        inFlight: false,
      });
    }
  }

  #evolve(key: string, recorded: Recorded): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) throw new Error(`the document ${key} of ${this.collection} is not in memory`);
    // The stored document may be ahead of the checkpoint: a crash between the two writes.
    if (recorded.offset <= entry.position) {
      this.#ahead.add(key);
      return;
    }
    if (entry.inFlight) {
      entry.document = cloneJson(entry.document) as object;
      entry.inFlight = false;
    }
    this.projection.evolve(entry.document, recorded, key);
    entry.position = recorded.offset;
    this.#dirty.set(key, entry);
  }

  take(): Taken | null {
    if (this.#dirty.size === 0 && this.position === this.checkpoint) return null;
    const documents: FoldedWrite[] = [];
    for (const [key, entry] of this.#dirty) {
      entry.inFlight = true;
      documents.push({ key, previous: entry.stored, position: entry.position, body: entry.document as Body });
    }
    const changed = [...this.#dirty.keys(), ...this.#ahead];
    this.#dirty.clear();
    this.#ahead.clear();
    const { collection, checkpoint: previous, position } = this;
    return { flush: { collection, ...this.#source, documents, parts: [], previous, position }, changed };
  }

  settle(flush: Flush): void {
    for (const { key, position } of flush.documents) {
      const entry = this.#entries.get(key);
      if (entry === undefined) continue;
      entry.stored = position;
      entry.inFlight = false;
    }
    this.checkpoint = flush.position;
  }

  #evict(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= CACHED_DOCUMENTS_MAX / 2) return;
      if (entry.inFlight || this.#dirty.has(key)) continue;
      this.#entries.delete(key);
      if (this.#complete) this.#evicted.add(key);
    }
  }
}

/** Parts are absolute and nothing is folded onto them, so there is nothing to load and nothing to keep. */
class PartFold implements Fold {
  readonly projection: MergedProjection;
  readonly collection: string;
  readonly #source: TopicPartition;
  #parts: PartWrite[] = [];
  position: number;
  checkpoint: number;

  constructor(projection: MergedProjection, collection: string, source: TopicPartition, checkpoint: number) {
    this.projection = projection;
    this.collection = collection;
    this.#source = source;
    this.position = checkpoint;
    this.checkpoint = checkpoint;
  }

  get pending(): number {
    return this.#parts.length;
  }

  prepare(records: readonly Recorded[], through: number): Promise<() => void> {
    return Promise.resolve(() => {
      for (const recorded of records) {
        if (recorded.offset <= this.position) continue;
        const part = this.projection.partOf(recorded);
        if (part !== null) this.#parts.push({ ...part, position: recorded.offset });
      }
      if (through > this.position) this.position = through;
    });
  }

  take(): Taken | null {
    if (this.#parts.length === 0 && this.position === this.checkpoint) return null;
    const parts = this.#parts;
    this.#parts = [];
    const { collection, checkpoint: previous, position } = this;
    return { flush: { collection, ...this.#source, documents: [], parts, previous, position }, changed: [] };
  }

  settle(flush: Flush): void {
    this.checkpoint = flush.position;
  }
}

/** A deep copy of JSON values. */
function cloneJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(cloneJson);
  const copy: Record<string, unknown> = {};
  for (const key in value) copy[key] = cloneJson((value as Record<string, unknown>)[key]);
  return copy;
}
