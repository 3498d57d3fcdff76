/** Live figures while the collections that they are read from change: by a rebuild, and by midnight. */
import { describe, expect, it } from 'vitest';
import { MemoryModels, MemoryStore } from '../../projections/model/memory-models.ts';
import type { FoldedDocument, KeyRange } from '../ports/read-models.ts';
import type { Collections } from '../queries/collections.ts';
import { collectionsFor, foldInto, placed, Recorder } from '../queries/testing.ts';
import { LiveStatsSource } from './live-stats.ts';

const NOON = Date.parse('2026-11-22T12:00:00.000Z');
const DAY_MS = 86_400_000;
const FORMER = collectionsFor('former');
const NEXT = collectionsFor('next');

/** Read models in which documents of some collections are always past their checkpoints, as in the midst of a flush. */
class FlushingModels extends MemoryModels {
  isFlushing: (collection: string) => boolean = () => false;

  override async range(range: KeyRange): Promise<FoldedDocument[]> {
    const found = await super.range(range);
    return this.isFlushing(range.collection) ? found.map((each) => ({ ...each, position: Infinity })) : found;
  }
}

interface Stage {
  readonly models: FlushingModels;
  readonly source: LiveStatsSource;
  readonly change: (to: Collections) => void;
}

/** Three orders in the former collections, and as many as told in the next. */
async function stage(inNext: number): Promise<Stage> {
  const models = new FlushingModels(new MemoryStore());
  const recorder = new Recorder();
  const records = [0, 1, 2, 3].map((n) => recorder.record(placed(`o-${n}`, NOON - n * 1_000), 0));
  await foldInto(models, FORMER, records.slice(0, 3));
  if (inNext > 0) await foldInto(models, NEXT, records.slice(0, inNext));
  else await foldInto(models, NEXT, []);
  let collections = FORMER;
  const source = new LiveStatsSource({
    models,
    collections: () => Promise.resolve(collections),
    timeZone: 'UTC',
    currency: 'SEK',
  });
  return { models, source, change: (to) => (collections = to) };
}

async function ordersAt(source: LiveStatsSource, now: number): Promise<number> {
  return (await source.look(now)).stats.ordersToday;
}

describe('live figures', () => {
  it('stay until another generation has been read whole, and then are of that', async () => {
    const { models, source, change } = await stage(4);
    expect(await ordersAt(source, NOON)).toBe(3);
    models.isFlushing = (collection) => collection.startsWith('next');
    change(NEXT);
    expect(await source.look(NOON)).toMatchObject({ isBehind: true, stats: { ordersToday: 3 } });
    models.isFlushing = () => false;
    expect(await source.look(NOON)).toMatchObject({ isBehind: false, stats: { ordersToday: 4 } });
  });

  it('stay until another generation is as far', async () => {
    const { source, change } = await stage(2);
    expect(await ordersAt(source, NOON)).toBe(3);
    change(NEXT);
    expect(await source.look(NOON)).toMatchObject({ isBehind: true, stats: { ordersToday: 3 } });
  });

  it('are those of the new day at midnight, whether or not all of it can be read', async () => {
    const { models, source } = await stage(0);
    expect(await ordersAt(source, NOON)).toBe(3);
    models.isFlushing = () => true;
    const { stats } = await source.look(NOON + DAY_MS);
    expect(stats).toMatchObject({ ordersToday: 0, yesterday: { ordersToday: 3 } });
  });

  it('are not told at all before they have been read once', async () => {
    const { models, source } = await stage(0);
    models.isFlushing = () => true;
    await expect(source.look(NOON)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    models.isFlushing = () => false;
    expect(await ordersAt(source, NOON)).toBe(3);
  });
});
