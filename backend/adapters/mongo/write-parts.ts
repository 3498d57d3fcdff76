/**
 * Writing parts of merged documents. A part is absolute, so a write that finds its own position or a later one
 * is in already. The fast way for a new document is a plain insert (four times as fast as an upsert); for one
 * that exists a guarded update. Which is likelier is learnt from the bulks before.
 */
import type { AnyBulkWriteOperation, Collection } from 'mongodb';
import type { PartWrite } from '../../ports/read-models.ts';
import type { Stored } from './documents.ts';
import { duplicatesOf } from './mongo-errors.ts';

/** Operations in one bulk: larger ones gain nothing, and hold up whoever waits for the same connection. */
const BULK_SIZE_MAX = 2_000;

export class PartWriter {
  readonly #collection: Collection<Stored>;
  /** Part names, such as "placed", to whether their documents mostly existed already. */
  readonly #mostlyExist = new Map<string, boolean>();

  constructor(collection: Collection<Stored>) {
    this.#collection = collection;
  }

  async write(writes: readonly PartWrite[]): Promise<void> {
    const byId = new Map<string, PartWrite[]>();
    for (const write of writes) {
      const same = byId.get(write.id);
      if (same === undefined) byId.set(write.id, [write]);
      else same.push(write);
    }
    const inserts: PartWrite[][] = [];
    const updates: PartWrite[] = [];
    // Sorted by id: bulks that take the same locks in the same order cannot deadlock.
    for (const [, parts] of [...byId].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (this.#mostlyExist.get(signatureOf(parts)) === true) updates.push(...parts);
      else inserts.push(parts);
    }
    for (const chunk of chunks(inserts)) await this.#insert(chunk);
    for (const chunk of chunks(updates)) await this.#update(chunk, true);
  }

  async #insert(documents: readonly (readonly PartWrite[])[]): Promise<void> {
    const operations = documents.map((parts) => ({ insertOne: { document: documentOf(parts) } }));
    let existing = new Set<number>();
    try {
      await this.#collection.bulkWrite(operations, { ordered: false });
    } catch (error) {
      existing = duplicatesOf(error);
    }
    this.#learn(documents, (index) => existing.has(index));
    const rest = documents.filter((_, index) => existing.has(index)).flat();
    if (rest.length > 0) await this.#update(rest, false);
  }

  async #update(parts: readonly PartWrite[], learn: boolean): Promise<void> {
    const operations = parts.map(guardedUpdate);
    const present = new Set<number>(parts.keys());
    try {
      const { upsertedIds } = await this.#collection.bulkWrite(operations, { ordered: false });
      for (const index of Object.keys(upsertedIds)) present.delete(Number(index));
    } catch (error) {
      // Not written since the stored part has this position or a later one.
      duplicatesOf(error);
    }
    if (learn) {
      this.#learn(
        parts.map((part) => [part]),
        (index) => present.has(index),
      );
    }
  }

  #learn(documents: readonly (readonly PartWrite[])[], existed: (index: number) => boolean): void {
    const seen = new Map<string, { all: number; existed: number }>();
    documents.forEach((parts, index) => {
      const count = seen.get(signatureOf(parts)) ?? { all: 0, existed: 0 };
      count.all += 1;
      if (existed(index)) count.existed += 1;
      seen.set(signatureOf(parts), count);
    });
    for (const [signature, count] of seen) this.#mostlyExist.set(signature, count.existed * 2 > count.all);
  }
}

function signatureOf(parts: readonly PartWrite[]): string {
  return parts.length === 1 ? (parts[0]?.part ?? '') : parts.map(({ part }) => part).join('+');
}

/** Of two writes of the same part the later position counts. */
function documentOf(parts: readonly PartWrite[]): Stored {
  const document: Stored = { _id: parts[0]?.id ?? '' };
  for (const { part, position, fields } of parts) {
    const present = document[part] as { position: number } | undefined;
    if (present === undefined || present.position < position) document[part] = { position, ...fields };
  }
  return document;
}

function guardedUpdate({ id, part, position, fields }: PartWrite): AnyBulkWriteOperation<Stored> {
  return {
    updateOne: {
      // A missing position is not ≥ either.
      filter: { _id: id, [`${part}.position`]: { $not: { $gte: position } } },
      update: { $set: { [part]: { position, ...fields } } },
      upsert: true,
    },
  };
}

function* chunks<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += BULK_SIZE_MAX) yield items.slice(from, from + BULK_SIZE_MAX);
}
