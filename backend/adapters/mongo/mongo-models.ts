/** Read models in MongoDB, or in a server that speaks its protocol. No transactions, no change streams. */
import { isDeepStrictEqual } from 'node:util';
import { MongoClient, type AnyBulkWriteOperation, type Collection, type Db } from 'mongodb';
import { ShopError } from '../../ports/errors.ts';
import type { TopicPartition } from '../../ports/event-log.ts';
import type { Logger } from '../../ports/logger.ts';
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
  PartWrite,
  ReadModels,
} from '../../ports/read-models.ts';
import {
  checkpointId,
  checkpointOf,
  foldedOf,
  isFolded,
  mergedOf,
  prefixOf,
  storedFolded,
  storedMerged,
  type Stored,
} from './documents.ts';
import { DOCUMENT_DB, engineOf } from './engine-name.ts';
import { MergedLists } from './merged-lists.ts';
import { duplicatesOf, isDuplicateKey, toShopError, unanswered } from './mongo-errors.ts';
import { PartWriter } from './write-parts.ts';

export interface MongoModelsOptions {
  /** mongodb://host:port/database; the database is `shopstream` when the URI names none. */
  readonly uri: string;
  readonly logger: Logger;
}

const DATABASE = 'shopstream';
const CHECKPOINTS = 'checkpoints';
const META = 'meta';
const SELECTION_TIMEOUT_MS = 5_000;
/** A write that hangs for so long is given up: its outcome is unknown then, which the projector can take. */
const SOCKET_TIMEOUT_MS = 60_000;
const SCAN_BATCH_SIZE = 1_000;

/** Connects. Rejects with UNAVAILABLE within seconds when nobody answers. */
export async function openMongoModels({ uri, logger }: MongoModelsOptions): Promise<ReadModels> {
  const where = uri.replace(/\/\/[^@/]*@/, '//');
  let client: MongoClient;
  try {
    client = new MongoClient(uri, {
      serverSelectionTimeoutMS: SELECTION_TIMEOUT_MS,
      socketTimeoutMS: SOCKET_TIMEOUT_MS,
      writeConcern: { w: 'majority', journal: true },
      ignoreUndefined: true,
    });
    await client.connect();
  } catch (error) {
    throw unanswered(where, error);
  }
  const named = new URL(uri.replace(/^mongodb(\+srv)?:/, 'http:')).pathname.slice(1);
  const db = client.db(named === '' ? DATABASE : named);
  try {
    return new MongoModels(client, db, where, await engineOf(db), logger);
  } catch (error) {
    await client.close();
    throw unanswered(where, error);
  }
}

class MongoModels implements ReadModels {
  readonly engine: string;
  readonly #client: MongoClient;
  readonly #db: Db;
  readonly #where: string;
  readonly #logger: Logger;
  readonly #lists: MergedLists;
  #closed = false;
  readonly #partWriters = new Map<string, PartWriter>();

  constructor(client: MongoClient, db: Db, where: string, engine: string, logger: Logger) {
    this.#client = client;
    this.#db = db;
    this.#where = where;
    this.engine = engine;
    this.#logger = logger;
    this.#lists = new MergedLists(db, engine.startsWith(DOCUMENT_DB));
  }

