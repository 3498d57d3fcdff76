import { describe, expect, it } from 'vitest';
import { partitionOf } from '../events/topics.ts';
import { ShopError } from '../ports/errors.ts';
import { faultyLog } from '../ports/faulty-log.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { ReadModels } from '../ports/read-models.ts';
import {
  accepted,
  available,
  openStocked,
  eventsOf,
  listing,
  openShopIn,
  order,
  ordersIn,
  project,
  receipt,
  START,
  STOCK,
  unitsSold,
  verdicts,
  WORLDS,
  type World,
} from './shop-test-kit.ts';

describe.each(WORLDS)('submitting, on $engine', ({ openWorld }) => {
  it('answers each command in its place, with where its event stands in the log', async () => {
    const world = await openWorld();
    const shop = await openShopIn(world);
    const outcomes = await shop.submit([
      order('P-1'),
      listing('P-1', 250),
      receipt('P-1', 3),
      order('P-1', 2),
      order('P-1', 2),
      { ...order('P-1'), lines: [] },
      listing('P-1', 250),
      order('P-1', 1),
    ]);
    expect(verdicts(outcomes)).toEqual([
      'UNKNOWN_PRODUCT',
      'accepted',
      'accepted',
      'accepted',
      'SOLD_OUT',
      'INVALID',
      'accepted',
      'accepted',
    ]);
    expect(outcomes[6]).toMatchObject({ id: 'P-1', position: null });
    for (const index of [3, 7]) {
      const { id, at, position } = accepted(outcomes[index]);
      expect(at).toBe(START);
      expect(await ordersIn(world.log)).toContainEqual(
        expect.objectContaining({ ...position, event: expect.objectContaining({ orderId: id, at }) as object }),
      );
    }
    expect(await shop.catalogue()).toEqual([
      { productId: 'P-1', name: 'Product P-1', category: 'Kitchen', price: 250, currency: 'SEK', available: 0 },
    ]);
    await shop.close();
  });

  it('puts the stock that it decided on into each order, that of the same batch included', async () => {
    const world = await openWorld();
    const shop = await openShopIn(world);
    await shop.submit([listing('P-1'), receipt('P-1', 5), order('P-1')]);
    await shop.submit([order('P-1')]);
    const last = Array.from({ length: 6 }, () => -1);
    for (const { partition, offset } of await eventsOf(world.log, 'stock')) last[partition] = offset;
    for (const { event } of await ordersIn(world.log)) expect(event.stock).toEqual(last);
    expect(Math.max(...last)).toBeGreaterThan(0);
    await shop.close();
  });

  it('sends what waits while an append is under way together', async () => {
    const world = await openWorld();
    let appends = 0;
    const log = faultyLog(world.log, () => {
      appends += 1;
      return null;
    });
    const shop = await openShopIn(world, { log });
    await shop.submit([listing('P-1'), receipt('P-1', 1_000)]);
    appends = 0;
    const outcomes = await Promise.all(Array.from({ length: 500 }, () => shop.submit([order('P-1')])));
    expect(new Set(outcomes.map(([outcome]) => accepted(outcome).id)).size).toBe(500);
    expect(appends).toBeLessThanOrEqual(2);
    await shop.close();
  });

  it('splits what is too much for one append, and keeps the order of the commands', async () => {
    const world = await openWorld();
    const shop = await openStocked(world, 4_321);
    const outcomes = await shop.submit(Array.from({ length: 5_000 }, () => order('P-1')));
    expect(outcomes).toHaveLength(5_000);
    expect(verdicts(outcomes.slice(0, 4_321))).not.toContain('SOLD_OUT');
    expect(new Set(verdicts(outcomes.slice(4_321)))).toEqual(new Set(['SOLD_OUT']));
    const large = order('', 1, {
      lines: Array.from({ length: 600 }, () => ({ productId: 'P-1', quantity: 1, name: 'n'.repeat(500) })),
    });
    await shop.submit([receipt('P-1', 6_000)]);
    expect(new Set(verdicts(await shop.submit(Array.from({ length: 10 }, () => large))))).toEqual(
      new Set(['accepted']),
    );
    expect(unitsSold(await ordersIn(world.log), 'P-1')).toBe(4_321 + 6_000);
    await shop.close();
  });

  it('turns more away than it can let wait', async () => {
    const world = await openWorld();
    const shop = await openStocked(world);
    const many = Array.from({ length: 100_001 }, () => order('P-9'));
    const first = shop.submit(many);
    await expect(shop.submit(many)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await first).toHaveLength(100_001);
    expect(verdicts(await shop.submit([order('P-1')]))).toEqual(['accepted']);
    await shop.close();
  });

  it('decides what waits when it is closed, and nothing after', async () => {
    const world = await openWorld();
    const shop = await openStocked(world);
    const waiting = [shop.submit([order('P-1')]), shop.submit([order('P-1')])];
    await shop.close();
    await shop.ended;
    expect(verdicts((await Promise.all(waiting)).flat())).toEqual(['accepted', 'accepted']);
    await expect(shop.submit([order('P-1')])).rejects.toMatchObject({ code: 'CLOSED' });
    expect(await ordersIn(world.log)).toHaveLength(2);
  });
});

