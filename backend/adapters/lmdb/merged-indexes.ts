/**
 * Indexes of merged documents: one entry, a key alone, for each document and index, written in the transaction that
 * writes the document. Which indexes a collection has is stored beside it, so that whoever writes keeps them.
 */
import { isDeepStrictEqual } from 'node:util';
import { ShopError } from '../../ports/errors.ts';
import type { MergedDocument, MergedIndex, MergedList } from '../../ports/read-models.ts';
import { inListOrder, isListed, placeOf } from '../../ports/read-models-list.ts';
import { boundsOf, entriesOf, entryKey, isShared, readKey } from './entry-keys.ts';
import { within, type Environment } from './environment.ts';

type Parts = MergedDocument['parts'];

/** A collection's indexes, as they are stored. */
interface Stored {
  readonly indexes: readonly MergedIndex[];
  /** False while entries of the documents from before are still being written. */
  readonly built: boolean;
}

const INDEXES = 'indexes/';
const NO_VALUE = Buffer.alloc(0);
/** In one transaction: others wait for as long as it lasts. */
const DOCUMENTS_AT_ONCE_MAX = 1_000;

export class MergedIndexes {
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** Makes the indexes those of the collection, and writes the entries of the documents that are there already. */
  async ensure(collection: string, indexes: readonly MergedIndex[]): Promise<void> {
    if (this.#environment.mode === 'read') return;
    if (isDeepStrictEqual(this.#stored(collection), { indexes, built: true })) return;
    // From here on every flush writes entries; what was stored before gets them below.
    await this.#store(collection, { indexes, built: false });
    await this.removeEntries(collection);
    await this.#build(collection, indexes);
    await this.#store(collection, { indexes, built: true });
  }

  /** The collection's indexes, for `changed`. Within a transaction. */
  of(collection: string): readonly MergedIndex[] {
    return this.#stored(collection)?.indexes ?? [];
  }

  /** Moves a document's entries to where it belongs now. Within the transaction that stores the document. */
  changed(
    collection: string,
    indexes: readonly MergedIndex[],
    id: string,
    before: Parts | undefined,
    after: Parts | null,
  ): void {
    const entries = this.#environment.entries();
    for (const index of indexes) {
      const was = before === undefined ? null : placeOf(index, { id, parts: before });
      const is = after === null ? null : placeOf(index, { id, parts: after });
      if (was !== null && is !== null && was.equals === is.equals && was.order === is.order) continue;
      if (was !== null) void entries.remove(entryKey(collection, index, was, id));
      if (is !== null) void entries.put(entryKey(collection, index, is, id), NO_VALUE);
    }
  }

  list(query: MergedList): MergedDocument[] {
    if (!this.#isBuilt(query)) return [];
    const found: MergedDocument[] = [];
    for (const ids of this.#runsOf(query)) {
      const documents = ids.flatMap((id) => this.#read(query.collection, id)).filter((each) => isListed(query, each));
      if (documents.length > 1) documents.sort(inListOrder(query.index));
      found.push(...documents);
      if (found.length >= query.limit) break;
    }
    return found.slice(0, query.limit);
  }

  /** The first step of dropping a collection: entries that are left behind by a crash count for nothing then. */
  async forget(collection: string): Promise<void> {
    await this.#environment.write(() => void this.#environment.meta.remove(INDEXES + collection));
  }

  /** The last step. */
  async removeEntries(collection: string): Promise<void> {
    await this.#environment.removeAll(this.#environment.entries(), entriesOf(collection));
  }

  /** Ids from the highest key down; those whose order value is cut off in their keys come together. */
  *#runsOf(query: MergedList): Generator<string[]> {
    const { prefix, start, end } = boundsOf(query);
    let run: { readonly order: Buffer; readonly ids: string[] } | null = null;
    for (const key of this.#environment.entries().getKeys({ start, end, reverse: true })) {
      const { order, id } = readKey(key, prefix);
      if (run !== null && run.order.equals(order)) {
        run.ids.push(id);
        continue;
      }
      if (run !== null) yield run.ids;
      run = null;
      if (isShared(order)) run = { order: Buffer.from(order), ids: [id] };
      else yield [id];
    }
    if (run !== null) yield run.ids;
  }

  #read(collection: string, id: string): MergedDocument[] {
    const parts = this.#environment.merged.get([collection, id]) as Parts | undefined;
    return parts === undefined ? [] : [{ id, parts }];
  }

  /** False when there is nothing to be listed at all; throws when there is, but not by this index. */
  #isBuilt({ collection, index }: MergedList): boolean {
    const stored = this.#stored(collection);
    if (stored?.built === true && stored.indexes.some((each) => isDeepStrictEqual(each, index))) return true;
    const [any] = [...this.#environment.merged.getKeys({ ...within(collection), limit: 1 })];
    if (any === undefined) return false;
    throw new ShopError(
      'UNAVAILABLE',
      `the index ${index.name} of ${collection} is not there yet; start the projector, or wait until it has made it`,
    );
  }

  async #build(collection: string, indexes: readonly MergedIndex[]): Promise<void> {
    for (let after: string | null = ''; after !== null;) {
      const start: [string, string] = [collection, after];
      after = await this.#environment.write(() => this.#buildFrom(start, indexes));
    }
  }

  /** Within a transaction. Resolves to the id to go on with; null at the end. */
  #buildFrom(start: [string, string], indexes: readonly MergedIndex[]): string | null {
    const [collection] = start;
    let count = 0;
    const range = { ...within(collection), start, limit: DOCUMENTS_AT_ONCE_MAX + 1 };
    for (const { key, value } of this.#environment.merged.getRange(range)) {
      const [, id] = key;
      if (count === DOCUMENTS_AT_ONCE_MAX) return id;
      count += 1;
      this.changed(collection, indexes, id, undefined, value as Parts);
    }
    return null;
  }

  #stored(collection: string): Stored | undefined {
    return this.#environment.meta.get(INDEXES + collection) as Stored | undefined;
  }

  async #store(collection: string, stored: Stored): Promise<void> {
    await this.#environment.write(() => void this.#environment.meta.put(INDEXES + collection, stored));
  }
}
