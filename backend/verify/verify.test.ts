import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { dailyReports } from '../../projections/daily-reports.ts';
import { handling } from '../../projections/handling.ts';
import { PROJECTIONS } from '../../projections/index.ts';
import { orderCounts } from '../../projections/order-counts.ts';
import { orders } from '../../projections/orders.ts';
import { productsSold } from '../../projections/products-sold.ts';
import type { FoldedProjection, Projection } from '../../projections/projection.ts';
import { sales } from '../../projections/sales.ts';
import { stock } from '../../projections/stock.ts';
import type { FoldedDocument, MergedDocument } from '../ports/read-models.ts';
import { TOPICS_OF } from './expectation.ts';
import { COLLECTIONS, named, recordsOf, Shop, someEvents } from './verify-test-kit.ts';
import { verify, type Verification } from './verify.ts';

const SEEDS = [1, 2, 3, 4, 5];

function judge(shop: Shop, more: { foldedAtOnceMax?: number; signal?: AbortSignal } = {}): Promise<Verification> {
  return verify({ log: shop.log, models: shop.models, collections: COLLECTIONS, ...more });
}

async function foldedShop(seed: number, projections: readonly Projection[] = PROJECTIONS): Promise<Shop> {
  const shop = new Shop();
  for (let part = 0; part < 4; part++) await shop.append(recordsOf(someEvents(seed * 10 + part, 60)));
  await shop.fold(projections);
  return shop;
}

describe('what the projector folds', () => {
  it('knows every projection, with its topics', () => {
    expect(TOPICS_OF).toEqual(Object.fromEntries(PROJECTIONS.map(({ name, topics }) => [name, topics])));
  });

  it.each(SEEDS)('equals the independent fold (seed %d)', async (seed) => {
    const shop = await foldedShop(seed);
    const result = await judge(shop);
    for (const { name, differences, documents } of result.projections) {
      expect(differences, name).toEqual([]);
      expect(documents, name).toBe(documentsOf(shop, name).size + mergedOf(shop, name).size);
      expect(documents, name).toBeGreaterThan(10);
    }
    expect(result.ok).toBe(true);
  });

  it('is verified alike in one go and partition by partition', async () => {
    const shop = await foldedShop(6);
    expect(await judge(shop, { foldedAtOnceMax: 160 })).toEqual(await judge(shop));
  });

  it('is equal when there is nothing yet', async () => {
    const result = await judge(new Shop());
    expect(result.ok).toBe(true);
    expect(named(result, 'sales')).toMatchObject({ documents: 0, positions: { 'orders/0': -1 } });
  });

  it('is verified while it moves on', async () => {
    const shop = new Shop();
    await shop.append(recordsOf(someEvents(7, 100)));
    await shop.start();
    let going = true;
    const appending = (async () => {
      for (let part = 0; going; part++) {
        await shop.append(recordsOf(someEvents(100 + part, 3)));
        for (let turns = 0; turns < 20; turns++) await turn();
      }
    })();
    let ahead = 0;
    for (let round = 0; round < 30; round++) {
      const result = await judge(shop);
      expect(result.projections.flatMap(({ differences }) => differences)).toEqual([]);
      ahead += result.projections.reduce((sum, each) => sum + each.ahead, 0);
    }
    going = false;
    await appending;
    await shop.stop();
    // Otherwise the test has not tried what it is for.
    expect(ahead).toBeGreaterThan(0);
  }, 60_000);

  it('may be past its checkpoint: a crash between the two writes', async () => {
    const shop = await foldedShop(8);
    for (const [id, checkpoint] of shop.store.checkpoints) {
      shop.store.checkpoints.set(id, { ...checkpoint, position: Math.floor(checkpoint.position / 2) });
    }
    const result = await judge(shop);
    expect(result.projections.flatMap(({ differences }) => differences)).toEqual([]);
    expect(named(result, 'sales').ahead).toBeGreaterThan(0);
    expect(named(result, 'orders').ahead).toBeGreaterThan(0);
    expect(named(result, 'daily-reports').ahead).toBeGreaterThan(0);
  });
});

type Tampering = (shop: Shop) => void;

