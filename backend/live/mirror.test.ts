/**
 * The mirror beside projectors that crash, lose partitions and repeat themselves: whenever it was refreshed,
 * each of its partitions is exactly the plain fold of the log up to the position that it says it is at.
 */
import { describe, expect, it } from 'vitest';
import { MemoryModels } from '../../projections/model/memory-models.ts';
import { World } from '../../projections/model/world.ts';
import { orderCounts } from '../../projections/order-counts.ts';
import type { FoldedProjection } from '../../projections/projection.ts';
import { startProjector } from '../../projections/projector.ts';
import { stock } from '../../projections/stock.ts';
import { eventsIn } from '../events/record.ts';
import type { ReadModelUpdate } from '../ports/announcements.ts';
import type { KeyRange } from '../ports/read-models.ts';
import { Mirror, type Coverage } from './mirror.ts';

const SEEDS = Number(process.env['MODEL_SEEDS'] ?? 300);
const CHAOS_STEPS = 150;
const SETTLE_STEPS_MAX = 6_000;
const PROJECTIONS: readonly FoldedProjection[] = [orderCounts as FoldedProjection, stock as FoldedProjection];
/** All keys but those of receipts, which nobody mirrors. */
const RANGES = [
  { from: '0', to: ':' },
  { from: 'product/', to: 'product0' },
];

/** Counts what it asks of the store. */
class CountingModels extends MemoryModels {
  ranges = 0;
  loads = 0;

  override range(range: KeyRange): ReturnType<MemoryModels['range']> {
    this.ranges += 1;
    return super.range(range);
  }

  override load(...args: Parameters<MemoryModels['load']>): ReturnType<MemoryModels['load']> {
    this.loads += 1;
    return super.load(...args);
  }
}

function coveragesOf(world: World): Coverage[] {
  return PROJECTIONS.map(({ name, topics }) => ({
    collection: name,
    sources: world.partitions.filter(({ topic }) => topics.some((each) => each === topic)),
    ranges: RANGES,
  }));
}

/** What differs between the mirror and the plain fold up to its positions. */
async function faultsOf(mirror: Mirror, world: World): Promise<string[]> {
  const faults: string[] = [];
  for (const projection of PROJECTIONS) {
    const checkpoints = await mirror.checkpoints([projection.name]);
    for (const { topic, partition, records } of world.partitions) {
      if (!projection.topics.some((each) => each === topic)) continue;
      const position = checkpoints.find((each) => each.topic === topic && each.partition === partition)?.position ?? -1;
      const expected = new Map<string, object>();
      for (const recorded of eventsIn({ topic, partition, records })) {
        if (recorded.offset > position) continue;
        for (const key of projection.keysOf(recorded)) {
          if (!RANGES.some(({ from, to }) => from <= key && key < to)) continue;
          const document = expected.get(key) ?? projection.initial(key);
          projection.evolve(document, recorded, key);
          expected.set(key, document);
        }
      }
      const sources = [{ topic, partition }];
      const found = await Promise.all(
        RANGES.map((range) => mirror.range({ collection: projection.name, sources, ...range })),
      );
      const actual = new Map(found.flat().map(({ key, body }) => [key, body]));
      const asText = (documents: Map<string, object>): string =>
        JSON.stringify([...documents].sort(([a], [b]) => (a < b ? -1 : 1)));
      if (asText(actual) !== asText(expected)) {
        faults.push(`${projection.name} ${topic}/${partition} at ${position}: ${asText(actual)}`);
      }
    }
  }
  return faults;
}

describe('the mirror', () => {
  it(`is the plain fold at its positions, for ${SEEDS} seeds`, { timeout: 300_000 }, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const models: { mirror?: Mirror } = {};
      // Every fifth announcement gets lost.
      const announce = (updates: readonly ReadModelUpdate[]): void => {
        if (!world.scheduler.chance(20)) models.mirror?.note(updates);
      };
      const world = new World(seed, startProjector, PROJECTIONS, announce);
      const mirror = new Mirror(new MemoryModels(world.store), coveragesOf(world));
      models.mirror = mirror;
      world.append(30);
      world.spawn();
      world.spawn();
      for (let step = 0; step < CHAOS_STEPS; step++) {
        await world.step();
        if (step % 5 !== 0) continue;
        await mirror.refresh();
        expect(await faultsOf(mirror, world), `seed ${seed}, step ${step}`).toEqual([]);
      }
      expect(await world.settle(SETTLE_STEPS_MAX)).toBe(true);
      await mirror.refresh();
      expect(await faultsOf(mirror, world), `seed ${seed}, at rest`).toEqual([]);
      for (const { topic, partition, end } of world.partitions) {
        const stored = (await mirror.checkpoints(['stock'])).find(
          (each) => each.topic === topic && each.partition === partition,
        );
        if (end > 0 && topic !== 'handled-orders') expect(stored?.position).toBe(end - 1);
      }
    }
  });

  it('reads only what changed while announcements follow each other', async () => {
    const world = new World(1, startProjector, PROJECTIONS);
    const models = new CountingModels(world.store);
    const mirror = new Mirror(models, [
      { collection: 'order-counts', sources: [{ topic: 'orders', partition: 0 }], ranges: RANGES },
    ]);
    await models.ensureCollection('order-counts');
    const source = { collection: 'order-counts', topic: 'orders', partition: 0 } as const;
    const flush = async (previous: number, position: number, keys: readonly string[] | null): Promise<void> => {
      const documents = [{ key: '2026-11-22T14:00Z', previous: previous < 0 ? null : previous, position, body: {} }];
      expect(await models.flush([{ ...source, documents, parts: [], previous, position }])).toEqual(['stored']);
      if (keys !== null) mirror.note([{ ...source, previous, position, keys }]);
    };
    await mirror.refresh();
    const before = models.ranges;
    await flush(-1, 5, ['2026-11-22T14:00Z']);
    expect(await mirror.refresh()).toBe(true);
    await flush(5, 7, ['2026-11-22T14:00Z']);
    await flush(7, 9, ['2026-11-22T14:00Z']);
    expect(await mirror.refresh()).toBe(true);
    expect([models.ranges - before, models.loads]).toEqual([0, 2]);
    expect(await mirror.refresh()).toBe(false);
    await flush(9, 11, null);
    expect(await mirror.refresh()).toBe(true);
    expect(models.ranges - before).toBe(RANGES.length);
    expect((await mirror.checkpoints(['order-counts']))[0]?.position).toBe(11);
  });
});
