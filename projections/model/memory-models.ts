/**
 * Read models in memory, for the model test: the port's own promises and no more. Each single write is a
 * step of its own, so that a crash, a failure or another process can get between any two.
 */
import { isDeepStrictEqual } from 'node:util';
import { ShopError } from '../../backend/ports/errors.ts';
import type { TopicPartition } from '../../backend/ports/event-log.ts';
import type {
  Body,
  Checkpoint,
  Flush,
  FlushOutcome,
  FoldedDocument,
  FoldedPlace,
  KeyRange,
  MergedDocument,
  MergedList,
  ReadModels,
} from '../../backend/ports/read-models.ts';
import { inListOrder, isListed } from '../../backend/ports/read-models-list.ts';

/** What several handles ("processes") share. */
export class MemoryStore {
  readonly folded = new Map<string, Map<string, FoldedDocument>>();
  readonly merged = new Map<string, Map<string, MergedDocument>>();
  readonly checkpoints = new Map<string, Checkpoint>();
  readonly meta = new Map<string, Body>();
}

export interface Interference {
  /** Called before every single read and write. */
  before(): Promise<void>;
  /** Whether the write that is due fails, and the rest of its flush with it. */
  fails(): boolean;
}

const UNDISTURBED: Interference = { before: () => Promise.resolve(), fails: () => false };

export class MemoryModels implements ReadModels {
  readonly engine = 'memory';
  readonly #store: MemoryStore;
  readonly #interference: Interference;

  constructor(store: MemoryStore, interference: Interference = UNDISTURBED) {
    this.#store = store;
    this.#interference = interference;
  }

  ensureCollection(collection: string): Promise<void> {
    if (!this.#store.folded.has(collection)) this.#store.folded.set(collection, new Map());
    if (!this.#store.merged.has(collection)) this.#store.merged.set(collection, new Map());
    return Promise.resolve();
  }

  async checkpoints(collections: readonly string[]): Promise<Checkpoint[]> {
    await this.#interference.before();
    return [...this.#store.checkpoints.values()].filter(({ collection }) => collections.includes(collection));
  }

  async load(collection: string, source: TopicPartition, keys: readonly string[]): Promise<FoldedDocument[]> {
    await this.#interference.before();
    const all = this.#folded(collection);
    return keys.flatMap((key) => {
      const found = all.get(idOf(source, key));
      return found === undefined ? [] : [structuredClone(found)];
    });
  }

  async isEmpty(collection: string, source: TopicPartition): Promise<boolean> {
    await this.#interference.before();
    const prefix = idOf(source, '');
    return ![...this.#folded(collection).keys()].some((id) => id.startsWith(prefix));
  }

  async range({ collection, sources, from, to }: KeyRange): Promise<FoldedDocument[]> {
    await this.#interference.before();
    return sources.flatMap(({ topic, partition }) =>
      [...this.#folded(collection).values()]
        .filter((each) => each.topic === topic && each.partition === partition && each.key >= from && each.key < to)
        .sort((a, b) => (a.key < b.key ? -1 : 1))
        .map((each) => structuredClone(each)),
    );
  }

  async merged(collection: string, ids: readonly string[]): Promise<MergedDocument[]> {
    await this.#interference.before();
    const all = this.#merged(collection);
    return ids.flatMap((id) => structuredClone(all.get(id)) ?? []);
  }

  async list(query: MergedList): Promise<MergedDocument[]> {
    await this.#interference.before();
    return [...this.#merged(query.collection).values()]
      .filter((document) => isListed(query, document))
      .sort(inListOrder(query.index))
      .slice(0, query.limit)
      .map((document) => structuredClone(document));
  }

  async *scanFolded(collection: string, wanted = (_: FoldedPlace): boolean => true): AsyncIterable<FoldedDocument[]> {
    await this.#interference.before();
    yield structuredClone([...this.#folded(collection).values()].filter(wanted));
  }

  async *scanMerged(collection: string, wanted = (_: string): boolean => true): AsyncIterable<MergedDocument[]> {
    await this.#interference.before();
    yield structuredClone([...this.#merged(collection).values()].filter(({ id }) => wanted(id)));
  }

  async flush(flushes: readonly Flush[]): Promise<FlushOutcome[]> {
    const outcomes: FlushOutcome[] = [];
    for (const flush of flushes) outcomes.push((await this.#writeDocuments(flush)) ? 'stored' : 'rejected');
    for (const [index, flush] of flushes.entries()) {
      if (outcomes[index] === 'stored' && !(await this.#writeCheckpoint(flush))) outcomes[index] = 'rejected';
    }
    return outcomes;
  }

  async #writeDocuments(flush: Flush): Promise<boolean> {
    const { collection, topic, partition } = flush;
    let accepted = true;
    for (const { key, previous, position, body } of flush.documents) {
      await this.#due();
      const all = this.#folded(collection);
      const id = idOf(flush, key);
      if ((all.get(id)?.position ?? null) === previous) {
        all.set(id, { key, topic, partition, position, body: structuredClone(body) });
      } else accepted = false;
    }
    for (const { id, part, position, fields } of flush.parts) {
      await this.#due();
      const all = this.#merged(collection);
      const parts = all.get(id)?.parts ?? {};
      const known = parts[part];
      if (known === undefined || known.position < position) {
        all.set(id, { id, parts: { ...parts, [part]: { position, fields: structuredClone(fields) } } });
      }
    }
    return accepted;
  }

  async #writeCheckpoint({ collection, topic, partition, previous, position }: Flush): Promise<boolean> {
    await this.#due();
    const id = `${collection} ${topic}/${partition}`;
    if ((this.#store.checkpoints.get(id)?.position ?? -1) !== previous) return false;
    this.#store.checkpoints.set(id, { collection, topic, partition, position });
    return true;
  }

  async #due(): Promise<void> {
    await this.#interference.before();
    if (this.#interference.fails()) throw new ShopError('UNAVAILABLE', 'the store failed, as it was told to');
  }

  async putMerged(
    collection: string,
    id: string,
    parts: MergedDocument['parts'] | null,
    expected: MergedDocument['parts'] | null,
  ): Promise<boolean> {
    await this.#due();
    const all = this.#merged(collection);
    if (!isDeepStrictEqual(all.get(id)?.parts ?? null, expected)) return false;
    if (parts === null) all.delete(id);
    else all.set(id, { id, parts: structuredClone(parts) });
    return true;
  }

  getMeta(name: string): Promise<Body | null> {
    return Promise.resolve(this.#store.meta.get(name) ?? null);
  }

  putMeta(name: string, value: Body, expected: Body | null): Promise<boolean> {
    const present = this.#store.meta.get(name) ?? null;
    if (JSON.stringify(present) !== JSON.stringify(expected)) return Promise.resolve(false);
    this.#store.meta.set(name, structuredClone(value));
    return Promise.resolve(true);
  }

  dropCollection(collection: string): Promise<void> {
    this.#store.folded.delete(collection);
    this.#store.merged.delete(collection);
    for (const [id, each] of this.#store.checkpoints) {
      if (each.collection === collection) this.#store.checkpoints.delete(id);
    }
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #folded(collection: string): Map<string, FoldedDocument> {
    return this.#store.folded.get(collection) ?? new Map<string, FoldedDocument>();
  }

  #merged(collection: string): Map<string, MergedDocument> {
    return this.#store.merged.get(collection) ?? new Map<string, MergedDocument>();
  }
}

function idOf({ topic, partition }: TopicPartition, key: string): string {
  return `${topic}/${partition}/${key}`;
}