function documentsOf(shop: Shop, name: string): Map<string, FoldedDocument> {
  return shop.store.folded.get(COLLECTIONS[name] ?? '') ?? new Map<string, never>();
}

function mergedOf(shop: Shop, name = 'orders'): Map<string, MergedDocument> {
  return shop.store.merged.get(COLLECTIONS[name] ?? '') ?? new Map<string, never>();
}

/** Replaces the first folded document of the projection for which there is something to replace it with. */
function replace(shop: Shop, name: string, change: (document: FoldedDocument) => FoldedDocument | null): void {
  for (const [id, document] of documentsOf(shop, name)) {
    const changed = change(structuredClone(document));
    if (changed !== null) {
      documentsOf(shop, name).set(id, changed);
      return;
    }
  }
  throw new Error('nothing to tamper with');
}

function replaceOrder(
  shop: Shop,
  change: (document: MergedDocument) => MergedDocument | null,
  documents = mergedOf(shop),
): void {
  for (const [id, document] of documents) {
    const changed = change(structuredClone(document));
    if (changed !== null) {
      documents.set(id, changed);
      return;
    }
  }
  throw new Error('nothing to tamper with');
}

/** Replaces the first part of a report, whichever revision it is; null removes it where there is another. */
function replaceRevision(shop: Shop, change: ((part: Part) => Part) | null): void {
  const changed = ({ id, parts }: MergedDocument): MergedDocument | null => {
    const [[name, part] = ['', undefined], ...others] = Object.entries(parts);
    if (part === undefined || (change === null && others.length === 0)) return null;
    const first = change === null ? [] : [[name, change(part)] as const];
    return { id, parts: Object.fromEntries([...first, ...others]) };
  };
  replaceOrder(shop, changed, mergedOf(shop, 'daily-reports'));
}

type Part = MergedDocument['parts'][string];

const withPart = (name: string, change: (part: MergedDocument['parts'][string]) => MergedDocument['parts'][string]) =>
  (document: MergedDocument): MergedDocument | null => {
    const part = document.parts[name];
    return part === undefined ? null : { ...document, parts: { ...document.parts, [name]: change(part) } };
  }; // prettier-ignore

function dropFirst(documents: Map<string, unknown>): void {
  const [first] = documents.keys();
  if (first === undefined) throw new Error('nothing to tamper with');
  documents.delete(first);
}

