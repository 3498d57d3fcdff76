/** Pages of orders against a look at every event, for any filters and page sizes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryModels, MemoryStore } from '../../projections/model/memory-models.ts';
import { orders } from '../../projections/orders.ts';
import { openEmbedded } from '../adapters/lmdb/embedded.ts';
import { draw } from '../domain/draw.ts';
import type { OrderPlaced } from '../events/events.ts';
import { silentLogger } from '../ports/logger.ts';
import type { ReadModels } from '../ports/read-models.ts';
import { readOrder, readOrders, readOrdersById, type Order, type OrdersOptions } from './orders.ts';
import { foldMerged, handled, line, placed, Recorder } from './testing.ts';

const START = Date.UTC(2026, 10, 22, 12);
const EMAILS = ['asa@example.com', 'Asa@example.com', 'björn@example.com'];
const instant = fc.integer({ min: 0, max: 30 }).map((n) => START + Math.floor(n / 3) * 61_000);

const world = fc.array(
  fc.record({
    at: instant,
    email: fc.constantFrom(...EMAILS),
    isPlaced: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
    handledAfter: fc.option(fc.integer({ min: 0, max: 3_600_000 })),
  }),
  { maxLength: 60 },
);
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

const asked = fc.record(
  {
    first: fc.integer({ min: 1, max: 12 }),
    status: fc.constantFrom('PLACED' as const, 'HANDLED' as const),
    customer: fc.constantFrom(...EMAILS),
    from: instant.map((at) => new Date(at).toISOString()),
    to: instant.map((at) => new Date(at).toISOString()),
  },
  { requiredKeys: ['first'] },
);

/** Folds the world; resolves to the orders that there are then, newest first. */
async function folded(models: ReadModels, collection: string, made: World): Promise<Order[]> {
  const recorder = new Recorder();
  const expected: Order[] = [];
  const records = made.flatMap(({ at, email, isPlaced, handledAfter }, n) => {
    const customer = { id: 'c', name: 'Åsa', email, country: '' };
    const order = placed(`o-${n}`, at, { customer, lines: [line('p-1', 2, 50), line('p-2', 1, n)] });
    const done = handledAfter === null ? null : handled(`o-${n}`, at + handledAfter, { attempt: 3 });
    const recorded = done === null ? null : recorder.record(done);
    if (isPlaced) expected.push(expectedOf(order, done?.at ?? null, recorded?.offset));
    return [...(isPlaced ? [recorder.record(order)] : []), ...(recorded === null ? [] : [recorded])];
  });
  await foldMerged(models, orders, collection, records);
  return expected.sort((a, b) => (a.placedAt === b.placedAt ? order(b.id, a.id) : order(b.placedAt, a.placedAt)));
}

const order = (a: string, b: string): number => (a < b ? -1 : 1);

function expectedOf(event: OrderPlaced, handledAt: string | null, handledPosition: number | null = null): Order {
  const { orderId, at, source, customer, currency, total, lines, handling } = event;
  const drawn = draw(orderId, handling);
  return {
    id: orderId,
    status: handledAt === null ? 'PLACED' : 'HANDLED',
    placedAt: at,
    dueAt: drawn === null ? null : new Date(Date.parse(at) + drawn.afterMs).toISOString(),
    handledAt,
    attempt: handledAt === null ? null : 3,
    handledPosition,
    source,
    customer,
    currency,
    total,
    lines: lines.map((each) => ({ ...each, amount: each.quantity * each.unitPrice })),
  };
}

/** All pages, one after the other. */
async function walk(models: ReadModels, collection: string, options: OrdersOptions): Promise<Order[]> {
  const all: Order[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await readOrders(
      models,
      { orders: collection },
      { ...options, ...(after === undefined ? {} : { after }) },
    );
    expect(page.items.length).toBeLessThanOrEqual(options.first);
    all.push(...page.items.map(({ item }) => item));
    if (!page.hasNextPage) return all;
    expect(page.items).toHaveLength(options.first);
    expect(page.endCursor).toBe(page.items.at(-1)?.cursor);
    after = page.endCursor ?? '';
  }
}