  async ensureCollection(collection: string, indexes: readonly MergedIndex[] = []): Promise<void> {
    await this.#run(`creating ${collection}`, async () => {
      const existing = await this.#db.listCollections({}, { nameOnly: true }).toArray();
      const names = new Set(existing.map(({ name }) => name));
      for (const name of [collection, CHECKPOINTS, META]) {
        if (names.has(name)) continue;
        // Another process may be doing the same.
        await this.#db.createCollection(name).catch((error: unknown) => {
          this.#logger.debug({ error, name }, 'The collection was not created; it may be there already.');
        });
      }
      await this.#lists.ensure(collection, indexes);
    });
  }

  async checkpoints(collections: readonly string[]): Promise<Checkpoint[]> {
    const found = await this.#run('reading checkpoints', () =>
      this.#checkpoints()
        .find({ collection: { $in: [...collections] } })
        .toArray(),
    );
    return found.map(checkpointOf);
  }

  async load(collection: string, source: TopicPartition, keys: readonly string[]): Promise<FoldedDocument[]> {
    const ids = keys.map((key) => prefixOf(source) + key);
    return (await this.#byId(collection, ids)).map(foldedOf);
  }

  async isEmpty(collection: string, source: TopicPartition): Promise<boolean> {
    const first = await this.#run(`reading ${collection}`, () =>
      this.#collection(collection).findOne({ _id: idsOf(source) }, { projection: { _id: 1 } }),
    );
    return first === null;
  }

  async range({ collection, sources, from, to }: KeyRange): Promise<FoldedDocument[]> {
    const found = await this.#run(`reading ${collection}`, () =>
      Promise.all(
        sources.map((source) =>
          this.#collection(collection)
            .find({ _id: { $gte: prefixOf(source) + from, $lt: prefixOf(source) + to } })
            .sort({ _id: 1 })
            .toArray(),
        ),
      ),
    );
    return found.flat().map(foldedOf);
  }

  async merged(collection: string, ids: readonly string[]): Promise<MergedDocument[]> {
    return (await this.#byId(collection, ids)).map(mergedOf);
  }

  async list(query: MergedList): Promise<MergedDocument[]> {
    const found = await this.#run(`listing ${query.collection}`, () => this.#lists.read(query));
    return found.map(mergedOf);
  }

  async *scanFolded(collection: string, wanted = (_: FoldedPlace): boolean => true): AsyncGenerator<FoldedDocument[]> {
    for await (const batch of this.#scan(collection)) yield batch.filter(isFolded).map(foldedOf).filter(wanted);
  }

  async *scanMerged(collection: string, wanted = (_: string): boolean => true): AsyncGenerator<MergedDocument[]> {
    for await (const batch of this.#scan(collection)) {
      yield batch.filter((stored) => !isFolded(stored) && wanted(stored._id)).map(mergedOf);
    }
  }

  async flush(flushes: readonly Flush[]): Promise<FlushOutcome[]> {
    const rejected = new Set<Flush>();
    const collections = new Map<string, Flush[]>();
    for (const flush of flushes)
      collections.set(flush.collection, [...(collections.get(flush.collection) ?? []), flush]);
    await this.#run('writing documents', () =>
      Promise.all([...collections].map(([collection, together]) => this.#write(collection, together, rejected))),
    );
    await this.#run('writing checkpoints', () => this.#writeCheckpoints(flushes, rejected));
    return flushes.map((flush) => (rejected.has(flush) ? 'rejected' : 'stored'));
  }

  async #write(collection: string, flushes: readonly Flush[], rejected: Set<Flush>): Promise<void> {
    const parts: PartWrite[] = flushes.flatMap((flush) => flush.parts);
    if (parts.length > 0) await this.#partWriter(collection).write(parts);
    const writes = flushes.flatMap((flush) =>
      flush.documents.map((write) => ({ flush, previous: write.previous, document: storedFolded(flush, write) })),
    );
    await this.#compareAndSet(this.#collection(collection), writes, rejected);
  }

  async #writeCheckpoints(flushes: readonly Flush[], rejected: Set<Flush>): Promise<void> {
    const writes = flushes
      .filter((flush) => !rejected.has(flush))
      .map((flush) => {
        const { collection, topic, partition, position, previous } = flush;
        const document: Stored = { _id: checkpointId(flush), collection, topic, partition, position };
        return { flush, previous: previous === -1 ? null : previous, document };
      });
    await this.#compareAndSet(this.#checkpoints(), writes, rejected);
  }

  /** Puts each document in the place of the one with the position `previous`; where that is not so, its flush is rejected. */
  async #compareAndSet(
    collection: Collection<Stored>,
    writes: { readonly flush: Flush; readonly previous: number | null; readonly document: Stored }[],
    rejected: Set<Flush>,
  ): Promise<void> {
    if (writes.length === 0) return;
    // Sorted by id: bulks that take the same locks in the same order cannot deadlock.
    writes.sort((a, b) => (a.document._id < b.document._id ? -1 : 1));
    const operations = writes.map(({ previous, document }): AnyBulkWriteOperation<Stored> => {
      if (previous === null) return { insertOne: { document } };
      return { replaceOne: { filter: { _id: document._id, position: previous }, replacement: document } };
    });
    let written = 0;
    try {
      const { insertedCount, matchedCount } = await collection.bulkWrite(operations, { ordered: false });
      written = insertedCount + matchedCount;
    } catch (error) {
      duplicatesOf(error);
    }
    if (written === writes.length) return;
    // Somebody else wrote: seldom, so it may cost a look at what is there now.
    const there = await collection
      .find({ _id: { $in: writes.map(({ document }) => document._id) } }, { projection: { position: 1 } })
      .toArray();
    const positions = new Map(there.map((stored) => [stored._id, stored['position']]));
    for (const { flush, document } of writes) {
      if (positions.get(document._id) !== document['position']) rejected.add(flush);
    }
  }

  async putMerged(
    name: string,
    id: string,
    parts: MergedDocument['parts'] | null,
    expected: MergedDocument['parts'] | null,
  ): Promise<boolean> {
    return this.#run(`writing ${name}`, async () => {
      const collection = this.#collection(name);
      const found = await collection.findOne({ _id: id });
      if (!isDeepStrictEqual(found === null ? null : mergedOf(found).parts, expected)) return false;
      if (found === null) return parts === null || inserted(collection, storedMerged({ id, parts }));
      // The whole document, in the very order of its fields: nothing may have come in since it was read.
      const unchanged = { _id: id, $expr: { $eq: ['$$ROOT', { $literal: found }] } };
      if (parts === null) return (await collection.deleteOne(unchanged)).deletedCount === 1;
      return (await collection.replaceOne(unchanged, storedMerged({ id, parts }))).matchedCount === 1;
    });
  }

  async getMeta(name: string): Promise<Body | null> {
    const found = await this.#run('reading', () => this.#collection(META).findOne({ _id: name }));
    return found === null ? null : (found['value'] as Body);
  }

  async putMeta(name: string, value: Body, expected: Body | null): Promise<boolean> {
    return this.#run('writing', async () => {
      const meta = this.#collection(META);
      const found = await meta.findOne({ _id: name });
      if (!isDeepStrictEqual(found === null ? null : found['value'], expected)) return false;
      // Compared here, since MongoDB's equality minds the order of fields; the revision tells of others meanwhile.
      if (found === null) return inserted(meta, { _id: name, revision: 1, value });
      const revision = found['revision'] as number;
      const replacement: Stored = { _id: name, revision: revision + 1, value };
      return (await meta.replaceOne({ _id: name, revision }, replacement)).matchedCount === 1;
    });
  }

  async dropCollection(collection: string): Promise<void> {
    await this.#run(`dropping ${collection}`, async () => {
      this.#partWriters.delete(collection);
      await this.#checkpoints().deleteMany({ collection });
      await this.#collection(collection).drop();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#client.close();
  }

  #byId(collection: string, ids: readonly string[]): Promise<Stored[]> {
    if (ids.length === 0) return Promise.resolve([]);
    return this.#run(`reading ${collection}`, () =>
      this.#collection(collection)
        .find({ _id: { $in: [...ids] } })
        .toArray(),
    );
  }

  async *#scan(collection: string): AsyncGenerator<Stored[]> {
    const cursor = this.#collection(collection).find({}, { batchSize: SCAN_BATCH_SIZE });
    try {
      while (await this.#run(`reading ${collection}`, () => cursor.hasNext())) yield cursor.readBufferedDocuments();
    } finally {
      await cursor.close();
    }
  }

  #collection(name: string): Collection<Stored> {
    return this.#db.collection<Stored>(name);
  }

  #checkpoints(): Collection<Stored> {
    return this.#collection(CHECKPOINTS);
  }

  #partWriter(collection: string): PartWriter {
    let writer = this.#partWriters.get(collection);
    if (writer === undefined) {
      writer = new PartWriter(this.#collection(collection));
      this.#partWriters.set(collection, writer);
    }
    return writer;
  }

  async #run<T>(doing: string, work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new ShopError('CLOSED', 'the read models are closed');
    try {
      return await work();
    } catch (error) {
      throw toShopError(this.#where, doing, error);
    }
  }
}

/** Whether the document was stored: false when its id is taken. */
async function inserted(collection: Collection<Stored>, document: Stored): Promise<boolean> {
  try {
    await collection.insertOne(document);
    return true;
  } catch (error) {
    if (isDuplicateKey(error)) return false;
    throw error;
  }
}

/** The ids of all documents of one source. */
function idsOf(source: TopicPartition): { $gte: string; $lt: string } {
  const prefix = prefixOf(source);
  // '0' follows '/'.
  return { $gte: prefix, $lt: `${prefix.slice(0, -1)}0` };
}
