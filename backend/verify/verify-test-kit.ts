/** For tests of the judge: a log in memory full of events, and the real projector that folds it. */
import fc from 'fast-check';
import { setImmediate as turn } from 'node:timers/promises';
import { caughtUp, endsOf } from '../../projections/caught-up.ts';
import { PROJECTIONS } from '../../projections/index.ts';
import { MemoryModels, MemoryStore } from '../../projections/model/memory-models.ts';
import type { Projection } from '../../projections/projection.ts';
import { startProjector, type Projector } from '../../projections/projector.ts';
import { MemoryLog } from '../adapters/memory/memory-log.ts';
import { encode, type NewRecord } from '../events/codec.ts';
import {
  anyEvents,
  anyOrderHandled,
  anyOrderPlaced,
  anyProductListed,
  anyStockReceived,
} from '../events/events-test-kit.ts';
import type { OrderId, ShopEvent } from '../events/events.ts';
import { systemClock } from '../ports/clock.ts';
import { describeTopic } from '../events/topics.ts';
import type { EventLog } from '../ports/event-log.ts';
import { silentLogger } from '../ports/logger.ts';
import type { ReadModels } from '../ports/read-models.ts';
import type { VerifiedProjection } from './result.ts';
import type { Verification } from './verify.ts';

export const COLLECTIONS: Readonly<Record<string, string>> = Object.fromEntries(
  PROJECTIONS.map(({ name }) => [name, `${name}-g1`]),
);

/** What a test works on: everything is within reach, also what production code keeps to itself. */
export class Shop {
  readonly log = new MemoryLog();
  readonly store = new MemoryStore();
  /** Every read and write is a turn of its own, so that the projector gets between any two. */
  readonly models = new MemoryModels(this.store, { before: () => turn(), fails: () => false });
  #projector: Projector | undefined;

  async append(records: readonly NewRecord[]): Promise<void> {
    const writer = await this.log.writer('test');
    await writer.append(records);
  }

  async start(projections: readonly Projection[] = PROJECTIONS): Promise<void> {
    this.#projector = await startFolding(this.log, this.models, projections, COLLECTIONS);
  }

  async stop(): Promise<void> {
    await this.#projector?.stop();
  }

  /** Folds everything that is in the log. */
  async fold(projections: readonly Projection[] = PROJECTIONS): Promise<void> {
    await foldAll(this.log, this.models, projections, COLLECTIONS);
  }
}

function startFolding(
  log: EventLog,
  models: ReadModels,
  projections: readonly Projection[],
  collections: Readonly<Record<string, string>>,
): Promise<Projector> {
  return startProjector({
    log,
    models,
    clock: systemClock,
    logger: silentLogger,
    group: 'test',
    projections: projections.map((projection) => ({
      projection,
      collection: collections[projection.name] ?? projection.name,
    })),
    deadLetters: () => Promise.resolve(),
  });
}

/** Folds everything that is in the log into the collections, by projection name. */
export async function foldAll(
  log: EventLog,
  models: ReadModels,
  projections: readonly Projection[],
  collections: Readonly<Record<string, string>>,
): Promise<void> {
  const projector = await startFolding(log, models, projections, collections);
  const ends = await endsOf(
    log,
    projections.flatMap(({ topics }) => topics),
  );
  const followed = projections.map(({ name, topics }) => ({ collection: collections[name] ?? name, topics }));
  const there = await caughtUp({ models, clock: systemClock, followed, ends, stalledMs: 20_000 });
  await projector.stop();
  if (!there) throw new Error('the projector did not reach the end of the log');
}

/** What was found out about a projection. */
export function named(result: Verification, name: string): VerifiedProjection {
  const found = result.projections.find((each) => each.name === name);
  if (found === undefined) throw new Error(`${name} was not verified`);
  return found;
}

/** Events of few orders, products and quarters, so that they meet; any other events now and then. */
export function someEvents(seed: number, count: number): ShopEvent[] {
  const ids = ['o-1', 'o-2', 'o-3', 'Ö/4', '__proto__', 'constructor'];
  const start = Date.UTC(2026, 10, 22, 22, 50);
  const at = fc.integer({ min: 0, max: 5_400_000 }).map((ms) => new Date(start + ms).toISOString());
  const near = <E extends ShopEvent>(events: fc.Arbitrary<E>): fc.Arbitrary<E> =>
    fc.tuple(events, at).map(([event, instant]) => ({ ...event, at: instant }));
  const ordered = <E extends ShopEvent>(events: fc.Arbitrary<E>): fc.Arbitrary<E> =>
    fc.tuple(near(events), fc.constantFrom(...ids)).map(([event, id]) => ({ ...event, orderId: id as OrderId }));
  const day = fc.integer({ min: 10, max: 30 }).map((date) => `2026-11-${date}`);
  const reports = fc
    .tuple(anyEvents.ReportIssued, day, fc.integer({ min: 1, max: 12 }))
    .map(([event, ofDay, revision]): ShopEvent => (event.type === 'ReportIssued' ? { ...event, day: ofDay, revision } : event)); // prettier-ignore
  const anything = fc.oneof(
    { weight: 6, arbitrary: near(anyOrderPlaced) },
    { weight: 2, arbitrary: ordered(anyOrderPlaced) },
    { weight: 2, arbitrary: ordered(anyOrderHandled) },
    { weight: 2, arbitrary: near(anyOrderHandled) },
    { weight: 2, arbitrary: near(anyStockReceived) },
    { weight: 1, arbitrary: near(anyProductListed) },
    { weight: 3, arbitrary: reports },
    { weight: 1, arbitrary: anyOrderPlaced },
  );
  return fc.sample(anything, { seed, numRuns: count });
}

/** The events' records, and some among them that are dead letters: cut off, in a foreign partition, under another key. */
export function recordsOf(events: readonly ShopEvent[]): NewRecord[] {
  return events.flatMap((event, index) => {
    const record = encode(event);
    const other = (record.partition + 1) % describeTopic(record.topic).partitions;
    switch (index % 7) {
      case 3:
        return [{ ...record, value: record.value.slice(0, -2) }, record];
      case 4:
        return other === record.partition ? [record] : [{ ...record, partition: other }, record];
      case 5:
        return [{ ...record, key: 'another' }, record];
      default:
        return [record];
    }
  });
}
