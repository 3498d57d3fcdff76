/** Numbers and the events behind them: against a plain count, on read models that are right, wrong, and being written. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { caughtUp, endsOf } from '../../projections/caught-up.ts';
import { PROJECTIONS } from '../../projections/index.ts';
import { MemoryModels, MemoryStore } from '../../projections/model/memory-models.ts';
import { collectionOf } from '../../projections/projection.ts';
import { startProjector, type Projector } from '../../projections/projector.ts';
import { MemoryLog } from '../adapters/memory/memory-log.ts';
import { openEmbedded } from '../adapters/lmdb/embedded.ts';
import { encode } from '../events/codec.ts';
import type { ShopEvent } from '../events/events.ts';
import { systemClock } from '../ports/clock.ts';
import type { EventLog } from '../ports/event-log.ts';
import { silentLogger } from '../ports/logger.ts';
import type { ReadModels } from '../ports/read-models.ts';
import type { SpanFigureName } from '../queries/span.ts';
import { handled, listed, placed, received } from '../../tests/events.ts';
import { explain, type Explanation } from './explain.ts';

const FOLDED = PROJECTIONS.filter(({ kind }) => kind === 'folded');
const COLLECTIONS = Object.fromEntries(FOLDED.map((each) => [each.name, collectionOf(each, 1)]));
const NOON = Date.parse('2026-11-22T12:00:00.000Z');
const HOUR_MS = 3_600_000;

const iso = (ms: number): string => new Date(NOON + ms).toISOString();

/** A product with 1,000 units, and an order of 1 to 3 of them each 40 seconds over four hours; every other one handled. */
const EVENTS: readonly ShopEvent[] = [
  listed('P-1', 100, iso(-2 * HOUR_MS)),
  received('P-1', 1_000, 'initial', iso(-2 * HOUR_MS)),
  received('P-2', 7, 'initial', iso(-2 * HOUR_MS)),
  ...Array.from({ length: 360 }, (_, index): ShopEvent[] => {
    const at = (index - 180) * 40_000;
    const order = placed({ orderId: `o-${index}`, at: iso(at), lines: [['P-1', 1 + (index % 3), 100], ['P-2', 1, 5]] }); // prettier-ignore
    return index % 2 === 0 ? [order, handled(order, iso(at + 90_000))] : [order];
  }).flat(),
  // Both came in late: long after their own time.
  placed({ orderId: 'late', at: iso(60_000), lines: [['P-1', 2, 100], ['P-1', 3, 90]] }), // prettier-ignore
  received('P-1', 50, 'restock', iso(30_000)),
];

interface Ground {
  readonly log: EventLog;
  readonly models: ReadModels;
}

function memory(): Promise<Ground> {
  // Every read and write is a turn of its own, so that others get between any two.
  const models = new MemoryModels(new MemoryStore(), { before: () => turn(), fails: () => false });
  return Promise.resolve({ log: new MemoryLog(), models });
}

async function lmdb(): Promise<Ground> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-explain-'));
  const embedded = await openEmbedded({ dir, logger: silentLogger, mode: 'own' });
  onTestFinished(async () => {
    await embedded.close();
    await rm(dir, { recursive: true, force: true });
  });
  return embedded;
}

async function append(log: EventLog, events: readonly ShopEvent[]): Promise<void> {
  const writer = await log.writer('test');
  await writer.append(events.map(encode));
  await writer.close();
}

function project({ log, models }: Ground): Promise<Projector> {
  return startProjector({
    log,
    models,
    clock: systemClock,
    logger: silentLogger,
    group: 'test',
    projections: FOLDED.map((projection) => ({ projection, collection: collectionOf(projection, 1) })),
    deadLetters: () => Promise.resolve(),
  });
}

async function folded(ground: Ground): Promise<void> {
  await ground.log.ensureTopics();
  await append(ground.log, EVENTS);
  const projector = await project(ground);
  const ends = await endsOf(ground.log, FOLDED.flatMap(({ topics }) => topics)); // prettier-ignore
  const followed = FOLDED.map((each) => ({ collection: collectionOf(each, 1), topics: each.topics }));
  await caughtUp({ ...ground, clock: systemClock, followed, ends });
  await projector.stop();
}

function ask(
  { log, models }: Ground,
  figure: SpanFigureName,
  more: { readonly from?: number; readonly to?: number; readonly productId?: string; readonly eventsMax?: number } = {},
): Promise<Explanation> {
  const { from = 0, to = HOUR_MS, productId = null, eventsMax = 50 } = more;
  const span = { from: NOON + from, to: NOON + to };
  return explain({ log, models, figure, ...span, productId, timeZone: 'UTC', collections: COLLECTIONS, eventsMax });
}

