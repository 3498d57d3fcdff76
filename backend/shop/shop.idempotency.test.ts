import { describe, expect, it } from 'vitest';
import { orderIdOf } from './identity.ts';
import {
  accepted,
  available,
  listing,
  openShopIn,
  openStocked,
  order,
  ordersIn,
  project,
  receipt,
  START,
  unitsSold,
  verdict,
  verdicts,
  WORLDS,
} from './shop-test-kit.ts';

describe.each(WORLDS)('the same order again, on $engine', ({ openWorld }) => {
  const keyed = order('P-1', 2, { key: 'k-1' });

  it('is the same order: in the same batch, later, and after a restart, wherever it is known from', async () => {
    const world = await openWorld();
    let shop = await openStocked(world, 10);
    const [first, twin] = await shop.submit([keyed, keyed]);
    const original = accepted(first);
    expect(original).toMatchObject({ status: 'accepted', id: orderIdOf('k-1'), at: START });
    const again = { ...original, status: 'duplicate' };
    expect(twin).toEqual(again);
    world.clock.advance(3_600_000);
    expect(await shop.submit([keyed])).toEqual([again]);
    for (const which of ['nothing', 'stock', 'both'] as const) {
      await shop.close();
      if (which !== 'nothing') await project(world, which);
      shop = await openShopIn(world);
      expect(await shop.submit([keyed, order('P-1')])).toEqual([
        again,
        expect.objectContaining({ status: 'accepted' }),
      ]);
      expect(await shop.submit([order('P-1', 2, { orderId: original.id })])).toEqual([again]);
    }
    await shop.close();
    expect(unitsSold(await ordersIn(world.log), 'P-1')).toBe(2 + 3);
  });

  it('is a conflict with other content: in the same batch, later, and after a restart', async () => {
    const world = await openWorld();
    let shop = await openStocked(world, 10);
    const other = order('P-1', 3, { key: 'k-1' });
    expect(verdicts(await shop.submit([keyed, other]))).toEqual(['accepted', 'CONFLICT']);
    expect(verdicts(await shop.submit([other]))).toEqual(['CONFLICT']);
    for (const which of ['nothing', 'both'] as const) {
      await shop.close();
      if (which === 'both') await project(world);
      shop = await openShopIn(world);
      expect(verdicts(await shop.submit([other, keyed]))).toEqual(['CONFLICT', 'duplicate']);
    }
    const unkeyed = accepted((await shop.submit([order('P-1')]))[0]);
    await shop.close();
    await project(world);
    shop = await openShopIn(world);
    expect(verdicts(await shop.submit([order('P-1', 1, { orderId: unkeyed.id })]))).toEqual(['CONFLICT']);
    await shop.close();
  });

  it('may be asked again after a refusal, when there is stock', async () => {
    const world = await openWorld();
    const shop = await openStocked(world, 1);
    expect(verdicts(await shop.submit([keyed, receipt('P-1', 1), keyed, keyed]))).toEqual([
      'SOLD_OUT',
      'accepted',
      'accepted',
      'duplicate',
    ]);
    await shop.close();
  });

  it('waits for the read models when memory had to forget it, and says so when they do not come', async () => {
    const world = await openWorld();
    const shop = await openShopIn(world, { recentOrdersMax: 50, projectionWaitMaxMs: 30 });
    await shop.submit([listing('P-1'), receipt('P-1', 1_000)]);
    const commands = Array.from({ length: 200 }, (_, index) => order('P-1', 1, { key: `k-${index}` }));
    let turnedAway = 0;
    for (const command of commands) {
      const [outcome] = await shop.submit([command]).catch(async (error: unknown) => {
        expect(error).toMatchObject({ code: 'UNAVAILABLE' });
        turnedAway += 1;
        // Who is not recognised by anything need not wait.
        expect(verdicts(await shop.submit([order('P-1')]))).toEqual(['accepted']);
        await project(world);
        return shop.submit([command]);
      });
      expect(verdict(outcome)).toBe('accepted');
    }
    expect(turnedAway).toBeGreaterThan(0);
    await project(world);
    expect(new Set(verdicts(await shop.submit(commands)))).toEqual(new Set(['duplicate']));
    await shop.close();
    const ids = (await ordersIn(world.log)).map(({ event }) => event.orderId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(200 + turnedAway);
  });
});

describe.each(WORLDS)('the same receipt again, on $engine', ({ openWorld }) => {
  it('counts once, wherever it is known from', async () => {
    const world = await openWorld();
    let shop = await openShopIn(world);
    const initial = receipt('P-1', 5, { key: 'import/1/P-1', reason: 'initial' });
    const [, first, twin] = await shop.submit([listing('P-1'), initial, initial]);
    const again = { ...accepted(first), status: 'duplicate' };
    expect(twin).toEqual(again);
    for (const which of ['nothing', 'both'] as const) {
      await shop.close();
      if (which === 'both') await project(world);
      shop = await openShopIn(world);
      const outcomes = await shop.submit([
        initial,
        listing('P-2'),
        receipt('P-2', 5, { key: 'import/1/P-1', reason: 'initial' }),
        receipt('P-1', 6, { key: 'import/1/P-1', reason: 'initial' }),
      ]);
      expect(outcomes[0]).toEqual(again);
      expect(verdicts(outcomes.slice(2))).toEqual(['CONFLICT', 'CONFLICT']);
      expect(await available(shop)).toBe(5);
    }
    await shop.close();
  });
});
