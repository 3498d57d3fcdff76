/** What the tests of the reporter share: a log with read models folded from it, and reading the reports back. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { MemoryModels, MemoryStore as ModelStore } from '../../projections/model/memory-models.ts';
import { MemoryLog } from '../adapters/memory/memory-log.ts';
import { MemoryStore as LogStore } from '../adapters/memory/memory-store.ts';
import { encode, type Recorded } from '../events/codec.ts';
import type { ReportIssued, ShopEvent } from '../events/events.ts';
import { ManualClock } from '../ports/clock.ts';
import type { EventLog } from '../ports/event-log.ts';
import { silentLogger } from '../ports/logger.ts';
import type { ReadModels } from '../ports/read-models.ts';
import { collectionsFor, foldInto } from '../queries/testing.ts';
import { eventsOf } from '../shop/shop-test-kit.ts';
import type { ReporterOptions } from './reporter.ts';

const COLLECTIONS = collectionsFor('test');

/** What outlives the reporters that are started on it. */
export interface World {
  readonly log: EventLog;
  readonly models: ReadModels;
  readonly clock: ManualClock;
  readonly reportsDir: string;
  /** Appends the events, and folds them before it resolves. */
  readonly happen: (events: readonly ShopEvent[]) => Promise<void>;
  /** Folds what others have appended. */
  readonly fold: () => Promise<void>;
}

/** In memory unless told otherwise, with a folder that goes away after the test. */
export async function openWorld(
  now: number | string,
  { log, models }: Pick<World, 'log' | 'models'> = {
    log: new MemoryLog(new LogStore()),
    models: new MemoryModels(new ModelStore()),
  },
): Promise<World> {
  const reportsDir = await mkdtemp(join(tmpdir(), 'reports-'));
  onTestFinished(() => rm(reportsDir, { recursive: true, force: true }));
  const folded = new Map<string, number>();
  const isNew = ({ topic, partition, offset }: Recorded): boolean =>
    offset > (folded.get(`${topic}/${partition}`) ?? -1);
  const fold = async (): Promise<void> => {
    const events = [...(await eventsOf(log, 'orders')), ...(await eventsOf(log, 'handled-orders'))];
    const records = events.filter(isNew);
    await foldInto(models, COLLECTIONS, records);
    for (const { topic, partition, offset } of records) folded.set(`${topic}/${partition}`, offset);
  };
  const happen = async (events: readonly ShopEvent[]): Promise<void> => {
    await log.append(events.map(encode));
    await fold();
  };
  return { log, models, clock: new ManualClock(now), reportsDir, happen, fold };
}

export function optionsIn(
  { log, models, clock, reportsDir }: World,
  more: Partial<ReporterOptions> = {},
): ReporterOptions {
  return {
    log,
    models,
    clock,
    reportsDir,
    logger: silentLogger,
    timeZone: 'Europe/Stockholm',
    collections: () => Promise.resolve(COLLECTIONS),
    currency: 'SEK',
    minorDigits: 2,
    ...more,
  };
}

/** Every report in the order in which they were issued. */
export async function issuedIn(log: EventLog): Promise<ReportIssued[]> {
  const events = (await eventsOf(log, 'reports')).map(({ event }) => event);
  return events.filter((event) => event.type === 'ReportIssued');
}

export const daysOf = (events: readonly ReportIssued[]): string[] =>
  events.map(({ day, revision }) => `${day} r${revision}`);

/** Noon of the day in Stockholm's winter, or another time. */
export const at = (day: string, time = '11:00:00.000Z'): number => Date.parse(`${day}T${time}`);
