import { afterEach, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../ports/clock.ts';
import { ShopError } from '../ports/errors.ts';
import { silentLogger, type Logger } from '../ports/logger.ts';
import { loadCatalogue, type Catalogue } from './catalogue.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from './live.ts';
import { MemoryShop } from './memory-shop-test-kit.ts';

const catalogue = await loadCatalogue();
const NOON = Date.parse('2026-11-22T11:00:00Z');
const HOUR_MS = 3_600_000;

let running: Simulator | null = null;
afterEach(async () => {
  await running?.stop();
});

interface Stage {
  readonly shop: MemoryShop;
  readonly clock: ManualClock;
  readonly simulator: Simulator;
  /** Lets time pass in small steps, and everything happen that is due. */
  pass(ms: number, stepMs?: number): Promise<void>;
}

function stage(changes: Partial<SimulatorOptions> = {}, shop = new MemoryShop(), from = NOON): Stage {
  const clock = new ManualClock(from);
  const simulator = startSimulator({
    shop,
    clock,
    logger: silentLogger,
    catalogue,
    currency: 'SEK',
    seed: 11,
    ratePerSecond: 50,
    timeZone: 'Europe/Stockholm',
    handling: null,
    flat: true,
    ...changes,
  });
  running = simulator;
  const pass = async (ms: number, stepMs = 10): Promise<void> => {
    await settled();
    for (const end = clock.now() + ms; clock.now() < end;) {
      clock.advance(stepMs);
      await settled();
    }
  };
  return { shop, clock, simulator, pass };
}

/** Everything that needs no more time has happened. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
}

const tiny: Catalogue = catalogue.slice(0, 1).map((product) => ({
  ...product,
  initialStock: 4,
  restockLevel: 0,
  restockQuantity: 3,
}));

describe('the live simulator', () => {
  it('lists the goods, then places orders at the rate that it was given, without keys and instants', async () => {
    const { shop, simulator, pass } = stage();
    await pass(20_000);
    // 1,000 are expected; the deviation is 32. Six of these, for a fixed seed.
    expect(Math.abs(shop.orders.length - 1_000)).toBeLessThan(190);
    expect(shop.listings).toHaveLength(catalogue.length);
    expect(simulator.stats()).toMatchObject({ placed: shop.orders.length, refused: {}, missed: 0, paused: false });
    for (const order of shop.orders) {
      expect(order).toMatchObject({ source: 'live', handling: null });
      expect(order).not.toHaveProperty('key');
      expect(order).not.toHaveProperty('orderId');
      expect(order).not.toHaveProperty('at');
    }
  });

  it('sends together who comes together', async () => {
    const { shop, pass } = stage({ ratePerSecond: 2_000 });
    await pass(1_000);
    expect(shop.orders.length).toBeGreaterThan(1_700);
    expect(shop.requests.length).toBeLessThanOrEqual(102);
  });

  it('takes another rate, a pause and another policy at once', async () => {
    const { shop, simulator, pass } = stage();
    await pass(1_000);
    simulator.configure({ paused: true });
    const before = shop.orders.length;
    await pass(5_000);
    expect(shop.orders).toHaveLength(before);
    const handling = { chance: 1, delayMs: 5, attempts: 1 };
    simulator.configure({ paused: false, ratePerSecond: 500, handling });
    await pass(2_000);
    expect(shop.orders.length - before).toBeGreaterThan(800);
    expect(shop.orders.at(-1)?.handling).toEqual(handling);
    simulator.configure({ ratePerSecond: 0 });
    const after = shop.orders.length;
    await pass(5_000);
    expect(shop.orders).toHaveLength(after);
  });

  it.each([3, 12, 20])(
    'brings as many in a burst at %d:00 as at any hour, then follows the day again',
    async (hour) => {
      const { shop, simulator, pass } = stage({ flat: false }, undefined, NOON + (hour - 12) * HOUR_MS);
      await pass(1_000);
      const before = shop.orders.length;
      simulator.configure({ ratePerSecond: 50, flat: true });
      await pass(20_000);
      expect(Math.abs(shop.orders.length - before - 1_000)).toBeLessThan(190);
      const after = shop.orders.length;
      simulator.configure({ ratePerSecond: 50, flat: null });
      await pass(20_000);
      if (hour === 3) expect(shop.orders.length - after).toBeLessThan(190);
      else expect(shop.orders.length - after).toBeGreaterThan(1_190);
    },
  );

  it('sells out, and sells again when new goods have come', async () => {
    const { shop, simulator, pass } = stage({ catalogue: tiny, ratePerSecond: 0.05 });
    await pass(6 * 3_600_000, 20_000);
    const sold = shop.orders.reduce((sum, order) => sum + (order.lines[0]?.quantity ?? 0), 0);
    const received = shop.receipts.reduce((sum, receipt) => sum + receipt.quantity, 0);
    expect(sold).toBeGreaterThan(10);
    expect(sold).toBeLessThanOrEqual(received);
    expect(simulator.stats()).toMatchObject({ refused: {}, restocks: shop.receipts.length });
    expect(simulator.stats().missed).toBeGreaterThan(0);
  });

  it('looks again when somebody else has bought the last one', async () => {
    const { shop, simulator, pass } = stage({ catalogue: tiny, ratePerSecond: 1 });
    await pass(20);
    const product = [...shop.products.values()][0];
    if (product === undefined) throw new Error('nothing listed');
    product.available = 0;
    await pass(60_000);
    expect(simulator.stats().refused.SOLD_OUT).toBeGreaterThan(0);
    expect(simulator.stats().refused.SOLD_OUT).toBeLessThan(8);
    expect(shop.orders).toHaveLength(0);
  });

  it('waits while the shop is out of reach, says so once, and goes on without those who left', async () => {
    const warnings: string[] = [];
    const infos: object[] = [];
    const logger: Logger = {
      ...silentLogger,
      warn: (_, message) => warnings.push(message),
      info: (fields) => infos.push(fields),
    };
    const { shop, simulator, pass } = stage({ logger });
    await pass(2_000);
    shop.failure = new ShopError('UNAVAILABLE', 'the shop does not answer');
    const before = shop.orders.length;
    await pass(20_000);
    expect(shop.orders).toHaveLength(before);
    expect(warnings).toHaveLength(1);
    shop.failure = null;
    await pass(10_000);
    const { missed } = simulator.stats();
    // 50 a second for 20 to 25 s of the outage and the wait: and none of them came in a rush afterwards.
    expect(missed).toBeGreaterThan(900);
    expect(infos).toEqual([{ customers: missed }]);
    expect(shop.orders.length - before).toBeLessThan(600);
    expect(shop.orders.length - before).toBeGreaterThan(100);
    expect(warnings).toHaveLength(1);
  });

  it('starts before the shop does', async () => {
    const shop = new MemoryShop();
    shop.failure = new ShopError('UNAVAILABLE', 'not yet');
    const { pass } = stage({}, shop);
    await pass(1_000);
    shop.failure = null;
    await pass(10_000);
    expect(shop.orders.length).toBeGreaterThan(100);
  });

  it('ends with the error when another shop took over', async () => {
    const { shop, simulator, pass } = stage();
    await pass(1_000);
    shop.failure = new ShopError('FENCED', 'another shop took over');
    await pass(1_000);
    await expect(simulator.ended).rejects.toThrow('another shop took over');
  });

  it('ends with the error when the log has another currency', async () => {
    const { simulator, pass } = stage({}, new MemoryShop('EUR'));
    await pass(100);
    await expect(simulator.ended).rejects.toThrow(/EUR/);
  });

  it('has no more than a few requests under way, and loses the impatient when the shop is slow', async () => {
    const shop = new MemoryShop();
    let answer: (() => void)[] = [];
    const { simulator, pass } = stage({}, shop);
    await pass(100);
    shop.delay = () => new Promise((resolve) => answer.push(resolve));
    await pass(20_000);
    expect(simulator.stats().inFlight).toBeLessThanOrEqual(4);
    expect(shop.requests.length).toBeLessThan(20);
    shop.delay = () => Promise.resolve();
    for (const each of answer) each();
    answer = [];
    await pass(100);
    expect(simulator.stats().missed).toBeGreaterThan(400);
    expect(shop.orders.length).toBeLessThan(400);
  });

  it('goes on when the clock is set back or forward by an hour', async () => {
    const { shop, clock, simulator, pass } = stage({ ratePerSecond: 5 });
    await pass(5_000);
    clock.set(clock.now() - 3_600_000);
    // Nobody waits for an hour; the simulator looks up by itself, which takes a moment of real time.
    const before = shop.orders.length;
    await vi.waitFor(
      async () => {
        await pass(1_000, 100);
        expect(shop.orders.length).toBeGreaterThan(before + 10);
      },
      { timeout: 20_000, interval: 50 },
    );
    const later = shop.orders.length;
    clock.advance(3_600_000);
    await pass(1_000);
    expect(shop.orders.length - later).toBeLessThan(5 * 8);
    expect(simulator.stats().placed).toBe(shop.orders.length);
  });

  it('answers everything before it has stopped', async () => {
    const { shop, simulator, pass } = stage({ ratePerSecond: 1_000 });
    shop.delay = () => new Promise(setImmediate);
    await pass(500);
    await simulator.stop();
    await expect(simulator.ended).resolves.toBeUndefined();
    expect(simulator.stats()).toMatchObject({ placed: shop.orders.length, inFlight: 0 });
  });
});
