/** History and live orders in the shop itself. */
import { describe, expect, it } from 'vitest';
import { systemClock } from '../ports/clock.ts';
import { silentLogger } from '../ports/logger.ts';
import { eventsOf, memoryWorld, openShopIn, ordersIn, unitsSold } from '../shop/shop-test-kit.ts';
import { loadCatalogue } from './catalogue.ts';
import { writeHistory, type HistoryOptions } from './history.ts';
import { startSimulator } from './live.ts';

const catalogue = await loadCatalogue();
const from = Date.parse('2026-10-24T22:00:00Z');
const history: Omit<HistoryOptions, 'shop'> = {
  catalogue,
  currency: 'SEK',
  seed: 3,
  from,
  to: from + 25 * 3_600_000,
  volume: { orders: 6_000 },
  timeZone: 'Europe/Stockholm',
  handling: { chance: 0.8, delayMs: 60_000, attempts: 2 },
};

describe('the shop', () => {
  it('takes every order of a history, once, also from a run that is cut off and run again', async () => {
    const world = await memoryWorld();
    const stop = new AbortController();
    const first = await openShopIn(world);
    const cut = await writeHistory({ ...history, shop: first, signal: stop.signal, onProgress: () => stop.abort() });
    expect(cut.complete).toBe(false);
    await first.close();

    const second = await openShopIn(world);
    const rest = await writeHistory({ ...history, shop: second });
    expect(rest).toMatchObject({ complete: true, refused: {}, orders: 6_000 - cut.orders });
    const again = await writeHistory({ ...history, shop: second });
    expect(again).toMatchObject({ orders: 0, restocks: 0, refused: {} });

    const orders = await ordersIn(world.log);
    expect(orders).toHaveLength(6_000);
    expect(new Set(orders.map(({ event }) => event.orderId)).size).toBe(6_000);
    const stock = await eventsOf(world.log, 'stock');
    for (const { productId, available } of await second.catalogue()) {
      const received = stock.reduce(
        (sum, { event }) =>
          event.type === 'StockReceived' && event.productId === productId ? sum + event.quantity : sum,
        0,
      );
      expect(available).toBe(received - unitsSold(orders, productId));
      expect(available).toBeGreaterThanOrEqual(0);
    }
    await second.close();
  });

  it('takes live orders as they come', async () => {
    const world = await memoryWorld();
    const shop = await openShopIn(world);
    const simulator = startSimulator({
      shop,
      clock: systemClock,
      logger: silentLogger,
      catalogue,
      currency: 'SEK',
      seed: 3,
      ratePerSecond: 500,
      timeZone: 'Europe/Stockholm',
      handling: null,
      flat: true,
    });
    while (simulator.stats().placed < 300) await new Promise(setImmediate);
    await simulator.stop();
    const { placed, refused } = simulator.stats();
    expect(refused).toEqual({});
    const orders = await ordersIn(world.log);
    expect(orders).toHaveLength(placed);
    expect(orders.every(({ event }) => event.source === 'live' && event.fingerprint === undefined)).toBe(true);
    await shop.close();
  });
});
