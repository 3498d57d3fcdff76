/** Rebuilding in processes that are killed: at any moment, and as often as one likes. SEED sets where. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GRACE_MS } from '../../projections/generations.ts';
import { sales } from '../../projections/sales.ts';
import { eventually, memoryGround, over, REBUILT, ReplayWorld, type Process } from './replay-test-kit.ts';

const SEED = Number(process.env['SEED'] ?? 20_261_122);
const KILLS = 25;
const DEATHS_MAX = 3;

/** Counts the uses of the read models, and kills when there were so many. */
class Fate {
  uses = 0;
  readonly #last: number;

  constructor(last: number) {
    this.#last = last;
  }

  readonly isKilled = (): boolean => ++this.uses > this.#last;
}

/** Begins to rebuild everything. Where the process dies on the way, that is all. */
async function rebuilding(world: ReplayWorld, fate: Fate): Promise<Process | null> {
  try {
    const process = await world.process({ isKilled: fate.isKilled });
    process.replays.resume();
    if ((await world.lineage(sales)).building === null) await process.replays.start('all').catch(() => {});
    return process;
  } catch {
    return null;
  }
}

async function newWorld(): Promise<{ readonly world: ReplayWorld; readonly collections: () => string[] }> {
  const ground = memoryGround();
  const world = await ReplayWorld.on(ground);
  await world.place(60);
  const first = await world.process();
  await world.folded();
  await first.stop();
  return { world, collections: () => [...ground.store.folded.keys()].sort() };
}

/** How often a rebuild that nothing happens to uses the read models. */
async function usesOfOne(): Promise<number> {
  const { world } = await newWorld();
  const fate = new Fate(Infinity);
  const process = await rebuilding(world, fate);
  if (process === null) throw new Error('it was not begun');
  await over(process.replays, sales);
  await process.stop();
  return fate.uses;
}

describe('a process that is killed while it rebuilds', () => {
  it(
    `leaves the live generation as it is, and the next one finishes (SEED=${SEED})`,
    { timeout: 120_000 },
    async () => {
      const uses = await usesOfOne();
      const lives = fc.array(fc.integer({ min: 1, max: uses }), { minLength: 1, maxLength: DEATHS_MAX });
      const stages = new Set<string>();
      for (const kills of fc.sample(lives, { seed: SEED, numRuns: KILLS })) {
        const { world, collections } = await newWorld();
        for (const kill of kills) {
          const fate = new Fate(kill);
          const process = await rebuilding(world, fate);
          await world.place(5);
          await eventually(() => Promise.resolve(fate.uses > kill));
          await process?.stop().catch(() => {});
          const { live, building, flip } = await world.lineage(sales);
          stages.add(building === null ? `live ${live.generation}` : flip === null ? building.phase : 'flip');
          const { ok, projections } = await world.verified();
          expect(ok, `killed after ${kills.join()}: ${JSON.stringify(projections)}`).toBe(true);
        }
        await finishes(world);
        const generations = await Promise.all(REBUILT.map(async (each) => (await world.lineage(each)).live.generation));
        const expected = REBUILT.map(({ name }, index) => `${name}-v1-g${generations[index] ?? 0}`).sort();
        expect(collections(), `killed after ${kills.join()}`).toEqual(expected);
      }
      // The kills have to fall into every stage, or this says little.
      expect([...stages]).toEqual(expect.arrayContaining(['live 1', 'folding', 'comparing']));
    },
  );
});

/** One that nothing happens to goes on, rebuilds what was not begun, and clears up. */
async function finishes(world: ReplayWorld): Promise<void> {
  const process = await world.process();
  process.replays.resume();
  for (const projection of REBUILT) {
    await eventually(async () => (await world.lineage(projection)).building === null);
    if ((await world.lineage(projection)).live.generation > 1) continue;
    await process.replays.start(projection.name);
    expect(await over(process.replays, projection)).toMatchObject({ state: 'SWAPPED', differences: 0 });
  }
  world.clock.advance(GRACE_MS + 10_000);
  for (const projection of REBUILT) {
    await eventually(async () => (await world.lineage(projection)).retired.length === 0);
  }
  await world.folded();
  expect((await world.verified()).ok).toBe(true);
  await process.stop();
}