const tamperings: readonly [string, string, Tampering][] = [
  ['a total that is off by one', 'sales', (shop) =>
    replace(shop, 'sales', (d) => ({ ...d, body: { ...d.body, total: Number(d.body['total']) + 1 } }))],
  ['a total that is text', 'order-counts', (shop) =>
    replace(shop, 'order-counts', (d) => ({ ...d, body: { ...d.body, total: String(d.body['total']) } }))],
  ['a second too much', 'order-counts', (shop) =>
    replace(shop, 'order-counts', (d) => ({ ...d, body: { ...d.body, seconds: { ...(d.body['seconds'] as object), '900': 0 } } }))],
  ['a field too much', 'handling', (shop) =>
    replace(shop, 'handling', (d) => ({ ...d, body: { ...d.body, more: null } }))],
  ['a field too few', 'stock', (shop) =>
    replace(shop, 'stock', (d) => (d.key.startsWith('product/') ? { ...d, body: { product: null, opening: 0, sold: d.body['sold'] } } : null))],
  ['an object for an array', 'products-sold', (shop) =>
    replace(shop, 'products-sold', (d) => {
      const [product] = Object.values(d.body['products'] as Record<string, { minutes: Record<string, unknown> }>);
      const [minute] = Object.keys(product?.minutes ?? {});
      if (product === undefined || minute === undefined) return null;
      product.minutes[minute] = { ...(product.minutes[minute] as object) };
      return d;
    })],
  ['a position too low', 'sales', (shop) => replace(shop, 'sales', (d) => (d.position > 0 ? { ...d, position: d.position - 1 } : null))],
  ['a position past the end of the log', 'sales', (shop) => replace(shop, 'sales', (d) => ({ ...d, position: 1_000_000 }))],
  ['a missing document', 'stock', (shop) => dropFirst(documentsOf(shop, 'stock'))],
  ['a document of nothing', 'sales', (shop) =>
    documentsOf(shop, 'sales').set('orders/1/2020-01-01T00:00Z', { key: '2020-01-01T00:00Z', topic: 'orders', partition: 1, position: 0, body: { total: 0, seconds: {} } })],
  ['a document of a partition that there is not', 'sales', (shop) =>
    documentsOf(shop, 'sales').set('orders/6/x', { key: 'x', topic: 'orders', partition: 6, position: 0, body: {} })],
  ['a document of another topic', 'sales', (shop) =>
    documentsOf(shop, 'sales').set('stock/0/x', { key: 'x', topic: 'stock', partition: 0, position: 0, body: {} })],
  ['a missing order', 'orders', (shop) => {
    // Of one with both parts, each would count.
    const [id = ''] = [...mergedOf(shop).values()].filter(({ parts }) => Object.keys(parts).length === 1).map((each) => each.id);
    expect(mergedOf(shop).delete(id)).toBe(true);
  }],
  ['a missing part', 'orders', (shop) =>
    replaceOrder(shop, (d) => (d.parts['handled'] === undefined ? null : { id: d.id, parts: Object.fromEntries(Object.entries(d.parts).filter(([name]) => name !== 'handled')) }))],
  ['another attempt', 'orders', (shop) =>
    replaceOrder(shop, withPart('handled', (part) => ({ ...part, fields: { ...part.fields, attempt: 5_000 } })))],
  ['another due time', 'orders', (shop) =>
    replaceOrder(shop, withPart('placed', (part) => ({ ...part, fields: { ...part.fields, dueAt: '2026-11-22T00:00:00.000Z' } })))],
  ['a part at another position', 'orders', (shop) =>
    replaceOrder(shop, withPart('placed', (part) => ({ ...part, position: part.position + 1 })))],
  ['an order of nothing', 'orders', (shop) =>
    mergedOf(shop).set('nobody', { id: 'nobody', parts: { placed: { position: 0, fields: {} } } })],
  ['a part that there is not', 'orders', (shop) =>
    replaceOrder(shop, (d) => ({ ...d, parts: { ...d.parts, shipped: { position: 0, fields: {} } } }))],
  ['a missing report', 'daily-reports', (shop) => replaceRevision(shop, null)],
  ['another figure in a report', 'daily-reports', (shop) =>
    replaceRevision(shop, (part) => ({ ...part, fields: { ...part.fields, orders: -1 } }))],
  ['a revision at another position', 'daily-reports', (shop) =>
    replaceRevision(shop, (part) => ({ ...part, position: part.position + 1 }))],
  ['a revision that was never issued', 'daily-reports', (shop) =>
    mergedOf(shop, 'daily-reports').set('2020-01-01', { id: '2020-01-01', parts: { r1: { position: 0, fields: {} } } })],
  ['a part that is no revision', 'daily-reports', (shop) =>
    mergedOf(shop, 'daily-reports').set('2020-01-01', { id: '2020-01-01', parts: { r0: { position: 0, fields: {} } } })],
  ['a checkpoint past the end of the log', 'sales', (shop) =>
    shop.store.checkpoints.set('more', { collection: COLLECTIONS['sales'] ?? '', topic: 'orders', partition: 2, position: 1_000_000 })],
  ['a checkpoint of another topic', 'sales', (shop) =>
    shop.store.checkpoints.set('more', { collection: COLLECTIONS['sales'] ?? '', topic: 'stock', partition: 2, position: 1 })],
]; // prettier-ignore

