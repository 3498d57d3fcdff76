import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { GRACE_MS } from '../../projections/generations.ts';
import { orderCounts } from '../../projections/order-counts.ts';
import type { FoldedProjection, Projection } from '../../projections/projection.ts';
import { sales } from '../../projections/sales.ts';
import { openEmbedded } from '../adapters/lmdb/embedded.ts';
import { silentLogger } from '../ports/logger.ts';
import {
  eventually,
  found,
  memoryGround,
  over,
  Reader,
  REBUILT,
  ReplayWorld,
  type Ground,
  type Process,
  type ProcessOptions,
} from './replay-test-kit.ts';

/** Longer than a retired generation stays. */
const UNTIL_DROPPED_MS = GRACE_MS + 10_000;

const running: Process[] = [];
afterEach(async () => {
  for (const process of running.splice(0)) await process.stop();
});

async function started(world: ReplayWorld, options: ProcessOptions = {}): Promise<Process> {
  const process = await world.process(options);
  running.push(process);
  return process;
}

async function lmdbGround(): Promise<Ground> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-replay-'));
  const embedded = await openEmbedded({ dir, logger: silentLogger, mode: 'own' });
  onTestFinished(async () => {
    await embedded.close();
    await rm(dir, { recursive: true, force: true });
  });
  return { log: () => Promise.resolve(embedded.log), models: () => Promise.resolve(embedded.models) };
}

