import { describe, expect, it } from 'vitest';
import { handled, placed } from '../backend/queries/testing.ts';
import type { Recorded } from '../backend/events/codec.ts';
import { createFold } from './fold.ts';
import { MemoryModels, MemoryStore } from './model/memory-models.ts';
import { orderCounts } from './order-counts.ts';
import { QUARTER_MS } from './quarter.ts';

const SOURCE = { topic: 'orders', partition: 0 } as const;
const FIRST = Date.parse('2026-01-01T00:00:00.000Z');
const QUARTERS = 3_000;

/** Counts the documents that it is asked for. */
class CountingModels extends MemoryModels {
  loaded = 0;

  override load(...args: Parameters<MemoryModels['load']>): ReturnType<MemoryModels['load']> {
    this.loaded += args[2].length;
    return super.load(...args);
  }
}

function orderIn(quarter: number, offset: number): Recorded {
  const at = FIRST + quarter * QUARTER_MS;
  return { event: placed(`o-${offset}`, at), at, ...SOURCE, offset };
}

/** Folds and flushes in small steps; resolves to the next offset. */
async function foldAll(models: CountingModels, records: readonly Recorded[], checkpoint: number): Promise<void> {
  const fold = await createFold(orderCounts, 'c', SOURCE, checkpoint, models);
  for (let from = 0; from < records.length; from += 100) {
    const batch = records.slice(from, from + 100);
    (await fold.prepare(batch, batch.at(-1)?.offset ?? -1))();
    const taken = fold.take();
    if (taken === null) throw new Error('nothing was folded');
    expect(await models.flush([taken.flush])).toEqual(['stored']);
    fold.settle(taken.flush);
  }
}

async function totals(models: MemoryModels): Promise<number[]> {
  const range = { collection: 'c', sources: [SOURCE], from: '0', to: ':' };
  return (await models.range(range)).map(({ body }) => Number(body['total']));
}

describe('the memory of a partition', () => {
  it('makes room, and takes up what it put away when it is needed again', async () => {
    const models = new CountingModels(new MemoryStore());
    await models.ensureCollection('c');
    // Each quarter twice: once as time goes on, and once more long after it has made room.
    const quarters = [...Array(QUARTERS).keys(), ...Array(QUARTERS).keys()];
    await foldAll(
      models,
      quarters.map((quarter, offset) => orderIn(quarter, offset)),
      -1,
    );
    expect(await totals(models)).toEqual(Array.from({ length: QUARTERS }, () => 2));
    // From the very beginning a new document is never looked for; one that made room is, once.
    expect(models.loaded).toBeGreaterThan(QUARTERS / 2);
    expect(models.loaded).toBeLessThanOrEqual(QUARTERS);
  });

  it('looks every document up when others were stored before', async () => {
    const models = new CountingModels(new MemoryStore());
    await models.ensureCollection('c');
    await foldAll(models, [orderIn(0, 0), orderIn(1, 1)], -1);
    expect(models.loaded).toBe(0);
    await foldAll(models, [orderIn(0, 2), orderIn(2, 3)], 1);
    expect(models.loaded).toBe(2);
    expect(await totals(models)).toEqual([2, 1, 1]);
  });

  it('has nothing to store of events that do not concern it', async () => {
    const models = new CountingModels(new MemoryStore());
    const fold = await createFold(orderCounts, 'c', SOURCE, -1, models);
    const at = FIRST;
    (await fold.prepare([{ event: handled('o', at), at, ...SOURCE, offset: 0 }], 0))();
    expect(fold.take()).toMatchObject({ flush: { documents: [], position: 0 }, changed: [] });
  });
});