async function expectPages(models: ReadModels, collection: string, made: World, options: OrdersOptions): Promise<void> {
  const all = await folded(models, collection, made);
  const { status, customer, from = '', to = '~' } = options;
  const expected = all
    .filter((each) => status === undefined || each.status === status)
    .filter((each) => customer === undefined || each.customer.email === customer)
    .filter((each) => each.placedAt >= from && each.placedAt < to);
  expect(await walk(models, collection, options)).toEqual(expected);
  const ids = made.map((_, n) => `o-${n}`);
  const byId = await readOrdersById(models, { orders: collection }, ids);
  expect(new Set(byId.map(({ id }) => id))).toEqual(new Set(all.map(({ id }) => id)));
}

describe('orders in pages', () => {
  it('are those that a look at every event finds, newest first', { timeout: 60_000 }, async () => {
    const property = fc.asyncProperty(world, asked, (made, options) =>
      expectPages(new MemoryModels(new MemoryStore()), 'orders-v1-g1', made, options),
    );
    await fc.assert(property, { numRuns: 200 });
  });

  it('are the same from the embedded store', { timeout: 60_000 }, async () => {
    const dir = await mkdtemp(join(tmpdir(), 'orders-'));
    const embedded = await openEmbedded({ dir, logger: silentLogger, mode: 'own' });
    try {
      let made = 0;
      const property = fc.asyncProperty(world, asked, async (each, options) => {
        const collection = `orders-v1-g${++made}`;
        await expectPages(embedded.models, collection, each, options);
        await embedded.models.dropCollection(collection);
      });
      await fc.assert(property, { numRuns: 40 });
    } finally {
      await embedded.close();
      await rm(dir, { recursive: true, force: true });
    }
  });

  it('give up looking after 2,000 orders, and go on from there', { timeout: 60_000 }, async () => {
    const models = new MemoryModels(new MemoryStore());
    const recorder = new Recorder();
    const events = Array.from({ length: 2_500 }, (_, n) => placed(`o-${n}`, START + n));
    const records = [...events, handled('o-10', START + 9_000), handled('o-2499', START + 9_000)].map((event) =>
      recorder.record(event),
    );
    await foldMerged(models, orders, 'orders', records);
    const ask = { first: 5, status: 'HANDLED' } as const;
    const page = await readOrders(models, { orders: 'orders' }, ask);
    expect(page.items.map(({ item }) => item.id)).toEqual(['o-2499']);
    expect(page).toMatchObject({ hasNextPage: true });
    const next = await readOrders(models, { orders: 'orders' }, { ...ask, after: page.endCursor ?? '' });
    expect(next.items.map(({ item }) => item.id)).toEqual(['o-10']);
    expect(next).toMatchObject({ hasNextPage: false, endCursor: next.items[0]?.cursor });
  });

  it('are refused with a bad cursor or a bad count', async () => {
    const models = new MemoryModels(new MemoryStore());
    const good = Buffer.from(JSON.stringify(['2026-11-22T12:00:00.000Z', 'o-1'])).toString('base64url');
    const encoded = (text: string): string => Buffer.from(text).toString('base64url');
    const bad = ['', '!', good.slice(1), `${good}=`, encoded('["a"]'), encoded('["a",1]'), encoded('["a", "b"]'), encoded('7')]; // prettier-ignore
    for (const after of bad) {
      const asking = readOrders(models, { orders: 'orders' }, { first: 5, after });
      await expect(asking, after).rejects.toMatchObject({ code: 'BAD_INPUT' });
    }
    for (const first of [0, -1, 101, 1.5, NaN]) {
      await expect(readOrders(models, { orders: 'orders' }, { first })).rejects.toMatchObject({ code: 'BAD_INPUT' });
    }
    const empty = { items: [], hasNextPage: false, endCursor: null };
    expect(await readOrders(models, { orders: 'orders' }, { first: 100, after: good })).toEqual(empty);
  });
});

describe('one order', () => {
  it('is there once its part placed is', async () => {
    const models = new MemoryModels(new MemoryStore());
    const recorder = new Recorder();
    const collections = { orders: 'orders' };
    await foldMerged(models, orders, 'orders', [recorder.record(handled('o-1', START + 500, { attempt: 3 }))]);
    expect(await readOrder(models, collections, 'o-1')).toBeNull();
    const event = placed('o-1', START);
    await foldMerged(models, orders, 'orders', [recorder.record(event)]);
    expect(await readOrder(models, collections, 'o-1')).toEqual(
      expectedOf(event, new Date(START + 500).toISOString(), 0),
    );
    expect(await readOrder(models, collections, 'o-2')).toBeNull();
    await expect(readOrder(models, {}, 'o-1')).rejects.toMatchObject({ code: 'MISCONFIGURED' });
  });
});
