/**
 * A simulated year in virtual time, midnight by midnight, in zones with and without summer time. The judge sums
 * the log up by days that it takes from Intl, and knows nothing of the calendar, the read models and the reporter.
 */
import { describe, expect, it, vi } from 'vitest';
import { addDays, boundsOf, type Day } from '../domain/calendar.ts';
import { encode } from '../events/codec.ts';
import type { OrderHandled, OrderPlaced } from '../events/events.ts';
import { startHandler } from '../handler/handler.ts';
import { ManualClock } from '../ports/clock.ts';
import type { EventLog } from '../ports/event-log.ts';
import { silentLogger } from '../ports/logger.ts';
import { line, placed } from '../queries/testing.ts';
import { eventsOf, openShopIn, WORLDS, type World as Shop } from '../shop/shop-test-kit.ts';
import { loadCatalogue } from '../simulator/catalogue.ts';
import { writeHistory } from '../simulator/history.ts';
import { MemoryFolder } from './killing-test-kit.ts';
import type { DailyReport } from './report-schema.ts';
import { issuedIn, openWorld, optionsIn } from './reporter-test-kit.ts';
import { startReporter } from './reporter.ts';

const FIRST = '2026-01-01';
const LAST = '2026-12-31';
const ORDERS = 7_300;
const HOUR_MS = 3_600_000;
const EVERY_MS = 600_000;
const GRACE_MS = 5_000;
const TEST_MAX_MS = 180_000;
/** A report that has not come by then will not come. */
const WAIT_MAX_MS = 20_000;

const catalogue = await loadCatalogue();

/** Days that do not have 24 hours. */
const ZONES: readonly { readonly timeZone: string; readonly hours: Readonly<Record<Day, number>> }[] = [
  { timeZone: 'Europe/Stockholm', hours: { '2026-03-29': 23, '2026-10-25': 25 } },
  // Midnight is left out on the one day, and comes twice on the other.
  { timeZone: 'America/Havana', hours: { '2026-03-08': 23, '2026-11-01': 25 } },
  { timeZone: 'Australia/Lord_Howe', hours: { '2026-04-05': 24.5, '2026-10-04': 23.5 } },
  { timeZone: 'UTC', hours: {} },
];

/** Twenty orders a day, and one every ten minutes of the days that are longer or shorter; what was drawn is handled. */
async function sellFor(world: Shop, timeZone: string, oddDays: readonly Day[]): Promise<void> {
  const shop = await openShopIn(world);
  const counts = await writeHistory({
    shop,
    catalogue,
    currency: 'SEK',
    seed: 6,
    from: boundsOf(FIRST, timeZone).from,
    to: boundsOf(LAST, timeZone).to,
    volume: { orders: ORDERS },
    timeZone,
    handling: { chance: 0.8, delayMs: HOUR_MS, attempts: 1 },
  });
  expect(counts).toMatchObject({ orders: ORDERS, refused: {} });
  await shop.close();
  for (const day of oddDays) {
    const { from, to } = boundsOf(day, timeZone);
    const count = (to - from) / EVERY_MS;
    const orders = Array.from({ length: count }, (_, n) =>
      placed(`${day}-${n}`, from + n * EVERY_MS, { source: 'history' }),
    );
    await world.log.append(orders.map(encode));
  }
  const clock = new ManualClock('2028-01-01T00:00:00.000Z');
  const handler = await startHandler({ log: world.log, models: world.models, clock, logger: silentLogger });
  await handler.caughtUp(await world.log.bounds('orders'));
  await handler.stop();
}

interface Sums {
  orders: number;
  sales: number;
  handledOrders: number;
  /** By product: units and amount. */
  products: Record<string, [number, number]>;
}

async function sumsOf(log: EventLog, timeZone: string): Promise<Map<Day, Sums>> {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  const sums = new Map<Day, Sums>();
  const on = (at: number): Sums => {
    const day = format.format(at);
    const known = sums.get(day) ?? { orders: 0, sales: 0, handledOrders: 0, products: {} };
    sums.set(day, known);
    return known;
  };
  for (const { event, at } of await eventsOf(log, 'orders')) {
    const ofDay = on(at);
    ofDay.orders += 1;
    for (const { productId, quantity, unitPrice } of (event as OrderPlaced).lines) {
      ofDay.sales += quantity * unitPrice;
      const product = (ofDay.products[productId] ??= [0, 0]);
      product[0] += quantity;
      product[1] += quantity * unitPrice;
    }
  }
  for (const { event, at } of await eventsOf(log, 'handled-orders')) {
    expect((event as OrderHandled).type).toBe('OrderHandled');
    on(at).handledOrders += 1;
  }
  return sums;
}

const sumsIn = ({ orders, sales, handledOrders, products }: DailyReport): Sums => ({
  orders,
  sales,
  handledOrders,
  products: Object.fromEntries(products.map(({ productId, units, amount }) => [productId, [units, amount]])),
});

