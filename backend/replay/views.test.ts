/** Views of the past: what they hold, beside live projections that go on, and what a crash on the way leaves. */
import { afterEach, describe, expect, it } from 'vitest';
import { handling } from '../../projections/handling.ts';
import { orderCounts } from '../../projections/order-counts.ts';
import { sales } from '../../projections/sales.ts';
import type { Sum } from '../domain/exact.ts';
import { silentLogger } from '../ports/logger.ts';
import type { ReadModels } from '../ports/read-models.ts';
import { encodePosition } from '../queries/position.ts';
import { readSpan } from '../queries/span.ts';
import { readView, readViews } from '../queries/views.ts';
import { withFlush } from './hold.ts';
import { eventually, REBUILT, ReplayWorld, type Process } from './replay-test-kit.ts';
import { ViewBuilder, type ViewRequest } from './views.ts';

const running: Process[] = [];
afterEach(async () => {
  for (const process of running.splice(0)) await process.stop();
});

/** Where the kit's orders begin; one each second. */
const START = Date.UTC(2026, 10, 22);
const HOUR_MS = 3_600_000;

function builderOf({ log, clock, models }: ReplayWorld, over: ReadModels = models, sole = true): ViewBuilder {
  return new ViewBuilder({ log, models: over, clock, logger: silentLogger, projections: REBUILT, sole });
}

function request(more: Partial<ViewRequest> = {}): ViewRequest {
  return { name: 'noon', until: { kind: 'instant', at: START + 100_000 }, projections: [], replace: false, ...more };
}

/** Waits until nothing is being built. */
async function built(builder: ViewBuilder): Promise<void> {
  await eventually(async () => (await builder.list()).every(({ state }) => state !== 'BUILDING'));
}

function ordersIn(models: ReadModels, name: string): Promise<Sum> {
  return readView(models, name, ['order-counts', 'sales', 'handling'], async (_, collections) => {
    const span = { from: START, to: START + HOUR_MS, productId: null, timeZone: 'UTC', collections };
    return (await readSpan(models, 'orders', span)).value;
  });
}

describe('a view of the past', () => {
  it('has the events before an instant, and stays while the live ones go on', async () => {
    const world = await ReplayWorld.on();
    await world.place(250);
    const process = await world.process();
    running.push(process);
    await process.replays.views.build(request());
    await built(process.replays.views);
    await world.place(50);
    await world.folded();
    expect(await ordersIn(world.models, 'noon')).toBe(100);
    expect(await process.replays.views.list()).toMatchObject([
      { name: 'noon', state: 'READY', asOf: START + 100_000 - 1, projections: REBUILT.map(({ name }) => name) },
    ]);
    // The live ones have everything, in the generation that they had.
    expect((await world.verified()).ok).toBe(true);
    expect((await world.lineage(orderCounts)).live.generation).toBe(1);
  });

  it('has what is up to a position, and of other topics what was by then', async () => {
    const world = await ReplayWorld.on();
    await world.place(200);
    const builder = builderOf(world);
    const ends = (await world.log.bounds('orders')).map(({ end }) => end);
    const offsets = ends.map((end, partition) => ({
      topic: 'orders' as const,
      partition,
      offset: Math.floor(end / 2),
    }));
    const expected = offsets.reduce((sum, { offset }) => sum + offset + 1, 0);
    const text = offsets.map(({ topic, partition, offset }) => `${topic}/${partition}:${offset}`).join();
    await builder.build(request({ name: 'half', until: { kind: 'position', text } }));
    const token = encodePosition({ offsets, at: START + 77_000 });
    await built(builder);
    await builder.build(request({ name: 'token', until: { kind: 'position', text: token } }));
    await built(builder);
    expect(await ordersIn(world.models, 'half')).toBe(expected);
    expect(await ordersIn(world.models, 'token')).toBe(expected);
    expect((await readViews(world.models)).ready['token']).toMatchObject({
      asOf: START + 77_000,
      byTime: ['handled-orders'],
    });
    const beyond: ViewRequest = request({ name: 'no', until: { kind: 'position', text: `orders/0:${ends[0] ?? 0}` } });
    await expect(builder.build(beyond)).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });

  it('keeps its name until it is replaced, answers until then, and leaves nothing when it is dropped', async () => {
    const world = await ReplayWorld.on();
    await world.place(200);
    const builder = builderOf(world);
    await builder.build(request());
    await built(builder);
    await expect(builder.build(request())).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringMatching(/--replace/) as string,
    });
    await builder.build(request({ until: { kind: 'instant', at: START + 30_000 }, replace: true }));
    expect(await ordersIn(world.models, 'noon')).toBe(100);
    await built(builder);
    expect(await ordersIn(world.models, 'noon')).toBe(30);
    await builder.drop('noon');
    await expect(ordersIn(world.models, 'noon')).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(builder.drop('noon')).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect(await readViews(world.models)).toMatchObject({ ready: {}, building: {}, leaving: [] });
    expect(await world.models.checkpoints([1, 2].map((each) => `sales-v1-view-noon-${each}`))).toEqual([]);
  });

  it('says which views there are, and which projections it has', async () => {
    const world = await ReplayWorld.on();
    await world.place(5);
    const builder = builderOf(world);
    await builder.build(request({ name: 'few', projections: ['sales'] }));
    await built(builder);
    await expect(ordersIn(world.models, 'many')).rejects.toThrow(/no view "many"; there are few/);
    await expect(ordersIn(world.models, 'few')).rejects.toThrow(/has sales and lacks order-counts/);
    await expect(builder.build(request({ name: 'No!' }))).rejects.toThrow(/no name/);
    const later = request({ name: 'later', until: { kind: 'instant', at: world.clock.now() + HOUR_MS } });
    await expect(builder.build(later)).rejects.toThrow(/future/);
  });
});

describe('a view whose builder was killed', () => {
  it('answers nothing, and is gone on with from where it was', async () => {
    const world = await ReplayWorld.on();
    await world.place(200);
    let flushes = 0;
    const never = new Promise<never>(() => {});
    // After some flushes nothing that the process wants happens any more.
    const dying = withFlush(world.models, (some) => (++flushes > 3 ? never : world.models.flush(some)));
    await builderOf(world, dying).build(request());
    await eventually(() => Promise.resolve(flushes > 3));
    await expect(ordersIn(world.models, 'noon')).rejects.toThrow(/no view "noon" that is complete/);
    // Beside others it is waited for; the only process knows that nobody is at it.
    await expect(builderOf(world, world.models, false).build(request())).rejects.toThrow(/being built/);
    const builder = builderOf(world);
    expect(await builder.list()).toMatchObject([{ state: 'HALF_BUILT' }]);
    const half = (await readViews(world.models)).building['noon'];
    await world.place(20);
    await builder.build(request());
    await built(builder);
    expect(await ordersIn(world.models, 'noon')).toBe(100);
    expect((await readViews(world.models)).ready['noon']?.collections).toEqual(half?.collections);
  });

  it.each([[sales], [handling]])('is begun anew when something else is asked for (%#)', async (projection) => {
    const world = await ReplayWorld.on();
    await world.place(100);
    const never = new Promise<never>(() => {});
    await builderOf(
      world,
      withFlush(world.models, () => never),
    ).build(request());
    const builder = builderOf(world);
    await builder.build(request({ projections: [projection.name] }));
    await built(builder);
    expect(Object.keys((await readViews(world.models)).ready['noon']?.collections ?? {})).toEqual([projection.name]);
    expect((await readViews(world.models)).leaving).toEqual([]);
  });
});
