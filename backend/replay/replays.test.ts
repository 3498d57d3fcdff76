import { afterEach, describe, expect, it } from 'vitest';
import { collectionIn, GRACE_MS, LEASE_MS, readGenerations } from '../../projections/generations.ts';
import { orderCounts } from '../../projections/order-counts.ts';
import { orders } from '../../projections/orders.ts';
import type { Projection } from '../../projections/projection.ts';
import { sales } from '../../projections/sales.ts';
import {
  eventually,
  found,
  memoryGround,
  over,
  ReplayWorld,
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

describe('a second rebuild', () => {
  it('of the same projection is refused, of another one is not', async () => {
    const world = await ReplayWorld.on();
    await world.place(10);
    const { replays } = await started(world, { sole: false, projects: false });
    await replays.start('sales');
    await expect(replays.start('sales')).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringContaining('sales is being rebuilt already (generation 2)') as string,
    });
    await expect(replays.start('all')).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(replays.start('sailing')).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect(await replays.start('orders')).toMatchObject({ projection: 'orders', state: 'FOLDING' });
    const other = await started(world, { sole: false, projects: false });
    await expect(other.replays.start('sales')).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect(other.replays.list()).toMatchObject([
      { projection: 'sales', generation: 2, state: 'FOLDING' },
      { projection: 'orders', generation: 2, state: 'FOLDING' },
    ]);
    await replays.cancel();
    expect(await replays.start('sales')).toMatchObject({ generation: 3 });
    await replays.cancel();
  });

  it('goes on with what its owner has left, once it has not been heard of for a while', async () => {
    const world = await ReplayWorld.on();
    await world.place(10);
    let killed = false;
    const first = await world.process({ sole: false, projects: false, isKilled: () => killed });
    await first.replays.start('sales');
    killed = true;
    await first.stop();
    const second = await started(world, { sole: false });
    await expect(second.replays.start('sales')).rejects.toMatchObject({ code: 'BAD_INPUT' });
    world.clock.advance(LEASE_MS + 1);
    expect(await second.replays.start('sales')).toMatchObject({ generation: 2 });
    expect(await over(second.replays, sales)).toMatchObject({ state: 'SWAPPED', generation: 2 });
  });

  it('is not needed to clear away what nobody goes on with', async () => {
    const world = await ReplayWorld.on();
    await world.place(10);
    let killed = false;
    const first = await world.process({ sole: false, projects: false, isKilled: () => killed });
    await first.replays.start('sales');
    killed = true;
    await first.stop();
    await started(world, { sole: false });
    await eventually(async () => (await readGenerations(world.models))['sales']?.building !== null);
    world.clock.advance(700_000);
    await eventually(async () => (await world.lineage(sales)).building === null);
    expect(await world.lineage(sales)).toMatchObject({ live: { generation: 1 }, last: { state: 'CANCELLED' } });
  });
});

describe('a kept generation', () => {
  it('is folded on, and the way back and forth leads to what is fresh', async () => {
    const world = await ReplayWorld.on();
    await world.place(30);
    const { replays } = await started(world);
    await expect(replays.back(['orders'])).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await replays.start('orders', { keep: true });
    expect(await over(replays, orders)).toMatchObject({ state: 'SWAPPED', generation: 2 });
    world.clock.advance(UNTIL_DROPPED_MS);
    await world.place(30);
    await replays.back(['orders']);
    expect(await world.lineage(orders)).toMatchObject({ live: { generation: 1 }, kept: { generation: 2 } });
    expect((await world.verified([orders])).projections).toMatchObject([{ documents: 60, differenceCount: 0 }]);
    await world.place(30);
    await replays.back(['orders']);
    expect(await world.lineage(orders)).toMatchObject({ live: { generation: 2 }, kept: { generation: 1 } });
    await world.folded();
    expect((await world.verified([orders])).projections).toMatchObject([{ documents: 90, differenceCount: 0 }]);
  });

  it('goes with the next rebuild that does not keep', async () => {
    const ground = memoryGround();
    const world = await ReplayWorld.on(ground);
    await world.place(30);
    const { replays } = await started(world);
    for (const keep of [true, false]) {
      const { generation } = await replays.start('orders', { keep });
      await found(replays, (each) => each.generation === generation && each.state === 'SWAPPED');
    }
    world.clock.advance(UNTIL_DROPPED_MS);
    await eventually(async () => (await world.lineage(orders)).retired.length === 0);
    expect([...ground.store.merged.keys()].filter((each) => each.startsWith('orders'))).toEqual(['orders-v1-g3']);
    expect(await world.lineage(orders)).toMatchObject({ live: { generation: 3 }, kept: null, next: 4 });
  });
});

describe('a projection of a newer version', () => {
  const newer = (projection: Projection): Projection => ({ ...projection, version: projection.version + 1 });

  it('is built beside the old one, which answers until then', async () => {
    const ground = memoryGround();
    const world = await ReplayWorld.on(ground);
    await world.place(30);
    const old = await world.process();
    await world.folded();
    await old.stop();
    const projections = [newer(sales), newer(orders), orderCounts];
    const { replays } = await started(world, { projections });
    expect(await world.lineage(sales)).toMatchObject({ live: { version: 1, generation: 1 } });
    replays.resume();
    expect(await over(replays, sales)).toMatchObject({ state: 'SWAPPED', generation: 2, differences: null });
    expect(await over(replays, orders)).toMatchObject({ state: 'SWAPPED', generation: 2 });
    await world.place(10);
    await world.folded(projections);
    expect((await world.verified(projections)).ok).toBe(true);
    world.clock.advance(UNTIL_DROPPED_MS);
    await eventually(async () => (await world.lineage(sales)).retired.length === 0);
    expect([...ground.store.folded.keys()].filter((each) => each.startsWith('sales'))).toEqual(['sales-v2-g2']);
    // An older program leaves it alone.
    const older = await started(world);
    older.replays.resume();
    await eventually(async () => (await world.lineage(sales)).live.version === 2);
    expect(await world.lineage(sales)).toMatchObject({ building: null, next: 3 });
  });

  it('is live at once where there is no older one', async () => {
    const world = await ReplayWorld.on();
    await world.place(30);
    const projections = [newer(sales)];
    await started(world, { projections });
    await world.folded(projections);
    expect((await readGenerations(world.models))['sales']).toMatchObject({ live: { version: 2, generation: 1 } });
    expect(collectionIn('sales', { version: 2, generation: 1, set: '' })).toBe('sales-v2-g1');
    expect((await world.verified(projections)).ok).toBe(true);
  });
});
