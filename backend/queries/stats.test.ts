/** Every figure against a brute-force count over the events, with all sorts of days, zones and instants. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryModels, MemoryStore } from '../../projections/model/memory-models.ts';
import { openEmbedded } from '../adapters/lmdb/embedded.ts';
import { draw } from '../domain/draw.ts';
import type { Recorded } from '../events/codec.ts';
import type { OrderHandled, OrderPlaced, ProductId, ShopEvent, StockReceived } from '../events/events.ts';
import { silentLogger } from '../ports/logger.ts';
import type { ReadModels } from '../ports/read-models.ts';
import type { Collections } from './collections.ts';
import { readDay } from './day.ts';
import { readStats, type Stats } from './stats.ts';
import { collectionsFor, foldInto, handled, line, placed, Recorder } from './testing.ts';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 500);

/** Instants about which something is odd: midnights, and the hours that are left out or come twice. */
const ODD = [
  ['Europe/Stockholm', '2026-11-22T23:00:00.000Z'],
  ['Europe/Stockholm', '2026-11-22T14:07:31.500Z'],
  ['Europe/Stockholm', '2026-10-24T22:00:00.000Z'],
  ['Europe/Stockholm', '2026-10-25T01:00:00.000Z'],
  ['Europe/Stockholm', '2026-10-25T23:00:00.000Z'],
  ['Europe/Stockholm', '2027-03-27T23:00:00.000Z'],
  ['Europe/Stockholm', '2027-03-28T01:00:00.000Z'],
  ['Europe/Stockholm', '2027-03-28T22:00:00.000Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30:00.000Z'],
  ['Australia/Lord_Howe', '2026-10-04T13:00:00.000Z'],
  ['Australia/Lord_Howe', '2027-04-03T13:00:00.000Z'],
  ['Australia/Lord_Howe', '2027-04-03T15:00:00.000Z'],
  ['Australia/Lord_Howe', '2027-04-04T13:30:00.000Z'],
  ['Asia/Kathmandu', '2026-11-22T18:15:00.000Z'],
  // Midnight does not exist on this day: it begins at one o'clock.
  ['America/Asuncion', '2024-10-06T04:00:00.000Z'],
  // Midnight comes twice on these days: they begin at the first.
  ['Atlantic/Azores', '2026-10-25T00:00:00.000Z'],
  ['America/Havana', '2026-11-01T05:00:00.000Z'],
] as const;

/** Offsets from an odd instant: within a second, about the edges of the windows, hours, days. */
const offset = fc.oneof(
  fc.integer({ min: -2_000, max: 2_000 }),
  fc
    .tuple(
      fc.oneof(fc.constantFrom(0, 1, 6, 12, 24), fc.integer({ min: 0, max: 25 })),
      fc.integer({ min: -1_500, max: 1_500 }),
    )
    .map(([intervals, ms]) => -intervals * 300_000 + ms),
  fc.integer({ min: -10_800_000, max: 10_800_000 }),
  fc.integer({ min: -200_000_000, max: 200_000_000 }),
);

const policy = fc.constantFrom(
  null,
  { chance: 1, delayMs: 60_000, attempts: 1 },
  { chance: 0.5, delayMs: 600_000, attempts: 2 },
);
const products = ['p-1', 'p.2', '$p%/3', '__proto__'];
const orderLines = fc.array(
  fc
    .tuple(fc.constantFrom(...products), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 100_000 }))
    .map(([id, quantity, price]) => line(id, quantity, price)),
  { minLength: 1, maxLength: 3 },
);
const moment = fc.record({ after: offset, fromT: fc.boolean() });
const orderSpec = fc.record({
  when: moment,
  lines: orderLines,
  handling: policy,
  /** When it was handled, but never before the draw allows it; null: not yet. */
  handledWhen: fc.option(moment, { nil: null }),
  partition: fc.integer({ min: 0, max: 5 }),
});
const receiptSpec = fc.record({
  when: moment,
  product: fc.constantFrom(...products),
  quantity: fc.integer({ min: 1, max: 500 }),
  initial: fc.boolean(),
  listed: fc.boolean(),
});
const world = fc.record({
  odd: fc.constantFrom(...ODD),
  tAfter: offset,
  orders: fc.array(orderSpec, { maxLength: 40 }),
  receipts: fc.array(receiptSpec, { maxLength: 8 }),
  /** Where the log is split: what comes behind is folded by a flush of its own. */
  split: fc.integer({ min: 0, max: 60 }),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

const timeOf = ({ odd: [, instant] }: World): number => Date.parse(instant);

const instantOf = (made: World, { after, fromT }: World['orders'][number]['when']): number =>
  timeOf(made) + (fromT ? made.tAfter : 0) + after;

const stockEvents = (at: number, { product, quantity, initial, listed }: World['receipts'][number], n: number) => {
  const common = {
    version: 1,
    at: new Date(at).toISOString(),
    source: 'live',
    productId: product as ProductId,
  } as const;
  const received: StockReceived = {
    ...common,
    type: 'StockReceived',
    id: `receipt-${n}`,
    quantity,
    reason: initial ? 'initial' : 'restock',
  };
  const listing: ShopEvent = {
    ...common,
    type: 'ProductListed',
    id: `listing-${n}`,
    name: `The ${product}`,
    category: 'Things',
    price: 100,
    currency: 'NOK',
  };
  return listed ? [listing, received] : [received];
};

function recordsOf(made: World): Recorded[] {
  const recorder = new Recorder();
  const records: Recorded[] = [];
  for (const [n, spec] of made.receipts.entries()) {
    // A product keeps to its partition, or "the latest listing" would have no meaning.
    const partition = products.indexOf(spec.product);
    for (const event of stockEvents(instantOf(made, spec.when), spec, n))
      records.push(recorder.record(event, partition));
  }
  for (const [n, { when, lines, handling, handledWhen, partition }] of made.orders.entries()) {
    const at = instantOf(made, when);
    const order = placed(`order-${n}`, at, { lines, handling });
    records.push(recorder.record(order, partition));
    const drawn = draw(order.orderId, handling);
    if (drawn === null || handledWhen === null) continue;
    const handledAt = Math.max(at + drawn.afterMs, instantOf(made, handledWhen));
    records.push(recorder.record(handled(order.orderId, handledAt, { lines }), partition));
  }
  return records;
}

const second = (instant: number): number => Math.floor(instant / 1_000);

function dayNameIn(timeZone: string): (instant: number) => string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone });
  return (instant) => format.format(instant);
}

