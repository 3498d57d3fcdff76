import { describe, expect, it } from 'vitest';
import { placed as anOrder } from '../../tests/events.ts';
import { encode } from '../events/codec.ts';
import { PARTITIONS, partitionOf } from '../events/topics.ts';
import { ManualClock } from '../ports/clock.ts';
import { silentLogger } from '../ports/logger.ts';
import {
  ALWAYS,
  dueOf,
  expectHandledOnce,
  handledIn,
  place,
  WORLDS,
  type Placed,
  type World,
} from './handler-test-kit.ts';
import { startHandler, type Handler, type HandlerOptions } from './handler.ts';
import { HANDLER_COLLECTION } from './low-water.ts';

const NOW = Date.parse('2026-11-22T14:05:00.000Z');
const HOUR_MS = 3_600_000;

interface Own extends World {
  readonly clock: ManualClock;
}

async function withClock(openWorld: () => Promise<World>): Promise<Own> {
  const { log, models } = await openWorld();
  return { log, models, clock: new ManualClock(NOW) };
}

function start(own: Own, options: Partial<HandlerOptions> = {}): Promise<Handler> {
  return startHandler({ ...own, logger: silentLogger, flushIntervalMs: 0, checkpointIntervalMs: 0, ...options });
}

async function caughtUp(handler: Handler, { log }: Own): Promise<void> {
  await handler.caughtUp(await log.bounds('orders'));
}

const orders = (count: number, more: Partial<Placed> = {}): Placed[] =>
  Array.from({ length: count }, (_, index) => ({ orderId: `O-${index}`, at: NOW, ...more }));

const due = (order: Placed): number => dueOf(order) ?? Number.NaN;

describe.each(WORLDS)('a live order, on $engine', ({ openWorld }) => {
  it('is handled when it is due, and not before', async () => {
    const own = await withClock(openWorld);
    const handler = await start(own);
    const all = orders(20);
    await place(own.log, all);
    const instants = all.map(due).sort((a, b) => a - b);
    for (const [index, instant] of instants.entries()) {
      own.clock.set(instant - 1);
      await caughtUp(handler, own);
      expect(await handledIn(own.log)).toHaveLength(instants.filter((each) => each < instant).length);
      own.clock.set(instant);
      await caughtUp(handler, own);
      expect((await handledIn(own.log)).length).toBeGreaterThan(index);
    }
    for (const { event, at } of await handledIn(own.log)) {
      expect(at).toBe(due({ orderId: event.orderId, at: NOW }));
    }
    await expectHandledOnce(own.log, all, Infinity);
    await handler.stop();
    await handler.ended;
  });

  it('is handled now when the handler was away at the time', async () => {
    const own = await withClock(openWorld);
    const all = orders(10);
    await place(own.log, all);
    own.clock.advance(HOUR_MS);
    const handler = await start(own);
    await caughtUp(handler, own);
    for (const { at } of await handledIn(own.log)) expect(at).toBe(NOW + HOUR_MS);
    await expectHandledOnce(own.log, all, Infinity);
    await handler.stop();
  });

  it('follows its own policy, whatever others or later ones say', async () => {
    const own = await withClock(openWorld);
    const handler = await start(own);
    const all = [
      ...orders(30, { handling: { chance: 0.5, delayMs: 1_000, attempts: 1 } }),
      ...orders(30, { handling: { chance: 0.3, delayMs: 9_000, attempts: 3 } }).map((each) => ({
        ...each,
        orderId: `${each.orderId}-later`,
      })),
      { orderId: 'never', at: NOW, handling: null },
      { orderId: 'hardly', at: NOW, handling: { ...ALWAYS, chance: 0 } },
    ];
    for (const each of all) await place(own.log, [each]);
    await own.log.append([
      encode({
        type: 'SimulatorConfigured',
        version: 1,
        id: 'settings',
        at: new Date(NOW).toISOString(),
        source: 'live',
        ordersPerSecond: 1,
        handling: { ...ALWAYS, chance: 0 },
        paused: false,
      }),
    ]);
    own.clock.advance(HOUR_MS);
    await caughtUp(handler, own);
    await expectHandledOnce(own.log, all, Infinity);
    expect((await handledIn(own.log)).length).toBeGreaterThan(10);
    await handler.stop();
  });
});

