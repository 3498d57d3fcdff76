/**
 * What every store of read models must do, whatever engine is behind it. An adapter's own test file calls
 * this with a way to open a fresh store.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { flushSuite } from './read-models.contract-flush.ts';
import {
  COLLECTION,
  ORDERS_0,
  TEST_MAX_MS,
  checkpointOf,
  flushOf,
  folded,
  part,
  write,
  type Current,
  type OpenedModels,
  type OpenModels,
} from './read-models.contract-kit.ts';
import { listSuite } from './read-models.contract-list.ts';
import { mendSuite } from './read-models.contract-mend.ts';
import { mergedSuite } from './read-models.contract-merged.ts';
import { readingSuite } from './read-models.contract-reading.ts';

export function readModelsContract(name: string, open: OpenModels): void {
  describe(`${name} keeps the read models' promises`, { timeout: TEST_MAX_MS }, () => {
    const current = opened(open);
    describe('folded documents', () => flushSuite(current));
    describe('merged documents', () => mergedSuite(current));
    describe('mending', () => mendSuite(current));
    describe('lists', () => listSuite(current));
    describe('reading', () => readingSuite(current));
    describe('meta', () => metaSuite(current));
    describe('collections', () => collectionSuite(current));
  });
}

/** The lists alone, for a store that makes no other promise about its engine. */
export function listContract(name: string, open: OpenModels): void {
  describe(`${name} lists merged documents`, { timeout: TEST_MAX_MS }, () => listSuite(opened(open)));
}

function opened(open: OpenModels): Current {
  let present: OpenedModels | null = null;
  const need = (): OpenedModels => {
    if (present === null) throw new Error('no store is open');
    return present;
  };
  beforeEach(async () => {
    present = await open();
    await present.models.ensureCollection(COLLECTION);
  }, TEST_MAX_MS);
  afterEach(async () => {
    await present?.dispose();
    present = null;
  }, TEST_MAX_MS);
  return {
    get models() {
      return need().models;
    },
    reopen: () => need().reopen(),
  };
}

function metaSuite(current: Current): void {
  it('stores a value only over the one expected', async () => {
    const { models } = current;
    expect(await models.getMeta('live')).toBeNull();
    expect(await models.putMeta('live', { sales: 1 }, { sales: 0 })).toBe(false);
    expect(await models.getMeta('live')).toBeNull();
    const first = { sales: 1, 'a.b': [1, { $c: null }], big: Number.MAX_SAFE_INTEGER };
    expect(await models.putMeta('live', first, null)).toBe(true);
    expect(await models.getMeta('live')).toEqual(first);
    expect(await models.putMeta('live', { sales: 9 }, null)).toBe(false);
    expect(await models.putMeta('live', { sales: 9 }, { ...first, big: 1 })).toBe(false);
    expect(await models.getMeta('live')).toEqual(first);
    // Deeply equal is enough: the order of the keys is of no concern.
    const reordered = { big: first.big, 'a.b': [1, { $c: null }], sales: 1 };
    expect(await models.putMeta('live', { sales: 2 }, reordered)).toBe(true);
    expect(await models.getMeta('live')).toEqual({ sales: 2 });
    expect(await models.getMeta('other')).toBeNull();
  });

  it('lets exactly one of several racing puts win', async () => {
    const { models, reopen } = current;
    const other = await reopen();
    for (let round = 0; round < 10; round++) {
      const expected = round === 0 ? null : await models.getMeta('live');
      const outcomes = await Promise.all(
        [models, other, models, other].map((each, index) => each.putMeta('live', { round, index }, expected)),
      );
      expect(outcomes.filter((won) => won)).toHaveLength(1);
      expect(await other.getMeta('live')).toEqual({ round, index: outcomes.indexOf(true) });
    }
  });
}

function collectionSuite(current: Current): void {
  it('ensures a collection as often as asked', async () => {
    const { models } = current;
    await Promise.all([models.ensureCollection('a-v1-g1'), models.ensureCollection('a-v1-g1')]);
    await models.ensureCollection(COLLECTION);
    expect(models.engine).not.toBe('');
    expect(await models.checkpoints([COLLECTION, 'a-v1-g1'])).toEqual([]);
  });

  it('drops a collection with its checkpoints, and nothing else', async () => {
    const { models } = current;
    // A name that begins like another one must not go with it.
    const kept = `${COLLECTION}0`;
    await models.ensureCollection(kept);
    for (const collection of [COLLECTION, kept]) {
      const documents = Array.from({ length: 300 }, (_, index) => write(`k${index}`, null, index));
      const rest = { collection, documents, parts: [part('o1', 'placed', 4)] };
      expect(await models.flush([flushOf(ORDERS_0, -1, 299, rest)])).toEqual(['stored']);
    }
    await models.dropCollection(COLLECTION);
    await models.dropCollection('never-there-v1-g1');
    expect(await models.isEmpty(COLLECTION, ORDERS_0)).toBe(true);
    expect(await models.load(COLLECTION, ORDERS_0, ['k1'])).toEqual([]);
    expect(await models.merged(COLLECTION, ['o1'])).toEqual([]);
    expect(await checkpointOf(models, ORDERS_0)).toBe(-1);
    expect(await models.load(kept, ORDERS_0, ['k1'])).toEqual([folded(ORDERS_0, 'k1', 1)]);
    expect(await models.merged(kept, ['o1'])).toHaveLength(1);
    expect(await checkpointOf(models, ORDERS_0, kept)).toBe(299);
  });

  it('finds everything again after it was opened anew', async () => {
    const { models, reopen } = current;
    const rest = { documents: [write('k', null, 7)], parts: [part('o1', 'placed', 7)] };
    await models.flush([flushOf(ORDERS_0, -1, 7, rest)]);
    await models.putMeta('log', { logId: 'x' }, null);
    const again = await reopen();
    expect(await again.load(COLLECTION, ORDERS_0, ['k'])).toEqual([folded(ORDERS_0, 'k', 7)]);
    expect(await again.merged(COLLECTION, ['o1'])).toEqual([
      { id: 'o1', parts: { placed: { position: 7, fields: { at: 7 } } } },
    ]);
    expect(await checkpointOf(again, ORDERS_0)).toBe(7);
    expect(await again.getMeta('log')).toEqual({ logId: 'x' });
  });

  it('refuses what comes after it was closed', async () => {
    const { models } = current;
    await models.close();
    await models.close();
    await expect(models.checkpoints([COLLECTION])).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(models.flush([flushOf(ORDERS_0, -1, 1)])).rejects.toMatchObject({ code: 'CLOSED' });
  });
}