/** Straight from what mission and README say, with no buckets and no calendar of ours. */
function bruteForce(
  records: readonly Recorded[],
  t: number,
  zone: string,
): Omit<Stats, 'at' | 'timeZone' | 'positions'> {
  const all = records as readonly { event: ShopEvent; at: number }[];
  const orders = all.filter((each): each is { event: OrderPlaced; at: number } => each.event.type === 'OrderPlaced');
  const done = all.filter((each): each is { event: OrderHandled; at: number } => each.event.type === 'OrderHandled');
  const dayName = dayNameIn(zone);
  const past = (at: number): boolean => second(at) <= second(t);
  const today = (at: number): boolean => past(at) && dayName(second(at) * 1_000) === dayName(t);
  const within = (seconds: number) => (each: { at: number }) => past(each.at) && second(each.at) > second(t) - seconds;
  const sum = (found: readonly { event: OrderPlaced }[]): number =>
    found.reduce((total, { event }) => total + event.lines.reduce((s, l) => s + l.quantity * l.unitPrice, 0), 0);
  const intervals = Array.from({ length: 24 }, (_, n) => {
    const age = (24 - n) * 300;
    return done.filter(within(age)).length - done.filter(within(age - 300)).length;
  });
  const handledIds = new Set(done.filter((each) => past(each.at)).map(({ event }) => event.orderId));
  const open = orders.filter(
    ({ at, event }) => past(at) && draw(event.orderId, event.handling) !== null && !handledIds.has(event.orderId),
  );
  const listing = all.find(({ event }) => event.type === 'ProductListed');
  return {
    currency: listing === undefined ? 'SEK' : 'NOK',
    ordersToday: orders.filter((each) => today(each.at)).length,
    salesToday: sum(orders.filter((each) => today(each.at))),
    salesLastHour: sum(orders.filter(within(3_600))),
    handledToday: done.filter((each) => today(each.at)).length,
    handledLast5m: done.filter(within(300)).length,
    handledLast30m: done.filter(within(1_800)).length,
    handledLast1h: done.filter(within(3_600)).length,
    handledLast2h: done.filter(within(7_200)).length,
    handledPer5mAverage: done.filter(within(7_200)).length / 24,
    handledPer5m: intervals,
    openOrders: open.length,
    stock: bruteForceStock(all, t, dayName),
  };
}

function bruteForceStock(
  all: readonly { event: ShopEvent; at: number }[],
  t: number,
  dayOf: (at: number) => string,
): Stats['stock'] {
  return [...products].sort().flatMap((productId) => {
    let known = false;
    let listed = false;
    let balance = 0;
    let opening = 0;
    let soldToday = 0;
    for (const { event, at } of all) {
      const counts = Math.floor(at / 60_000) <= Math.floor(t / 60_000);
      if (event.type === 'OrderPlaced') {
        for (const each of event.lines) {
          if (each.productId !== productId) continue;
          known = true;
          if (counts) balance -= each.quantity;
          if (counts && dayOf(at) === dayOf(t)) soldToday += each.quantity;
        }
      } else if ((event.type === 'StockReceived' || event.type === 'ProductListed') && event.productId === productId) {
        known = true;
        if (event.type === 'ProductListed') listed = true;
        else if (counts) balance += event.quantity;
        if (event.type === 'StockReceived' && event.reason === 'initial') opening += event.quantity;
      }
    }
    if (!known) return [];
    const [name, category, price] = listed ? [`The ${productId}`, 'Things', 100] : [productId, '', null];
    return [{ productId, name, balance, category, price, opening, soldToday }];
  });
}