describe.each(WORLDS)('history, on $engine', ({ openWorld }) => {
  it('is handled at the instants it was due, at once, in the order of its orders', async () => {
    const own = await withClock(openWorld);
    const all = orders(3_000, { source: 'history', at: NOW - HOUR_MS });
    await place(own.log, all);
    const handler = await start(own);
    await caughtUp(handler, own);
    await expectHandledOnce(own.log, all, Infinity);
    const handled = await handledIn(own.log);
    for (let partition = 0; partition < 6; partition++) {
      const expected = all.map(({ orderId }) => orderId).filter((orderId) => partitionOf(orderId) === partition);
      const ids = handled.filter((each) => each.partition === partition).map(({ event }) => event.orderId);
      expect(ids).toEqual(expected);
    }
    await handler.stop();
  });

  it('waits for what is due later than now, but not for orders of the future', async () => {
    const own = await withClock(openWorld);
    const handler = await start(own);
    const recent = orders(5, { source: 'import', at: NOW - 1 });
    const future = orders(5, { source: 'import', at: NOW + 24 * HOUR_MS }).map((each) => ({
      ...each,
      orderId: `${each.orderId}-tomorrow`,
    }));
    await place(own.log, [...recent, ...future]);
    await caughtUp(handler, own);
    expect((await handledIn(own.log)).map(({ event }) => event.orderId).sort()).toEqual(
      future.map(({ orderId }) => orderId),
    );
    own.clock.advance(HOUR_MS);
    await caughtUp(handler, own);
    await expectHandledOnce(own.log, [...recent, ...future], Infinity);
    await handler.stop();
  });
});

describe.each(WORLDS)('starting again, on $engine', ({ openWorld }) => {
  it('reads only what its checkpoint has not passed', async () => {
    const own = await withClock(openWorld);
    const first = await start(own);
    const all = orders(200, { handling: { ...ALWAYS, delayMs: 10 } });
    for (let index = 0; index < all.length; index += 20) {
      await place(own.log, all.slice(index, index + 20));
      own.clock.advance(1_000);
      await caughtUp(first, own);
    }
    await first.stop();
    const reached = await own.models.checkpoints([HANDLER_COLLECTION]);
    for (const [partition, { end }] of (await own.log.bounds('orders')).entries()) {
      const stored = reached.find((each) => each.topic === 'orders' && each.partition === partition);
      expect(stored?.position).toBe(end - 1);
    }
    expect(reached.filter(({ topic }) => topic === 'handled-orders')).toHaveLength(6);
    const second = await start(own);
    await caughtUp(second, own);
    await second.stop();
    await expectHandledOnce(own.log, all, Infinity);
  });

  it('stops when the checkpoint is from another log', async () => {
    const own = await withClock(openWorld);
    await own.models.flush([
      {
        collection: HANDLER_COLLECTION,
        topic: 'handled-orders',
        partition: 3,
        documents: [],
        parts: [],
        previous: -1,
        position: 7,
      },
    ]);
    const handler = await start(own);
    await expect(handler.ended).rejects.toMatchObject({ code: 'LOG_MISMATCH' });
    await handler.stop();
  });

  it('does nothing about records that are dead letters, such as orders in a foreign partition', async () => {
    const own = await withClock(openWorld);
    const handler = await start(own);
    const order = encode({ ...anOrder({ orderId: 'foreign', handling: ALWAYS }), at: new Date(NOW).toISOString() });
    const foreign = Array.from({ length: PARTITIONS }, (_, partition) => ({ ...order, partition }));
    await own.log.append([
      { ...order, value: 'not JSON' },
      { ...order, key: 'another' },
      ...foreign.filter(({ partition }) => partition !== order.partition),
    ]);
    const all = orders(10);
    await place(own.log, all);
    own.clock.advance(HOUR_MS);
    await caughtUp(handler, own);
    await expectHandledOnce(own.log, all, Infinity);
    expect(await handledIn(own.log)).toHaveLength(all.length);
    await handler.stop();
  });
});

describe.each(WORLDS)('two handlers at once, on $engine', ({ openWorld }) => {
  it('are one for each partition: the older is fenced and leaves the orders to the newer', async () => {
    const own = await withClock(openWorld);
    const older = await start(own);
    const all = orders(50);
    await place(own.log, all.slice(0, 25));
    await caughtUp(older, own);
    const newer = await start(own);
    await place(own.log, all.slice(25));
    await caughtUp(newer, own);
    own.clock.advance(HOUR_MS);
    await caughtUp(newer, own);
    await older.stop();
    await newer.stop();
    await expectHandledOnce(own.log, all, Infinity);
  });
});
