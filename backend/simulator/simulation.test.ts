import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { localHour } from '../domain/calendar.ts';
import type { Command, PlaceOrder, ReceiveStock } from '../shop/commands.ts';
import { loadCatalogue, type Catalogue } from './catalogue.ts';
import { MemoryShop } from './memory-shop-test-kit.ts';
import { simulate, type SimulationOptions } from './simulation.ts';

const catalogue = await loadCatalogue();
const DAY_MS = 86_400_000;

/** One day in UTC, 500 orders. */
function options(changes: Partial<SimulationOptions> = {}): SimulationOptions {
  const from = Date.parse('2026-11-22T00:00:00Z');
  return {
    seed: 42,
    catalogue,
    currency: 'SEK',
    available: new Map(),
    from,
    to: from + DAY_MS,
    volume: { orders: 500 },
    timeZone: 'UTC',
    handling: { chance: 0.8, delayMs: 60_000, attempts: 1 },
    source: 'history',
    ...changes,
  };
}

const ordersOf = (commands: Iterable<Command>): PlaceOrder[] =>
  [...commands].filter((command) => command.type === 'PlaceOrder');
const receiptsOf = (commands: Iterable<Command>): ReceiveStock[] =>
  [...commands].filter((command) => command.type === 'ReceiveStock');
const digest = (commands: Iterable<Command>): string =>
  createHash('sha256')
    .update(JSON.stringify([...commands]))
    .digest('hex');
const one = (initialStock: number, restockLevel: number, restockQuantity: number): Catalogue => [
  { productId: 'P', name: 'P', category: 'c', price: 1, popularity: 1, initialStock, restockLevel, restockQuantity },
];

