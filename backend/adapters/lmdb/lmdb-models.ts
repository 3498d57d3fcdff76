/** Read models in LMDB. Documents and checkpoints of a flush go in one transaction, so they can never differ. */
import { isDeepStrictEqual } from 'node:util';
import type { Database } from 'lmdb';
import type { Topic } from '../../events/topics.ts';
import { ShopError } from '../../ports/errors.ts';
import type { TopicPartition } from '../../ports/event-log.ts';
import type {
  Body,
  Checkpoint,
  Flush,
  FlushOutcome,
  FoldedDocument,
  FoldedPlace,
  KeyRange,
  MergedDocument,
  MergedIndex,
  MergedList,
  ReadModels,
} from '../../ports/read-models.ts';
import { within, type Environment } from './environment.ts';
import { MergedIndexes } from './merged-indexes.ts';

type Parts = Record<string, { position: number; fields: Body }>;

interface StoredFolded {
  readonly position: number;
  readonly body: Body;
}

const SCAN_BATCH_SIZE = 1_000;
const META = 'meta/';

export class LmdbModels implements ReadModels {
  readonly engine = 'LMDB';
  readonly #environment: Environment;
  readonly #indexes: MergedIndexes;
  #closed = false;

  constructor(environment: Environment) {
    this.#environment = environment;
    this.#indexes = new MergedIndexes(environment);
  }

  /** A collection itself is but a prefix. */
  async ensureCollection(collection: string, indexes?: readonly MergedIndex[]): Promise<void> {
    await this.#ready();
    if (indexes !== undefined) await this.#indexes.ensure(collection, indexes);
  }