const total = (sums: Iterable<Sums>): Omit<Sums, 'products'> => {
  const all = { orders: 0, sales: 0, handledOrders: 0 };
  for (const each of sums) for (const name of Object.keys(all) as (keyof typeof all)[]) all[name] += each[name];
  return all;
};

/** How often the wall clock of one order is behind that of the order before: where an hour comes twice. */
async function stepsBack(log: EventLog, day: Day, timeZone: string): Promise<number> {
  const { from, to } = boundsOf(day, timeZone);
  const instants = (await eventsOf(log, 'orders')).map(({ at }) => at).filter((at) => at >= from && at < to);
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, timeStyle: 'medium' });
  const times = instants.sort((a, b) => a - b).map((at) => format.format(at));
  return times.filter((time, index) => time < (times[index - 1] ?? '')).length;
}

describe('the reports of a year', () => {
  it.each(ZONES)('add up to the log in $timeZone', { timeout: TEST_MAX_MS }, async ({ timeZone, hours }) => {
    const engine = await WORLDS[0].openWorld();
    await sellFor(engine, timeZone, Object.keys(hours));
    const world = await openWorld(boundsOf(FIRST, timeZone).from, engine);
    await world.fold();
    const folder = new MemoryFolder();
    const fileOf = (day: Day): DailyReport =>
      JSON.parse(folder.files.get(`${day}.json`)?.toString() ?? 'null') as DailyReport;
    const reporter = await startReporter(optionsIn(world, { timeZone, graceMs: GRACE_MS, open: () => folder }));

    const reports: DailyReport[] = [];
    for (let day = FIRST; day <= addDays(LAST, 2); day = addDays(day, 1)) {
      const midnight = boundsOf(day, timeZone).to;
      if (day in hours || day.endsWith('-01')) {
        world.clock.set(midnight + GRACE_MS - 1);
        await reporter.look();
        expect(folder.files.has(`${day}.json`), `${day} too early`).toBe(false);
      }
      // It has to wake by itself.
      world.clock.set(midnight + GRACE_MS);
      await vi.waitUntil(() => folder.files.has(`${day}.json`), { interval: 1, timeout: WAIT_MAX_MS });
      reports.push(fileOf(day));
      expect(fileOf(day).generatedAt, day).toBe(new Date(midnight + GRACE_MS).toISOString());
    }

    const sums = await sumsOf(world.log, timeZone);
    for (const report of reports) {
      const expected = sums.get(report.date) ?? { orders: 0, sales: 0, handledOrders: 0, products: {} };
      expect(sumsIn(report), report.date).toEqual(expected);
    }
    expect(total(reports.map(sumsIn))).toEqual(total(sums.values()));
    const extra = Object.values(hours).reduce((sum, length) => sum + (length * HOUR_MS) / EVERY_MS, 0);
    expect(total(sums.values()).orders).toBe(ORDERS + extra);
    expect(reports.slice(1).map(({ from }) => from)).toEqual(reports.slice(0, -1).map(({ to }) => to));
    const lengths = reports.map(({ date, from, to }) => [date, (Date.parse(to) - Date.parse(from)) / HOUR_MS] as const);
    expect(Object.fromEntries(lengths.filter(([, length]) => length !== 24))).toEqual(hours);
    for (const [day, length] of Object.entries(hours)) {
      expect(await stepsBack(world.log, day, timeZone), day).toBe(length > 24 ? 1 : 0);
    }
    expect((await issuedIn(world.log)).map(({ day, revision }) => [day, revision])).toEqual(
      reports.map(({ date }) => [date, 1]),
    );

    // Ten minutes after the last midnight, and ten days after another.
    const last = addDays(LAST, 2);
    for (const [day, orderId] of [
      [last, 'ten minutes late'],
      [addDays(last, -10), 'ten days late'],
    ] as const) {
      const before = fileOf(day);
      world.clock.advance(10 * 60_000);
      const at = boundsOf(day, timeZone).to - 1_000;
      await world.happen([placed(orderId, at, { lines: [line('late', 2, 70)] })]);
      await reporter.look();
      const { revision, orders, sales, changes } = fileOf(day);
      expect({ revision, orders, sales }).toEqual({
        revision: 2,
        orders: before.orders + 1,
        sales: before.sales + 140,
      });
      expect(changes).toEqual([
        { what: 'orders', before: before.orders, after: before.orders + 1 },
        { what: 'sales', before: before.sales, after: before.sales + 140 },
        { what: 'units of late', before: 0, after: 2 },
        { what: 'amount of late', before: 0, after: 140 },
      ]);
      expect(JSON.parse(folder.files.get(`${day}.r1.json`)?.toString() ?? 'null')).toEqual(before);
    }
    await reporter.stop();
  });
});
