/**
 * Lists of merged documents, by compound indexes on the stored fields.
 *
 * DocumentDB needs two things said. Its own kind of index makes writing orders eight times as slow; the ordered
 * kind has to be asked for. And it sorts all that a filter finds, limit or not, so that a list of the newest has to
 * look at the latest minute first, and further back only when that is not enough.
 */
import type { Collection, Db, Filter, IndexDescription } from 'mongodb';
import { instantOf } from '../../events/instant.ts';
import type { MergedIndex, MergedList } from '../../ports/read-models.ts';
import { askedFor } from '../../ports/read-models-list.ts';
import type { Stored } from './documents.ts';

const MINUTE_MS = 60_000;
/** How far back DocumentDB looks, until it has found enough; then as far as there is anything. */
const WINDOWS_MS: readonly number[] = [1, 20, 360, 7_200, 172_800].map((minutes) => minutes * MINUTE_MS);

export class MergedLists {
  readonly #db: Db;
  readonly #isDocumentDb: boolean;

  constructor(db: Db, isDocumentDb: boolean) {
    this.#db = db;
    this.#isDocumentDb = isDocumentDb;
  }

  /** Makes the indexes that are missing, and those anew that were meant otherwise. */
  async ensure(name: string, indexes: readonly MergedIndex[]): Promise<void> {
    const wanted = indexes.flatMap((index) => this.#descriptionOf(index) ?? []);
    if (wanted.length === 0) return;
    const collection = this.#db.collection(name);
    const present = new Map((await collection.indexes()).map((each) => [each.name, JSON.stringify(each.key)]));
    const missing = wanted.filter((each) => present.get(each.name) !== JSON.stringify(each.key));
    for (const each of missing) if (present.has(each.name)) await collection.dropIndex(each.name ?? '');
    if (missing.length > 0) await collection.createIndexes(missing);
  }

  /** Null where the order of the ids is enough. */
  #descriptionOf({ name, equals, order }: MergedIndex): IndexDescription | null {
    if (equals === null && order === null) return null;
    return {
      name,
      key: { ...(equals === null ? {} : { [equals]: 1 }), ...(order === null ? {} : { [order]: -1 }), _id: -1 },
      ...(this.#isDocumentDb ? { storageEngine: { enableOrderedIndex: true } } : {}),
    };
  }

  async read(query: MergedList): Promise<Stored[]> {
    const { index, before, limit } = query;
    if (limit <= 0) return [];
    const collection = this.#db.collection<Stored>(query.collection);
    const conditions = conditionsOf(query);
    const order = index.order ?? '_id';
    if (before === undefined) return this.#descending(collection, query, conditions, limit);
    const after = [...conditions, { [order]: { $lt: before.order } }];
    if (index.order === null) return find(collection, index, after, limit);
    // Two plain ranges of the index instead of one "or": first what has the same order value.
    const ties = await find(
      collection,
      index,
      [...conditions, { [order]: before.order, _id: { $lt: before.id } }],
      limit,
    );
    if (ties.length === limit) return ties;
    return [...ties, ...(await this.#descending(collection, query, after, limit - ties.length))];
  }

  async #descending(
    collection: Collection<Stored>,
    { index, from, to, before }: MergedList,
    conditions: readonly Filter<Stored>[],
    limit: number,
  ): Promise<Stored[]> {
    const top = instantOf(before?.order ?? to ?? new Date().toISOString());
    const narrows = this.#isDocumentDb && index.equals === null && index.order !== null && !Number.isNaN(top);
    for (const windowMs of narrows ? WINDOWS_MS : []) {
      const since = new Date(top - windowMs).toISOString();
      if (from !== undefined && since <= from) break;
      const found = await find(collection, index, [...conditions, { [index.order ?? '']: { $gte: since } }], limit);
      if (found.length === limit) return found;
    }
    return find(collection, index, conditions, limit);
  }
}

function conditionsOf(query: MergedList): Filter<Stored>[] {
  const { index, from, to } = query;
  const order = index.order ?? '_id';
  const conditions: Filter<Stored>[] = [];
  if (index.equals !== null) conditions.push({ [index.equals]: askedFor(query) });
  // Also where it is open below: a comparison with a text finds nothing but texts.
  conditions.push({ [order]: { $gte: from ?? '' } });
  if (to !== undefined) conditions.push({ [order]: { $lt: to } });
  // Every document has an id, a folded one too.
  if (index.equals === null && index.order === null) conditions.push({ position: { $exists: false } });
  return conditions;
}

function find(
  collection: Collection<Stored>,
  { order }: MergedIndex,
  conditions: readonly Filter<Stored>[],
  limit: number,
): Promise<Stored[]> {
  return collection
    .find({ $and: [...conditions] })
    .sort(order === null ? { _id: -1 } : { [order]: -1, _id: -1 })
    .limit(limit)
    .toArray();
}