const within = ({ at }: ShopEvent): boolean => Date.parse(at) >= NOON && Date.parse(at) < NOON + HOUR_MS;
const orders = EVENTS.flatMap((event) => (event.type === 'OrderPlaced' ? event : []));
const unitsOf = (some: typeof orders): number =>
  some.flatMap(({ lines }) => lines.filter(({ productId }) => productId === 'P-1')).reduce((sum, { quantity }) => sum + quantity, 0); // prettier-ignore

describe.each([
  ['memory', memory],
  ['LMDB', lmdb],
])('explaining, on %s', (_, open) => {
  it('lists what a number is made of, with late events where they belong', async () => {
    const ground = await open();
    await folded(ground);
    const own = orders.filter(within);
    const before = orders.filter(({ at }) => Date.parse(at) < NOON + HOUR_MS);
    const expected: readonly (readonly [SpanFigureName, string | undefined, number, number])[] = [
      ['orders', undefined, own.length, own.length],
      ['sales', undefined, own.length, own.reduce((sum, { total }) => sum + total, 0)],
      ['handled', undefined, ...both(EVENTS.filter((each) => each.type === 'OrderHandled' && within(each)).length)],
      ['units', 'P-1', own.length, unitsOf(own)],
      ['stock', 'P-1', before.length + 2, 1_050 - unitsOf(before)],
    ];
    for (const [figure, productId, count, sum] of expected) {
      const found = await ask(ground, figure, productId === undefined ? {} : { productId });
      expect(found, figure).toMatchObject({ count, sum, readModels: sum, equal: true });
      expect(found.events).toHaveLength(Math.min(50, count));
      expect(found.events.map(({ at }) => at)).toEqual(found.events.map(({ at }) => at).sort());
    }
    const all = await ask(ground, 'units', { productId: 'P-1', eventsMax: Infinity });
    expect(all.events.find(({ id }) => id === 'late')).toMatchObject({ topic: 'orders', adds: 5 });
    expect(all.events.reduce((sum, { adds }) => sum + adds, 0)).toBe(all.sum);
  });

  it('finds a document that is not as it must be', async () => {
    const ground = await open();
    await folded(ground);
    await spoil(ground);
    const found = await ask(ground, 'sales');
    expect(found).toMatchObject({ equal: false, readModels: Number(found.sum) + 1, projection: 'sales' });
    expect(await ask(ground, 'orders')).toMatchObject({ equal: true });
  });

  it('holds the two against each other at one position while orders come in', async () => {
    const ground = await open();
    await folded(ground);
    const projector = await project(ground);
    let going = true;
    const coming = (async () => {
      for (let index = 0; going; index++) {
        await append(ground.log, [placed({ orderId: `new-${index}`, at: iso(index % 3_000_000) })]);
        // The projector and whoever asks get their turns.
        for (let turns = 0; turns < 5; turns++) await turn();
      }
    })();
    const found: Explanation[] = [];
    try {
      while (new Set(found.map(({ count }) => count)).size < 3) found.push(await ask(ground, 'orders'));
    } finally {
      going = false;
      await coming;
    }
    expect(found.filter(({ equal }) => !equal)).toEqual([]);
    await projector.stop();
  });
});

const both = (count: number): readonly [number, number] => [count, count];

/** Adds one to the first second of the hour, in one document; its position stays. */
async function spoil({ models }: Ground): Promise<void> {
  const collection = collectionOf(FOLDED.find(({ name }) => name === 'sales') ?? { name: '', version: 0 }, 1);
  const range = {
    collection,
    sources: [0, 1, 2, 3, 4, 5].map((partition) => ({ topic: 'orders' as const, partition })),
  };
  const [found] = await models.range({ ...range, from: '2026-11-22T12:15Z', to: '2026-11-22T12:16Z' });
  const [checkpoint] = (await models.checkpoints([collection])).filter(
    ({ partition }) => partition === found?.partition,
  );
  if (found === undefined || checkpoint === undefined) throw new Error('nothing to spoil');
  const { key, topic, partition, position, body } = found;
  const document = { key, previous: position, position, body: { ...body, total: Number(body['total']) + 1 } };
  const same = { collection, topic, partition, previous: checkpoint.position, position: checkpoint.position };
  expect(await models.flush([{ ...same, documents: [document], parts: [] }])).toEqual(['stored']);
}
