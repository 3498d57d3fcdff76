import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { open as openLmdb } from 'lmdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MergedIndex, MergedList } from '../../ports/read-models.ts';
import { Environment } from './environment.ts';
import { LmdbModels } from './lmdb-models.ts';

const COLLECTION = 'orders-v1-g1';
const TIME: MergedIndex = { name: 'time', equals: null, order: 'placed.at' };
const CUSTOMER: MergedIndex = { name: 'customer', equals: 'placed.email', order: 'placed.at' };
const BY_TIME: MergedList = { collection: COLLECTION, index: TIME, limit: 100_000 };

let dir: string;
const opened: Environment[] = [];

async function open(mode: 'own' | 'read'): Promise<{ environment: Environment; models: LmdbModels }> {
  const environment = await Environment.open(dir, mode);
  opened.push(environment);
  return { environment, models: new LmdbModels(environment) };
}

beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-indexes-'));
});
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
  await rm(dir, { recursive: true, force: true });
});

async function store(models: LmdbModels, from: number, to: number): Promise<void> {
  const parts = Array.from({ length: to - from }, (_, n) => ({
    id: `o${from + n}`,
    part: 'placed',
    position: from + n,
    fields: { at: String(100_000 + from + n), email: `e${(from + n) % 3}` },
  }));
  const flush = { collection: COLLECTION, topic: 'orders', partition: 0, documents: [], parts } as const;
  expect(await models.flush([{ ...flush, previous: from - 1, position: to - 1 }])).toEqual(['stored']);
}

describe('indexes of merged documents', () => {
  it('are made for data from before there were any, and a reader beside sees them then', async () => {
    const first = await open('own');
    await store(first.models, 0, 50);
    await first.environment.close();
    // As an environment is that was written before there were index entries.
    const raw = openLmdb({ path: path.join(dir, 'shop.mdb'), maxDbs: 32 });
    await raw.openDB('entries', { keyEncoding: 'binary', encoding: 'binary' }).drop();
    await raw.close();
    const reader = await open('read');
    await reader.models.ensureCollection(COLLECTION, [TIME]);
    await expect(reader.models.list(BY_TIME)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await reader.models.list({ ...BY_TIME, collection: 'none-v1-g1' })).toEqual([]);
    // One process holds an environment in one way at a time.
    await reader.environment.close();
    const owner = await open('own');
    await owner.models.ensureCollection(COLLECTION, [TIME]);
    await store(owner.models, 50, 60);
    expect(await (await open('read')).models.list(BY_TIME)).toHaveLength(60);
    expect(await owner.models.list(BY_TIME)).toHaveLength(60);
  });

  it('are not read while they are being made, and miss nothing that is stored meanwhile', async () => {
    const { models } = await open('own');
    await store(models, 0, 4_500);
    const making = models.ensureCollection(COLLECTION, [TIME]);
    const refusals: unknown[] = [];
    const asking = models.list(BY_TIME).catch((error: unknown) => refusals.push(error));
    for (let from = 4_500; from < 4_800; from += 100) await store(models, from, from + 100);
    await Promise.all([making, asking]);
    expect(refusals).toEqual([expect.objectContaining({ code: 'UNAVAILABLE' })]);
    const ids = (await models.list(BY_TIME)).map(({ id }) => id);
    expect(ids).toEqual(Array.from({ length: 4_800 }, (_, n) => `o${4_799 - n}`));
  });

  it('are made anew after a crash while they were made', async () => {
    const first = await open('own');
    await first.models.ensureCollection(COLLECTION, [{ ...CUSTOMER, name: 'time' }]);
    await store(first.models, 0, 30);
    // What is stored when the process ends after the first step: the new meaning, with entries of the old one.
    const stored = { indexes: [TIME], built: false };
    await first.environment.write(() => void first.environment.meta.put(`indexes/${COLLECTION}`, stored));
    await expect(first.models.list(BY_TIME)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await first.environment.close();
    const { environment, models } = await open('own');
    await models.ensureCollection(COLLECTION, [TIME]);
    expect(await models.list(BY_TIME)).toHaveLength(30);
    expect(environment.entries().getCount()).toBe(30);
  });

  it('leave nothing behind when a document moves, or its collection goes', async () => {
    const { environment, models } = await open('own');
    await models.ensureCollection(COLLECTION, [TIME, CUSTOMER]);
    await store(models, 0, 12_000);
    const fields = { at: 'later', email: 'other' };
    const parts = [{ id: 'o7', part: 'placed', position: 12_000, fields }];
    const flush = { collection: COLLECTION, topic: 'orders', partition: 0, documents: [], parts } as const;
    await models.flush([{ ...flush, previous: 11_999, position: 12_000 }]);
    expect(environment.entries().getCount()).toBe(24_000);
    await models.dropCollection(COLLECTION);
    expect(environment.entries().getCount()).toBe(0);
    expect(environment.merged.getCount()).toBe(0);
    expect(environment.meta.get(`indexes/${COLLECTION}`)).toBeUndefined();
  });
});
