/** What the tests of the shop share: commands, a world with a log and read models, and reading the log back. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { openEmbedded } from '../adapters/lmdb/embedded.ts';
import { MemoryLog } from '../adapters/memory/memory-log.ts';
import { MemoryStore as LogStore } from '../adapters/memory/memory-store.ts';
import { orders as ordersProjection } from '../../projections/orders.ts';
import { caughtUp, endsOf } from '../../projections/caught-up.ts';
import { MemoryModels, MemoryStore as ModelsStore } from '../../projections/model/memory-models.ts';
import { startProjector } from '../../projections/projector.ts';
import { stock as stockProjection } from '../../projections/stock.ts';
import type { Recorded } from '../events/codec.ts';
import type { OrderPlaced, ShopEvent } from '../events/events.ts';
import { eventsIn } from '../events/record.ts';
import type { TruthTopic } from '../events/topics.ts';
import { ManualClock, systemClock } from '../ports/clock.ts';
import type { EventLog } from '../ports/event-log.ts';
import { silentLogger } from '../ports/logger.ts';
import type { ReadModels } from '../ports/read-models.ts';
import type { Accepted, ListProduct, Outcome, PlaceOrder, ReceiveStock } from './commands.ts';
import { openShop, type ShopOptions, type ShopService } from './shop.ts';

export const STOCK = 'stock-v1-g1';
export const ORDERS = 'orders-v1-g1';
export const START = '2026-11-22T14:05:00.000Z';

/** A log and read models that outlive the shops opened on them. */
export interface World {
  readonly log: EventLog;
  readonly models: ReadModels;
  readonly clock: ManualClock;
  /** Another handle to the same log, as another process would have. */
  readonly anotherLog: () => Promise<EventLog>;
  readonly dispose: () => Promise<void>;
}

export async function memoryWorld(): Promise<World> {
  const store = new LogStore();
  const log = new MemoryLog(store);
  await log.ensureTopics();
  return {
    log,
    models: new MemoryModels(new ModelsStore()),
    clock: new ManualClock(START),
    anotherLog: () => Promise.resolve(new MemoryLog(store)),
    dispose: () => Promise.resolve(),
  };
}

/** On the embedded engine, in a folder of its own; disposed of after the test. */
async function lmdbWorld(): Promise<World> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-shop-'));
  const embedded = await openEmbedded({ dir, logger: silentLogger, mode: 'own' });
  const dispose = async (): Promise<void> => {
    await embedded.close();
    await rm(dir, { recursive: true, force: true });
  };
  onTestFinished(dispose);
  const { log, models } = embedded;
  await log.ensureTopics();
  return { log, models, clock: new ManualClock(START), anotherLog: () => Promise.resolve(log), dispose };
}

/** What every test of the shop runs on; the engines that need a server have tests of their own. */
export const WORLDS = [
  { engine: 'LMDB', openWorld: lmdbWorld },
  { engine: 'memory', openWorld: memoryWorld },
] as const;

export function openShopIn(world: World, options: Partial<ShopOptions> = {}): Promise<ShopService> {
  return openShop({
    log: world.log,
    models: world.models,
    clock: world.clock,
    logger: silentLogger,
    currency: 'SEK',
    collections: () => Promise.resolve({ orders: ORDERS, stock: STOCK }),
    ...options,
  });
}

/** Folds everything that is in the log into the read models that the shop reads. */
export async function project({ log, models }: World, which: 'both' | 'stock' | 'orders' = 'both'): Promise<void> {
  const all = [
    { projection: stockProjection, collection: STOCK },
    { projection: ordersProjection, collection: ORDERS },
  ];
  const projections = all.filter(({ projection }) => which === 'both' || projection.name === which);
  const projector = await startProjector({
    log,
    models,
    clock: systemClock,
    logger: silentLogger,
    group: `test-${which}`,
    projections,
    deadLetters: () => Promise.resolve(),
  });
  const followed = projections.map(({ projection, collection }) => ({ collection, topics: projection.topics }));
  const ends = await endsOf(log, ['orders', 'handled-orders', 'stock']);
  await Promise.race([caughtUp({ models, clock: systemClock, followed, ends }), projector.ended]);
  await projector.stop();
}

export const CUSTOMER = { id: 'C-1', name: 'Åsa Öberg', email: 'asa@example.com', country: 'SE' };

export function listing(productId: string, price = 1_000, name = `Product ${productId}`): ListProduct {
  return { type: 'ListProduct', source: 'live', productId, name, category: 'Kitchen', price, currency: 'SEK' };
}

export function receipt(productId: string, quantity: number, more: Partial<ReceiveStock> = {}): ReceiveStock {
  return { type: 'ReceiveStock', source: 'live', productId, quantity, reason: 'restock', ...more };
}

export function order(productId: string, quantity = 1, more: Partial<PlaceOrder> = {}): PlaceOrder {
  return {
    type: 'PlaceOrder',
    source: 'live',
    customer: CUSTOMER,
    lines: [{ productId, quantity }],
    handling: null,
    ...more,
  };
}

/** Every event of a topic that can be read now. */
export async function eventsOf(log: EventLog, topic: TruthTopic): Promise<Recorded[]> {
  const events: Recorded[] = [];
  for (const [partition, { low, end }] of (await log.bounds(topic)).entries()) {
    for await (const batch of log.read({ topic, partition }, low, end)) {
      events.push(...eventsIn(batch));
    }
  }
  return events;
}

export async function ordersIn(log: EventLog): Promise<Recorded<OrderPlaced>[]> {
  return (await eventsOf(log, 'orders')).filter(isOrder);
}

function isOrder(recorded: Recorded): recorded is Recorded<OrderPlaced> {
  return recorded.event.type === 'OrderPlaced';
}

export function unitsSold(events: readonly { readonly event: ShopEvent }[], productId: string): number {
  let units = 0;
  for (const { event } of events) {
    if (event.type !== 'OrderPlaced') continue;
    for (const line of event.lines) if (line.productId === productId) units += line.quantity;
  }
  return units;
}

/** "accepted", "duplicate", or the reason of a refusal. */
export function verdict(outcome: Outcome | undefined): string {
  if (outcome === undefined) return 'none';
  return outcome.status === 'refused' ? outcome.reason : outcome.status;
}

export const verdicts = (outcomes: readonly Outcome[]): string[] => outcomes.map(verdict);

export async function openStocked(world: World, units = 10): Promise<ShopService> {
  const shop = await openShopIn(world);
  await shop.submit([listing('P-1'), receipt('P-1', units)]);
  return shop;
}

export const accepted = (outcome: Outcome | undefined): Accepted => {
  if (outcome === undefined || outcome.status === 'refused') throw new Error(`not accepted: ${verdict(outcome)}`);
  return outcome;
};

export async function available(shop: ShopService, productId = 'P-1'): Promise<number | undefined> {
  return (await shop.catalogue()).find((each) => each.productId === productId)?.available;
}