describe.each(WORLDS)('starting again, on $engine', ({ openWorld }) => {
  it.each(['nothing', 'stock', 'orders', 'both'] as const)(
    'goes on where it was, with %s in the read models',
    async (which) => {
      const world = await openWorld();
      const first = await openStocked(world, 10);
      await first.submit([order('P-1', 2), listing('P-2'), receipt('P-2', 1)]);
      if (which !== 'nothing') await project(world, which);
      // What comes after the read models' checkpoint is in the tail.
      await first.submit([order('P-1', 3), receipt('P-1', 1), listing('P-1', 777), order('P-2', 1)]);
      const before = await first.catalogue();
      await first.close();
      const second = await openShopIn(world);
      expect(await second.catalogue()).toEqual(expect.arrayContaining(before));
      expect(await second.catalogue()).toHaveLength(before.length);
      expect(await available(second)).toBe(6);
      const outcomes = await second.submit([order('P-1', 7), order('P-1', 6), order('P-2')]);
      expect(verdicts(outcomes)).toEqual(['SOLD_OUT', 'accepted', 'SOLD_OUT']);
      await second.close();
    },
  );

  it('reads the stock again while its projector is writing, and the log when that never ends', async () => {
    const world = await openWorld();
    const first = await openStocked(world, 10);
    await first.submit([order('P-1', 2)]);
    await project(world, 'both');
    await first.close();
    for (const staleReads of [0, 3, Infinity]) {
      let reads = 0;
      const models = withCheckpoints(world.models, async (collections) => {
        const checkpoints = await world.models.checkpoints(collections);
        const isStale = collections.includes(STOCK) && ++reads <= staleReads;
        return isStale ? checkpoints.map((each) => ({ ...each, position: 0 })) : checkpoints;
      });
      const shop = await openShopIn(world, { models });
      expect(await available(shop)).toBe(8);
      await shop.close();
    }
  });

  it('stops when the read models were made from another log', async () => {
    const world = await openWorld();
    const shop = await openStocked(world, 10);
    await shop.submit([order('P-1'), order('P-1')]);
    await project(world);
    await shop.close();
    const other = await openWorld();
    await expect(openShopIn({ ...world, log: other.log })).rejects.toMatchObject({ code: 'LOG_MISMATCH' });
  });
});

describe.each(WORLDS)('two shops at once, on $engine', ({ openWorld }) => {
  it('are one: the older one is fenced, says so, and ends', async () => {
    const world = await openWorld();
    const older = await openStocked(world, 10);
    await older.submit([order('P-1', 4)]);
    const newer = await openShopIn({ ...world, log: await world.anotherLog() });
    await expect(older.submit([order('P-1', 6)])).rejects.toMatchObject({ code: 'FENCED' });
    await expect(older.ended).rejects.toMatchObject({ code: 'FENCED' });
    await expect(older.submit([order('P-1')])).rejects.toMatchObject({ code: 'FENCED' });
    expect(verdicts(await newer.submit([order('P-1', 6), order('P-1')]))).toEqual(['accepted', 'SOLD_OUT']);
    await older.close();
    await newer.close();
    expect(unitsSold(await ordersIn(world.log), 'P-1')).toBe(10);
  });
});

describe.each(WORLDS)('an append with an unknown outcome, on $engine', ({ openWorld }) => {
  it('is found in the log although a projector has folded it already', async () => {
    const world = await openWorld();
    await (await openStocked(world, 10)).close();
    await project(world);
    const shop = await openShopIn(world, { log: losingOneAnswer(world), retryFirstMs: 1 });
    const outcomes = await shop.submit([order('P-1', 4), order('P-1', 4, { key: 'k' }), order('P-1', 4)]);
    expect(verdicts(outcomes)).toEqual(['accepted', 'accepted', 'SOLD_OUT']);
    const orders = await ordersIn(world.log);
    expect(orders.map(({ event }) => event.orderId).sort()).toEqual(
      outcomes
        .slice(0, 2)
        .map((outcome) => accepted(outcome).id)
        .sort(),
    );
    for (const outcome of outcomes.slice(0, 2)) {
      const { id, position } = accepted(outcome);
      const found = orders.find(({ event }) => event.orderId === id);
      expect(position).toEqual({ topic: 'orders', partition: partitionOf(id), offset: found?.offset });
    }
    expect(await available(shop)).toBe(2);
    await shop.close();
  });
});

/** The first append of orders takes place and is folded into the read models before its answer is lost. */
function losingOneAnswer(world: World): EventLog {
  let lost = false;
  const log = faultyLog(world.log, () => null);
  return {
    ...log,
    writer: async (name) => {
      const writer = await log.writer(name);
      return {
        append: async (records) => {
          const offsets = await writer.append(records);
          if (lost || records[0]?.topic !== 'orders') return offsets;
          lost = true;
          await project(world);
          throw new ShopError('UNKNOWN_OUTCOME', 'the answer was lost');
        },
        close: () => writer.close(),
      };
    },
  };
}

function withCheckpoints(models: ReadModels, checkpoints: ReadModels['checkpoints']): ReadModels {
  return new Proxy(models, {
    get: (target, property) => {
      if (property === 'checkpoints') return checkpoints;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