/** Reads the figures of a made-up world from `models` and compares every one of them. */
async function expectFigures(made: World, models: ReadModels, collections: Collections): Promise<void> {
  const [zone] = made.odd;
  const t = timeOf(made) + made.tAfter;
  const records = recordsOf(made);
  await foldInto(models, collections, records.slice(0, made.split));
  await foldInto(models, collections, records.slice(made.split));
  const { at, timeZone, positions, ...figures } = await readStats(models, {
    at: t,
    timeZone: zone,
    collections,
    currency: 'SEK',
  });
  expect(figures).toEqual(bruteForce(records, t, zone));
  expect([Date.parse(at), timeZone]).toEqual([t, zone]);
  for (const partition of [0, 1, 2, 3, 4, 5]) {
    const offsets = records.filter((r) => r.topic === 'orders' && r.partition === partition).map((r) => r.offset);
    for (const name of ['order-counts', 'sales', 'handling', 'stock']) {
      expect(positions[name]?.orders?.[partition]).toBe(Math.max(-1, ...offsets));
    }
  }
}

describe('the figures as of an instant', () => {
  it('are what a brute-force count says, for any events, zone and instant', { timeout: 120_000 }, async () => {
    const property = fc.asyncProperty(world, (made) =>
      expectFigures(made, new MemoryModels(new MemoryStore()), collectionsFor('w')),
    );
    await fc.assert(property, { numRuns: RUNS });
  });

  it('are the same from the embedded store', { timeout: 120_000 }, async () => {
    const dir = await mkdtemp(join(tmpdir(), 'stats-'));
    const embedded = await openEmbedded({ dir, logger: silentLogger, mode: 'own' });
    try {
      let made = 0;
      const property = fc.asyncProperty(world, async (each) => {
        const collections = collectionsFor(`w${++made}`);
        await expectFigures(each, embedded.models, collections);
        for (const collection of Object.values(collections)) await embedded.models.dropCollection(collection);
      });
      await fc.assert(property, { numRuns: RUNS / 10, endOnFailure: true });
    } finally {
      await embedded.close();
      await rm(dir, { recursive: true, force: true });
    }
  });

  it('of a day are what a brute-force count says', { timeout: 120_000 }, async () => {
    const property = fc.asyncProperty(world, async (made) => {
      const [zone] = made.odd;
      const dayName = dayNameIn(zone);
      const day = dayName(timeOf(made) + made.tAfter);
      const records = recordsOf(made);
      const models = new MemoryModels(new MemoryStore());
      const collections = collectionsFor('w');
      await foldInto(models, collections, records);
      const figures = await readDay(models, day, { timeZone: zone, collections });
      const ofDay = records.filter(({ at }) => dayName(at) === day);
      const orders = ofDay.flatMap(({ event }) => (event.type === 'OrderPlaced' ? [event] : []));
      const lines = orders.flatMap((each) => each.lines);
      expect(figures).toMatchObject({
        orders: orders.length,
        sales: orders.reduce((sum, each) => sum + each.total, 0),
        handled: ofDay.filter(({ event }) => event.type === 'OrderHandled').length,
        products: [...new Set(lines.map((each) => each.productId))].sort().map((productId) => {
          const own = lines.filter((each) => each.productId === productId);
          const units = own.reduce((sum, each) => sum + each.quantity, 0);
          const amount = own.reduce((sum, each) => sum + each.quantity * each.unitPrice, 0);
          return { productId, name: `The ${productId}`, units, amount };
        }),
      });
    });
    await fc.assert(property, { numRuns: RUNS });
  });

  it('are all 0 before anything is folded, and the stock is empty', async () => {
    const stats = await readStats(new MemoryModels(new MemoryStore()), {
      at: Date.parse('2026-11-22T14:00:00.000Z'),
      timeZone: 'Europe/Stockholm',
      collections: collectionsFor('none'),
      currency: 'SEK',
    });
    const { at, timeZone, currency, positions, handledPer5m, stock, ...rest } = stats;
    expect([at, timeZone, currency]).toEqual(['2026-11-22T14:00:00.000Z', 'Europe/Stockholm', 'SEK']);
    expect(Object.values(rest)).toEqual(Array.from({ length: 10 }, () => 0));
    expect([handledPer5m, stock]).toEqual([Array.from({ length: 24 }, () => 0), []]);
    expect(positions['order-counts']).toEqual({ orders: [-1, -1, -1, -1, -1, -1] });
  });
});
