/** A projection that is new to existing read models: it reads the log from its beginning beside those that are there. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { countrySales } from '../../projections/country-sales.ts';
import { collectionOf } from '../../projections/projection.ts';
import { orderCounts } from '../../projections/order-counts.ts';
import { sales } from '../../projections/sales.ts';
import { openEmbedded } from '../adapters/lmdb/embedded.ts';
import { deferred } from '../ports/deferred.ts';
import { silentLogger } from '../ports/logger.ts';
import { withFlush } from './hold.ts';
import { memoryGround, ReplayWorld, type Ground, type Process } from './replay-test-kit.ts';

const BEFORE = [orderCounts, sales];
const NOW = [...BEFORE, countrySales];
const NEWCOMER = collectionOf(countrySales, 1);

const running: Process[] = [];
afterEach(async () => {
  for (const process of running.splice(0)) await process.stop();
});

async function lmdbGround(): Promise<Ground> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-newcomer-'));
  const embedded = await openEmbedded({ dir, logger: silentLogger, mode: 'own' });
  onTestFinished(async () => {
    await embedded.close();
    await rm(dir, { recursive: true, force: true });
  });
  return { log: () => Promise.resolve(embedded.log), models: () => Promise.resolve(embedded.models) };
}

/** The newcomer's flushes wait until the gate opens. */
function gated(ground: Ground, gate: Promise<void>): Ground {
  const models: Ground['models'] = async () => {
    const opened = await ground.models();
    return withFlush(opened, async (flushes) => {
      if (flushes.some(({ collection }) => collection === NEWCOMER)) await gate;
      return opened.flush(flushes);
    });
  };
  return { log: () => ground.log(), models };
}

describe.each([
  ['memory', () => Promise.resolve(memoryGround())],
  ['LMDB', lmdbGround],
])('a projection that existing read models do not know, on %s', (_, ground) => {
  it('is filled from history without holding up those that are there', { timeout: 60_000 }, async () => {
    // As long as the newcomer can store nothing, it has all of the history before it.
    const gate = deferred();
    const world = await ReplayWorld.on(gated(await ground(), gate.promise));
    await world.place(500);
    const before = await world.process({ projections: BEFORE });
    await world.folded(BEFORE);
    await before.stop();

    const process = await world.process({ projections: NOW });
    running.push(process);
    for (let round = 0; round < 5; round++) {
      await world.place(20);
      await world.folded(BEFORE);
    }
    expect(await world.models.checkpoints([NEWCOMER])).toEqual([]);
    gate.resolve();
    await world.folded(NOW);
    expect((await world.verified(NOW)).ok).toBe(true);
    expect((await world.lineage(sales)).live.set).toBe((await world.lineage(orderCounts)).live.set);
    expect((await world.lineage(countrySales)).live.set).not.toBe((await world.lineage(sales)).live.set);
  });
});

describe('a rebuild of all projections', () => {
  it('brings one that came later and the others together', async () => {
    const world = await ReplayWorld.on();
    await world.place(20);
    const before = await world.process({ projections: BEFORE });
    await world.folded(BEFORE);
    await before.stop();
    const process = await world.process({ projections: NOW });
    running.push(process);
    const { ended } = await rebuilt(process);
    expect(ended).toBe(true);
    expect((await world.lineage(countrySales)).live.set).toBe((await world.lineage(sales)).live.set);
  });
});

async function rebuilt({ replays }: Process): Promise<{ ended: boolean }> {
  await replays.startAll(['all']);
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (replays.list().every(({ state }) => state === 'SWAPPED')) resolve();
    };
    replays.onChange(look);
    look();
  });
  return { ended: replays.list().length === NOW.length };
}
