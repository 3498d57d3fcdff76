/** What the tests of the handler share: orders in a log, and the judge of what was handled. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { MemoryModels, MemoryStore as ModelsStore } from '../../projections/model/memory-models.ts';
import { openEmbedded } from '../adapters/lmdb/embedded.ts';
import { MemoryLog } from '../adapters/memory/memory-log.ts';
import { MemoryStore as LogStore } from '../adapters/memory/memory-store.ts';
import { draw } from '../domain/draw.ts';
import { encode, type Recorded } from '../events/codec.ts';
import type { EventSource, HandlingPolicy, OrderHandled, OrderId, OrderPlaced, ProductId } from '../events/events.ts';
import { eventsIn } from '../events/record.ts';
import type { TruthTopic } from '../events/topics.ts';
import type { EventLog } from '../ports/event-log.ts';
import { silentLogger } from '../ports/logger.ts';
import type { ReadModels } from '../ports/read-models.ts';

export interface World {
  readonly log: EventLog;
  readonly models: ReadModels;
}

/** In memory, with small batches, so that more happens between two of them. */
async function memoryWorld(): Promise<World> {
  const log = new MemoryLog(new LogStore(3));
  await log.ensureTopics();
  return { log, models: new MemoryModels(new ModelsStore()) };
}

/** On the embedded engine, in a folder of its own; disposed of after the test. */
async function lmdbWorld(): Promise<World> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-handler-'));
  const embedded = await openEmbedded({ dir, logger: silentLogger, mode: 'own' });
  onTestFinished(async () => {
    await embedded.close();
    await rm(dir, { recursive: true, force: true });
  });
  await embedded.log.ensureTopics();
  return embedded;
}

/** What every test of the handler runs on; the engines that need a server have tests of their own. */
export const WORLDS = [
  { engine: 'LMDB', openWorld: lmdbWorld },
  { engine: 'memory', openWorld: memoryWorld },
] as const;

export const ALWAYS: HandlingPolicy = { chance: 1, delayMs: 60_000, attempts: 1 };

export interface Placed {
  readonly orderId: string;
  readonly at: number;
  readonly source?: EventSource;
  readonly handling?: HandlingPolicy | null;
}

function placed({ orderId, at, source = 'live', handling = ALWAYS }: Placed): OrderPlaced {
  return {
    type: 'OrderPlaced',
    version: 1,
    id: `${orderId}/placed`,
    at: new Date(at).toISOString(),
    source,
    orderId: orderId as OrderId,
    customer: { id: 'C-1', name: 'Åsa', email: 'asa@example.com', country: 'SE' },
    currency: 'SEK',
    lines: [{ productId: 'P-1' as ProductId, name: 'Kettle', quantity: 2, unitPrice: 250 }],
    total: 500,
    handling,
    stock: [],
  };
}

/** Appends orders, as the shop would. */
export async function place(log: EventLog, orders: readonly Placed[]): Promise<void> {
  if (orders.length === 0) return;
  const writer = await log.writer('shop');
  await writer.append(orders.map((order) => encode(placed(order))));
  await writer.close();
}

async function recordedIn(log: EventLog, topic: TruthTopic): Promise<Recorded[]> {
  const events: Recorded[] = [];
  for (const [partition, { low, end }] of (await log.bounds(topic)).entries()) {
    for await (const batch of log.read({ topic, partition }, low, end)) {
      events.push(...eventsIn(batch));
    }
  }
  return events;
}

export async function handledIn(log: EventLog): Promise<Recorded<OrderHandled>[]> {
  return (await recordedIn(log, 'handled-orders')).filter(
    (each): each is Recorded<OrderHandled> => each.event.type === 'OrderHandled',
  );
}

/** When the order is due, epoch ms; null when it was not drawn. */
export function dueOf({ orderId, at, handling = ALWAYS }: Placed): number | null {
  const drawn = draw(orderId, handling);
  return drawn === null ? null : at + drawn.afterMs;
}

/**
 * Exactly one OrderHandled for every order that was drawn and is due by `now` (or dated later than it was read),
 * none for the others; in the order's own partition, at the right instant, with the order's content.
 */
export async function expectHandledOnce(log: EventLog, orders: readonly Placed[], now: number): Promise<void> {
  const handled = await handledIn(log);
  const byId = new Map(handled.map((each) => [each.event.orderId as string, each]));
  expect(handled.length, 'no order is handled twice').toBe(byId.size);
  const partitions = new Map<string, number>();
  for (const { event, partition } of await recordedIn(log, 'orders')) {
    if (event.type === 'OrderPlaced') partitions.set(event.orderId, partition);
  }
  for (const order of orders) {
    const due = dueOf(order);
    const found = byId.get(order.orderId);
    byId.delete(order.orderId);
    if (due === null) expect(found, `${order.orderId} was not drawn`).toBeUndefined();
    else if (due <= now) expect(found, `${order.orderId} is handled`).toBeDefined();
    if (found === undefined || due === null) continue;
    if (order.source === undefined || order.source === 'live') expect(found.at).toBeGreaterThanOrEqual(due);
    else expect(found.at).toBe(due);
    const { customer, currency, lines, total, source } = placed(order);
    expect(found.event).toMatchObject({
      id: `${order.orderId}/handled`,
      placedAt: new Date(order.at).toISOString(),
      attempt: draw(order.orderId, order.handling ?? ALWAYS)?.attempt,
      ...{ customer, currency, lines, total, source },
    });
    expect(found.partition).toBe(partitions.get(order.orderId));
  }
  expect([...byId.keys()], 'nothing is handled that was not placed').toEqual([]);
}