/** Orders come in, a few at a time, until it is ended. */
function placing(world: ReplayWorld): { stop(): Promise<void> } {
  let stopped = false;
  const run = async (): Promise<void> => {
    while (!stopped) {
      await world.place(3);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  const done = run();
  return {
    stop: async () => {
      stopped = true;
      await done;
    },
  };
}

/** The later generations lag behind the earlier ones. */
const slowWhenNew = (collection: string): number => 15 * Number(collection.split('-g')[1]);

describe.each([
  ['memory', () => Promise.resolve(memoryGround())],
  ['LMDB', lmdbGround],
])('rebuilding while orders come in, on %s', (_, ground) => {
  it('shows no reader a mixture, nor a step back', { timeout: 60_000 }, async () => {
    const world = await ReplayWorld.on(await ground());
    await world.place(200);
    const { replays } = await started(world, { slowMs: slowWhenNew });
    const orders = placing(world);
    const readers = [new Reader(world), new Reader(world)];
    for (let round = 0; round < 3; round++) {
      await replays.startAll(['all']);
      expect(await over(replays, sales)).toMatchObject({ state: 'SWAPPED', differences: 0, error: null });
      await found(replays, ({ projection, state }) => projection === 'orders' && state === 'SWAPPED');
      await eventually(() => Promise.resolve(readers.every(({ seen }) => seen.at(-1) === `${round + 2} ${round + 2}`)));
    }
    for (const reader of readers) {
      await reader.stop();
      expect(reader.wrong).toEqual([]);
      // Both projections change over at once.
      expect(reader.seen).toEqual(['1 1', '2 2', '3 3', '4 4']);
      expect(reader.answers).toBeGreaterThan(10);
    }
    await orders.stop();
    await world.folded();
    expect((await world.verified()).ok).toBe(true);
  });
});

describe('rebuilding in another process than the one that projects', () => {
  it('holds the live generation back for the flip', { timeout: 60_000 }, async () => {
    const world = await ReplayWorld.on();
    await world.place(200);
    await started(world, { sole: false, slowMs: slowWhenNew });
    const { replays } = await started(world, { sole: false, projects: false, holdMs: 1_000 });
    const orders = placing(world);
    const reader = new Reader(world);
    await replays.startAll(['sales', 'order-counts'], { keep: true });
    expect(await over(replays, sales)).toMatchObject({ state: 'SWAPPED' });
    await replays.back(['sales', 'order-counts']);
    await eventually(() => Promise.resolve(reader.seen.length === 3));
    await reader.stop();
    await orders.stop();
    expect(reader.wrong).toEqual([]);
    expect(reader.seen).toEqual(['1 1', '2 2', '1 1']);
  });

  it('says so when nobody folds, and gives up when it is told to', async () => {
    const world = await ReplayWorld.on();
    await world.place(10);
    const { replays } = await started(world, { sole: false, projects: false });
    await replays.start('sales');
    world.clock.advance(11_000);
    const waiting = await found(replays, ({ note }) => note !== null);
    expect(waiting).toMatchObject({ state: 'FOLDING', records: 0, secondsLeft: null });
    expect(waiting.total).toBeGreaterThanOrEqual(10);
    await replays.cancel();
    expect(await over(replays, sales)).toMatchObject({ state: 'CANCELLED', error: null });
    expect(await world.lineage(sales)).toMatchObject({ live: { generation: 1 }, building: null });
  });
});

describe('a wrong document in the live generation', () => {
  async function planted(world: ReplayWorld, store: ReturnType<typeof memoryGround>['store']): Promise<void> {
    await world.folded();
    const documents = store.folded.get('sales-v1-g1');
    const [id, document] = [...(documents ?? [])][0] ?? [];
    if (id === undefined || document === undefined) throw new Error('no document to spoil');
    documents?.set(id, { ...document, body: { ...document.body, total: 1 } });
    expect((await world.verified()).ok).toBe(false);
  }

  it('is reported, and gone after the flip', async () => {
    const ground = memoryGround();
    const world = await ReplayWorld.on(ground);
    await world.place(50);
    const { replays } = await started(world);
    await planted(world, ground.store);
    await replays.start('sales');
    const { state, differences, examples } = await over(replays, sales);
    expect({ state, differences }).toEqual({ state: 'SWAPPED', differences: 1 });
    expect(examples[0]).toMatch(/^orders\/\d\/\S+ total: expected \d+, found 1$/);
    expect((await world.verified()).ok).toBe(true);
  });

  it('stays after a dry run, which reports it and leaves nothing behind', async () => {
    const ground = memoryGround();
    const world = await ReplayWorld.on(ground);
    await world.place(50);
    const { replays } = await started(world);
    await planted(world, ground.store);
    await replays.start('sales', { dryRun: true });
    expect(await over(replays, sales)).toMatchObject({ state: 'CANCELLED', differences: 1, error: null });
    expect((await world.verified()).ok).toBe(false);
    world.clock.advance(UNTIL_DROPPED_MS);
    await eventually(async () => (await world.lineage(sales)).retired.length === 0);
    expect([...ground.store.folded.keys()].filter((each) => each.startsWith('sales'))).toEqual(['sales-v1-g1']);
  });
});

describe('the gate', () => {
  it('keeps out what differs from the independent fold', async () => {
    const world = await ReplayWorld.on();
    await world.place(20);
    const before = await world.process();
    await world.folded();
    await before.stop();
    const wrong: Projection = {
      ...(sales as FoldedProjection),
      evolve: (document: { total: number }) => {
        document.total += 1;
      },
    };
    const projections = REBUILT.map((each) => (each === sales ? wrong : each));
    const { replays } = await started(world, { projections });
    await replays.startAll(['sales', 'order-counts']);
    const failed = await over(replays, sales);
    expect(failed).toMatchObject({ state: 'FAILED', generation: 2 });
    expect(failed.error).toMatch(/differs from the independent fold in \d+ documents/);
    expect(await over(replays, orderCounts)).toMatchObject({ state: 'SWAPPED' });
    expect(await world.lineage(sales)).toMatchObject({ live: { generation: 1 }, building: null });
    expect((await world.verified()).ok).toBe(true);
  });

  it('never sees what cannot be folded: the rebuild fails, and the live generation goes on', async () => {
    const world = await ReplayWorld.on();
    await world.place(20);
    const before = await world.process();
    await world.folded();
    await before.stop();
    const throwing: Projection = {
      ...(sales as FoldedProjection),
      evolve: () => {
        throw new Error('a bug');
      },
    };
    const { replays, following } = await started(world, { projections: [throwing, orderCounts] });
    let ended = false;
    following.ended.then(
      () => (ended = true),
      () => (ended = true),
    );
    await replays.start('sales');
    world.clock.advance(4_000);
    expect(await over(replays, sales)).toMatchObject({ state: 'FAILED' });
    expect((await over(replays, sales)).error).toMatch(/cannot fold/);
    expect(ended).toBe(false);
    expect((await world.lineage(sales)).live.generation).toBe(1);
  });
});