  async checkpoints(collections: readonly string[]): Promise<Checkpoint[]> {
    await this.#ready();
    return collections.flatMap((collection) =>
      this.#inCollection(this.#environment.checkpoints, collection).map(([id, position]) => ({
        ...sourceOf(id),
        collection,
        position: position as number,
      })),
    );
  }

  async load(collection: string, source: TopicPartition, keys: readonly string[]): Promise<FoldedDocument[]> {
    await this.#ready();
    return keys.flatMap((key) => {
      const stored = this.#environment.folded.get([collection, prefixOf(source) + key]) as StoredFolded | undefined;
      return stored === undefined ? [] : [{ key, ...source, ...stored }];
    });
  }

  async isEmpty(collection: string, source: TopicPartition): Promise<boolean> {
    await this.#ready();
    const prefix = prefixOf(source);
    const range = { start: [collection, prefix] as [string, string], limit: 1 };
    for (const [found, id] of this.#environment.folded.getKeys(range)) {
      return found !== collection || !id.startsWith(prefix);
    }
    return true;
  }

  async range({ collection, sources, from, to }: KeyRange): Promise<FoldedDocument[]> {
    await this.#ready();
    const found: FoldedDocument[] = [];
    for (const source of sources) {
      const prefix = prefixOf(source);
      const range = { start: [collection, prefix + from], end: [collection, prefix + to] } as const;
      for (const { key, value } of this.#environment.folded.getRange({
        start: [...range.start],
        end: [...range.end],
      })) {
        found.push({ key: key[1].slice(prefix.length), ...source, ...(value as StoredFolded) });
      }
    }
    return found;
  }

  async merged(collection: string, ids: readonly string[]): Promise<MergedDocument[]> {
    await this.#ready();
    return ids.flatMap((id) => {
      const parts = this.#environment.merged.get([collection, id]) as Parts | undefined;
      return parts === undefined ? [] : [{ id, parts }];
    });
  }

  async list(query: MergedList): Promise<MergedDocument[]> {
    await this.#ready();
    return this.#indexes.list(query);
  }

  async *scanFolded(collection: string, wanted = (_: FoldedPlace): boolean => true): AsyncGenerator<FoldedDocument[]> {
    const isWanted = (id: string): boolean => wanted(placeOf(id));
    for await (const batch of this.#scan(this.#environment.folded, collection, isWanted)) {
      yield batch.map(([id, stored]) => ({ ...placeOf(id), ...(stored as StoredFolded) }));
    }
  }

  async *scanMerged(collection: string, wanted = (_: string): boolean => true): AsyncGenerator<MergedDocument[]> {
    for await (const batch of this.#scan(this.#environment.merged, collection, wanted)) {
      yield batch.map(([id, parts]) => ({ id, parts: parts as Parts }));
    }
  }

  async flush(flushes: readonly Flush[]): Promise<FlushOutcome[]> {
    await this.#ready();
    return this.#environment.write(() => flushes.map((flush) => this.#store(flush)));
  }

  /** Within the transaction: all of the flush, or nothing of it. */
  #store(flush: Flush): FlushOutcome {
    const { folded, checkpoints } = this.#environment;
    const { collection, documents, parts, previous, position } = flush;
    const checkpointId = [collection, `${flush.topic}/${flush.partition}`] as [string, string];
    if (((checkpoints.get(checkpointId) as number | undefined) ?? -1) !== previous) return 'rejected';
    const prefix = prefixOf(flush);
    for (const write of documents) {
      // A document that is not there yet is looked up by its id alone, which is cheaper than reading one.
      const stored = folded.get([collection, prefix + write.key]) as StoredFolded | undefined;
      if ((stored?.position ?? null) !== write.previous) return 'rejected';
    }
    for (const { key, position: at, body } of documents)
      void folded.put([collection, prefix + key], { position: at, body });
    const indexes = parts.length === 0 ? [] : this.#indexes.of(collection);
    for (const part of parts) this.#mergePart(collection, indexes, part);
    void checkpoints.put(checkpointId, position);
    return 'stored';
  }

  #mergePart(
    collection: string,
    indexes: readonly MergedIndex[],
    { id, part, position, fields }: Flush['parts'][number],
  ): void {
    const { merged } = this.#environment;
    const before = merged.get([collection, id]) as Parts | undefined;
    const known = before?.[part];
    if (known !== undefined && known.position >= position) return;
    const after: Parts = { ...before, [part]: { position, fields } };
    void merged.put([collection, id], after);
    this.#indexes.changed(collection, indexes, id, before, after);
  }

  async putMerged(
    collection: string,
    id: string,
    parts: MergedDocument['parts'] | null,
    expected: MergedDocument['parts'] | null,
  ): Promise<boolean> {
    await this.#ready();
    const { merged } = this.#environment;
    return this.#environment.write(() => {
      const before = merged.get([collection, id]) as Parts | undefined;
      if (!isDeepStrictEqual(before ?? null, expected)) return false;
      if (parts === null) void merged.remove([collection, id]);
      else void merged.put([collection, id], parts);
      this.#indexes.changed(collection, this.#indexes.of(collection), id, before, parts);
      return true;
    });
  }

  async getMeta(name: string): Promise<Body | null> {
    await this.#ready();
    return (this.#environment.meta.get(META + name) as Body | undefined) ?? null;
  }

  async putMeta(name: string, value: Body, expected: Body | null): Promise<boolean> {
    await this.#ready();
    const { meta } = this.#environment;
    const stored = await this.#environment.write(() => {
      const present = (meta.get(META + name) as Body | undefined) ?? null;
      if (!isDeepStrictEqual(present, expected)) return false;
      void meta.put(META + name, value);
      return true;
    });
    return stored;
  }

  async dropCollection(collection: string): Promise<void> {
    await this.#ready();
    const { folded, merged, checkpoints } = this.#environment;
    await this.#indexes.forget(collection);
    for (const database of [checkpoints, folded, merged]) {
      await this.#environment.removeAll(database, within(collection));
    }
    await this.#indexes.removeEntries(collection);
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #inCollection(database: Database<unknown, [string, string]>, collection: string): [string, unknown][] {
    return [...database.getRange(within(collection))].map(({ key, value }) => [key[1], value]);
  }

  /** In batches, each from a snapshot of its own: a scan of everything must not hold pages up. */
  async *#scan(
    database: Database<unknown, [string, string]>,
    collection: string,
    wanted: (id: string) => boolean,
  ): AsyncGenerator<[id: string, value: unknown][]> {
    let after: string | null = null;
    for (;;) {
      await this.#ready();
      const start: [string, string] = [collection, after ?? ''];
      const range = { ...within(collection), start, limit: SCAN_BATCH_SIZE + 1 };
      const fresh = [...database.getKeys(range)].map(([, id]) => id).filter((id) => id !== after);
      if (fresh.length === 0) return;
      // What is not wanted is not decoded, which is most of the work. Keys and values are of one snapshot.
      yield fresh.filter(wanted).map((id) => [id, database.get([collection, id])]);
      after = fresh.at(-1) ?? null;
    }
  }

  /** A turn of the event loop: a reader's snapshot of LMDB lasts until then. */
  async #ready(): Promise<void> {
    if (this.#closed) throw new ShopError('CLOSED', 'the read models are closed');
    this.#environment.assertOpen();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function prefixOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}/`;
}

function placeOf(id: string): FoldedPlace {
  const source = sourceOf(id);
  return { key: id.slice(prefixOf(source).length), ...source };
}

/** The topic-partition at the beginning of an id. */
function sourceOf(id: string): TopicPartition {
  const [topic, partition] = id.split('/', 2);
  return { topic: topic as Topic, partition: Number(partition) };
}