describe('the simulation', () => {
  it('gives the same bytes for the same arguments, others for another seed', () => {
    expect(digest(simulate(options()))).toBe(digest(simulate(options())));
    expect(digest(simulate(options()))).not.toBe(digest(simulate(options({ seed: 43 }))));
  });

  it('is in the order of time, within its span, and bears a key of its own on each order and receipt', () => {
    const { from, to } = options();
    const commands = [...simulate(options())];
    const instants = commands.map((command) => Date.parse(command.at ?? ''));
    expect(instants).toEqual([...instants].sort((a, b) => a - b));
    expect(instants.every((at) => at >= from && at < to)).toBe(true);
    const keys = commands.flatMap((command) => (command.type === 'ListProduct' ? [] : [command.key]));
    expect(keys).not.toContain(undefined);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('never sells what is not there, whatever is asked of it', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 0, max: 400 }),
        fc.record({
          initial: fc.integer({ min: 0, max: 30 }),
          level: fc.integer({ min: 0, max: 9 }),
          quantity: fc.integer({ min: 1, max: 20 }),
          products: fc.integer({ min: 1, max: 5 }),
        }),
        (seed, orders, { initial, level, quantity, products }) => {
          const small = Array.from({ length: products }, (_, index) => ({
            ...(one(initial, level, quantity)[0] as Catalogue[number]),
            productId: `P${index}`,
          }));
          const shop = new MemoryShop();
          const commands = [...simulate(options({ seed, catalogue: small, volume: { orders } }))];
          void shop.submit(commands);
          expect(shop.orders).toHaveLength(orders);
          expect(shop.orders.length + shop.receipts.length + shop.listings.length).toBe(commands.length);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('sells from the stock that is there, and lists only what is unknown', () => {
    const available = new Map(catalogue.slice(1).map(({ productId }) => [productId, 50]));
    const commands = [...simulate(options({ available }))];
    expect(commands.filter((command) => command.type === 'ListProduct').map(({ productId }) => productId)).toEqual([
      catalogue[0]?.productId,
    ]);
    expect(receiptsOf(commands).filter(({ reason }) => reason === 'initial')).toHaveLength(1);
  });

  it('brings goods after they have run low, and sells nothing of them meanwhile', () => {
    const commands = [...simulate(options({ catalogue: one(3, 0, 5), volume: { ratePerSecond: 0.01 } }))];
    let left = 0;
    for (const command of commands) {
      if (command.type === 'ReceiveStock') left += command.quantity;
      else if (command.type === 'PlaceOrder') left -= command.lines[0]?.quantity ?? 0;
      expect(left).toBeGreaterThanOrEqual(0);
    }
    expect(receiptsOf(commands).length).toBeGreaterThan(10);
  });

  it('has as many orders a day as the average rate says', () => {
    const { from } = options();
    const orders = ordersOf(simulate(options({ to: from + 10 * DAY_MS, volume: { ratePerSecond: 0.05 } })));
    // 43,200 are expected; the deviation of a Poisson number is its root, 208. Six of these, for a fixed seed.
    expect(Math.abs(orders.length - 43_200)).toBeLessThan(6 * 208);
  });

  it('follows the day of its time zone', () => {
    for (const timeZone of ['Europe/Stockholm', 'Australia/Lord_Howe', 'America/Los_Angeles']) {
      const byHour = new Array<number>(24).fill(0);
      for (const { at } of ordersOf(simulate(options({ timeZone, volume: { orders: 8_000 } })))) {
        const hour = Math.floor(localHour(Date.parse(at ?? ''), timeZone) + 0.5) % 24;
        byHour[hour] = (byHour[hour] ?? 0) + 1;
      }
      expect(byHour.indexOf(Math.max(...byHour))).toBe(20);
      expect(byHour[3]).toBeLessThan((byHour[12] ?? 0) / 10);
    }
  });

  it('keeps arrivals and customers when the goods are others', () => {
    const who = (commands: Iterable<Command>): string[] =>
      ordersOf(commands).map(({ at, customer }) => `${at} ${customer.email}`);
    expect(who(simulate(options({ catalogue: one(100_000, 0, 1) })))).toEqual(who(simulate(options())));
  });

  it('numbers the orders of each local day, under a name that other arguments do not share', () => {
    const from = Date.parse('2026-10-24T00:00:00Z');
    const orders = ordersOf(
      simulate(options({ from, to: from + 3 * DAY_MS, timeZone: 'Europe/Stockholm', volume: { orders: 60 } })),
    );
    const days = new Map<string, string[]>();
    for (const { orderId = '' } of orders) {
      const [, day = '', number = ''] = /^(\d{4}-\d\d-\d\d)-42-[0-9a-f]{8}-(\d{6})$/.exec(orderId) ?? [];
      days.set(day, [...(days.get(day) ?? []), number]);
    }
    expect([...days.keys()]).toEqual(['2026-10-24', '2026-10-25', '2026-10-26', '2026-10-27'].slice(0, days.size));
    for (const numbers of days.values()) {
      expect(numbers).toEqual(numbers.map((_, index) => String(index + 1).padStart(6, '0')));
    }
    const other = new Set(ordersOf(simulate(options({ volume: { orders: 501 } }))).map(({ orderId }) => orderId));
    expect(ordersOf(simulate(options())).some(({ orderId }) => other.has(orderId))).toBe(false);
  });

  it('goes on for ever where no end is given', () => {
    const commands = simulate(options({ to: Infinity, volume: { ratePerSecond: 2 } }));
    const days = new Set<string>();
    for (const command of commands) {
      days.add((command.at ?? '').slice(0, 10));
      if (days.size === 2) break;
    }
    expect([...days]).toEqual(['2026-11-22', '2026-11-23']);
  });

  it('has customers with mail addresses that nobody owns', () => {
    for (const { customer } of ordersOf(simulate(options({ volume: { orders: 3_000 } })))) {
      expect(customer.email).toMatch(/^[a-z0-9]+\.[a-z0-9]+\.\d+@example\.com$/);
      expect(customer.country).toMatch(/^[A-Z]{2}$/);
      expect(customer.name).toMatch(/^\S.* .*\S$/);
    }
  });
});