describe('what is wrong in the store', () => {
  it.each(tamperings)('is found: %s', async (what, name, tamper) => {
    const shop = await foldedShop(9);
    const before = named(await judge(shop), name);
    tamper(shop);
    for (const result of [await judge(shop), await judge(shop, { foldedAtOnceMax: 160 })]) {
      expect(result.ok).toBe(false);
      expect(named(result, name).differenceCount).toBe(1);
      expect(named(result, name).differences.length).toBeGreaterThan(0);
      const { digest, expectedDigest } = named(result, name);
      expect(expectedDigest).toBe(before.digest);
      // Digests are of documents; a checkpoint is none.
      expect(digest === expectedDigest).toBe(what.includes('checkpoint'));
      for (const other of result.projections) {
        if (other.name === name) continue;
        expect(other.differenceCount).toBe(0);
        expect(other.digest).toBe(other.expectedDigest);
      }
    }
  });

  it.each(tamperings.filter(([what]) => /total|attempt|due time|figure/.test(what)))(
    'is found past the checkpoint too: %s',
    async (_, name, tamper) => {
      const shop = await foldedShop(9);
      shop.store.checkpoints.clear();
      tamper(shop);
      const result = await judge(shop);
      expect(named(result, name).differenceCount).toBe(1);
    },
  );

  it('is shown with its place and both values', async () => {
    const shop = await foldedShop(9);
    replaceOrder(
      shop,
      withPart('handled', (part) => ({ ...part, fields: { ...part.fields, attempt: 5_000 } })),
    );
    const [difference] = named(await judge(shop), 'orders').differences;
    expect(difference).toMatchObject({ path: 'handled.attempt', actual: 5_000, expected: expect.any(Number) });
  });

  it('is counted in full, and shown up to twenty', async () => {
    const shop = await foldedShop(9);
    const all = documentsOf(shop, 'products-sold');
    for (const [id, document] of all) all.set(id, { ...document, position: document.position - 1 });
    const { differences, differenceCount } = named(await judge(shop), 'products-sold');
    expect(differenceCount).toBe(all.size);
    expect(differences).toHaveLength(20);
  });
});

/** A projection with something done to its fold. */
function mutant<D extends object>(
  of: FoldedProjection<D>,
  evolve: FoldedProjection<D>['evolve'],
  more: Partial<FoldedProjection<D>> = {},
): Projection {
  return { ...of, ...more, evolve };
}

const mutants: readonly Projection[] = [
  mutant(orderCounts, (d, r, key) => {
    orderCounts.evolve(d, r, key);
    d.total = Math.min(Number(d.total), 2);
  }),
  mutant(sales, (d, r, key) => sales.evolve(d, { ...r, at: r.at + 1_000 }, key)),
  mutant(sales, sales.evolve, { keysOf: (r) => sales.keysOf({ ...r, at: r.at + 60_000 }) }),
  mutant(handling, handling.evolve, {
    keysOf: (r) => (r.event.type === 'OrderPlaced' ? handling.keysOf({ ...r, event: { ...r.event, handling: null } }) : handling.keysOf(r)),
  }),
  mutant(productsSold, (d, r, key) => {
    const { event } = r;
    if (event.type === 'OrderPlaced') productsSold.evolve(d, { ...r, event: { ...event, lines: event.lines.slice(0, 1) } }, key);
  }),
  mutant(stock, (d, r, key) => stock.evolve(d, { ...r, at: r.at - 60_000 }, key)),
  {
    ...dailyReports,
    partOf: (r) => (r.event.type === 'ReportIssued' ? dailyReports.partOf({ ...r, event: { ...r.event, sales: 0 } }) : null),
  },
  {
    ...orders,
    partOf: (r) => (r.event.type === 'OrderPlaced' ? orders.partOf({ ...r, event: { ...r.event, handling: null } }) : orders.partOf(r)),
  },
]; // prettier-ignore

describe('a mistake in a projection', () => {
  it.each(mutants.map((each, index) => [each.name, index, each] as const))(
    'shows: %s (%d)',
    async (name, _, broken) => {
      const shop = await foldedShop(
        10,
        PROJECTIONS.map((each) => (each.name === name ? broken : each)),
      );
      const result = await judge(shop);
      expect(named(result, name).differenceCount).toBeGreaterThan(0);
      expect(result.projections.filter((each) => each.differenceCount > 0)).toHaveLength(1);
    },
  );
});

describe('verify', () => {
  it('tells how far it is, and stops when told to', async () => {
    const shop = await foldedShop(11);
    const steps: number[] = [];
    const { log, models } = shop;
    let total = 0;
    await verify({ log, models, collections: COLLECTIONS, onProgress: (done, all) => { steps.push(done); total = all; } }); // prettier-ignore
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(steps.at(-1)).toBeLessThanOrEqual(total);
    await expect(judge(shop, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  });

  it('knows no other projections', async () => {
    const { log, models } = new Shop();
    await expect(verify({ log, models, collections: { profits: 'x' } })).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });
});
