import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MemoryModels, MemoryStore as ModelStore } from '../../projections/model/memory-models.ts';
import { startProjector, type Projector } from '../../projections/projector.ts';
import { MemoryLog } from '../adapters/memory/memory-log.ts';
import { MemoryStore as LogStore } from '../adapters/memory/memory-store.ts';
import { addDays } from '../domain/calendar.ts';
import { encode } from '../events/codec.ts';
import type { ReportIssued, ShopEvent } from '../events/events.ts';
import { ManualClock, systemClock } from '../ports/clock.ts';
import { ShopError } from '../ports/errors.ts';
import { faultyLog, randomFaults } from '../ports/faulty-log.ts';
import { silentLogger } from '../ports/logger.ts';
import { collectionsFor, FOLDED, handled, line, placed } from '../queries/testing.ts';
import { at, daysOf, issuedIn } from './reporter-test-kit.ts';
import { issueReport, startReporter, type Reporter, type ReporterOptions } from './reporter.ts';

const timeZone = 'Europe/Stockholm';
const collections = collectionsFor('test');
/** Whatever takes longer than this has hung. */
const WAIT = { timeout: 30_000, interval: 5 };
const SLOW = { timeout: 60_000 };

let reportsDir: string;
let log: MemoryLog;
let models: MemoryModels;
let clock: ManualClock;
let running: { stop(): Promise<void> }[];

beforeEach(async () => {
  reportsDir = join(await mkdtemp(join(tmpdir(), 'reports-')), 'reports');
  log = new MemoryLog(new LogStore());
  models = new MemoryModels(new ModelStore());
  clock = new ManualClock('2026-11-22T14:00:00.000Z');
  running = [];
  for (const { name } of FOLDED) await models.ensureCollection(collections[name] ?? '');
});

afterEach(async () => {
  await Promise.all(running.map((each) => each.stop()));
  await rm(join(reportsDir, '..'), { recursive: true, force: true });
});

async function project(): Promise<Projector> {
  const projector = await startProjector({
    log,
    models,
    clock: systemClock,
    logger: silentLogger,
    group: 'test',
    projections: FOLDED.map((projection) => ({ projection, collection: collections[projection.name] ?? '' })),
    deadLetters: () => Promise.resolve(),
  });
  running.push(projector);
  return projector;
}

const optionsWith = (more: Partial<ReporterOptions> = {}): ReporterOptions => ({
  log,
  models,
  clock,
  logger: silentLogger,
  timeZone,
  collections: () => Promise.resolve(collections),
  currency: 'SEK',
  reportsDir,
  ...more,
});

async function report(more: Partial<ReporterOptions> = {}): Promise<Reporter> {
  const reporter = await startReporter(optionsWith(more));
  running.push(reporter);
  return reporter;
}

const append = (events: readonly ShopEvent[]): Promise<void> => log.append(events.map(encode));

const issued = (): Promise<ReportIssued[]> => issuedIn(log);

const fileOf = async (name: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(join(reportsDir, name), 'utf8')) as Record<string, unknown>;

/** Does it again until it goes well; what goes wrong has to be an error that may pass. */
async function untilDone(action: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await action();
      return;
    } catch (error) {
      if (tries === 100 || !(error instanceof ShopError)) throw error;
    }
  }
}

describe('the daily report', SLOW, () => {
  it('appears after midnight with the figures of the day', async () => {
    await project();
    const reporter = await report();
    await append([
      placed('a', at('2026-11-22', '12:00:00.000Z'), { lines: [line('p-1', 2, 100), line('p-2', 1, 50)] }),
      placed('b', at('2026-11-22', '22:59:59.999Z'), { lines: [line('p-1', 1, 90)] }),
      placed('c', at('2026-11-22', '23:00:00.000Z'), { lines: [line('p-1', 1, 1_000)] }),
      handled('a', at('2026-11-22', '22:59:59.000Z')),
      handled('b', at('2026-11-22', '23:00:00.000Z')),
    ]);
    clock.set('2026-11-22T23:00:04.999Z');
    await reporter.look();
    expect(await issued()).toEqual([]);
    clock.set('2026-11-22T23:00:05.000Z');
    const names = ['2026-11-22.csv', '2026-11-22.json', '2026-11-22.md'];
    await vi.waitFor(async () => expect((await readdir(reportsDir)).sort()).toEqual(names), WAIT);
    expect(await fileOf('2026-11-22.json')).toMatchObject({
      date: '2026-11-22',
      timeZone,
      currency: 'SEK',
      orders: 2,
      sales: 340,
      handledOrders: 1,
      products: [
        { productId: 'p-1', name: 'The p-1', units: 3, amount: 290 },
        { productId: 'p-2', name: 'The p-2', units: 1, amount: 50 },
      ],
      revision: 1,
      generatedAt: '2026-11-22T23:00:05.000Z',
      from: '2026-11-21T23:00:00.000Z',
      to: '2026-11-22T23:00:00.000Z',
      changes: [],
    });
  });

  it('is caught up oldest first, also for days without an order', async () => {
    await project();
    await append([placed('a', at('2026-11-18')), placed('b', at('2026-11-20')), placed('c', at('2026-11-22'))]);
    await (await report()).look();
    expect(daysOf(await issued())).toEqual(['2026-11-18 r1', '2026-11-19 r1', '2026-11-20 r1', '2026-11-21 r1']);
    expect((await issued()).map(({ orders }) => orders)).toEqual([1, 0, 1, 0]);
    clock.set('2026-11-25T09:00:00.000Z');
    await vi.waitFor(async () => expect(await issued()).toHaveLength(7), WAIT);
    expect(daysOf(await issued()).slice(4)).toEqual(['2026-11-22 r1', '2026-11-23 r1', '2026-11-24 r1']);
  });

  it('covers days of 23 and of 25 hours', async () => {
    await project();
    await append([
      placed('a', at('2026-10-24', '22:00:00.000Z')),
      placed('b', at('2026-10-25', '00:30:00.000Z')),
      placed('c', at('2026-10-25', '01:30:00.000Z')),
      placed('d', at('2026-10-25', '22:59:59.000Z')),
      placed('e', at('2027-03-27', '23:00:00.000Z')),
      placed('f', at('2027-03-28', '21:59:59.000Z')),
      placed('g', at('2027-03-28', '22:00:00.000Z')),
    ]);
    clock.set('2027-03-29T12:00:00.000Z');
    await (await report()).look();
    const found = await issued();
    const hours = (day: string) => {
      const event = found.find((each) => each.day === day);
      return [event?.orders, (Date.parse(event?.to ?? '') - Date.parse(event?.from ?? '')) / 3_600_000];
    };
    expect([hours('2026-10-25'), hours('2027-03-28')]).toEqual([
      [4, 25],
      [2, 23],
    ]);
    expect(found).toHaveLength(155);
    expect(found.reduce((sum, { orders }) => sum + orders, 0)).toBe(6);
  });

  it('waits until the read models hold what the log held after midnight', async () => {
    await append([placed('a', at('2026-11-22'))]);
    clock.set('2026-11-23T09:00:00.000Z');
    const reporter = await report();
    const looked = reporter.look();
    expect(await issued()).toEqual([]);
    await project();
    await looked;
    expect((await issued()).map(({ day, orders, sales }) => [day, orders, sales])).toEqual([['2026-11-22', 1, 100]]);
  });

  it('is restated when an order comes in late, and the former file is kept', async () => {
    await project();
    await append([placed('a', at('2026-11-20')), placed('b', at('2026-11-21'))]);
    await (await report()).look();
    const former = await fileOf('2026-11-20.json');
    await append([placed('late', at('2026-11-20', '20:00:00.000Z'), { lines: [line('p-9', 3, 7)] })]);
    clock.advance(60_000);
    await vi.waitFor(async () => expect((await fileOf('2026-11-20.json'))['revision']).toBe(2), WAIT);
    expect(await fileOf('2026-11-20.json')).toMatchObject({
      orders: 2,
      sales: 121,
      changes: [
        { what: 'orders', before: 1, after: 2 },
        { what: 'sales', before: 100, after: 121 },
        { what: 'units of p-9', before: 0, after: 3 },
        { what: 'amount of p-9', before: 0, after: 21 },
      ],
    });
    expect(await fileOf('2026-11-20.r1.json')).toEqual(former);
    expect(daysOf(await issued())).toEqual(['2026-11-20 r1', '2026-11-21 r1', '2026-11-20 r2']);
  });

  it('is restated for what came in while no reporter ran, and earlier days are added', async () => {
    await project();
    await append([placed('a', at('2026-11-20')), placed('b', at('2026-11-21'))]);
    const first = await report();
    await first.look();
    await first.stop();
    await append([
      handled('a', at('2026-11-21')),
      placed('earlier', at('2026-11-19')),
      placed('now', at('2026-11-22')),
    ]);
    const second = await report();
    await second.look();
    await second.look();
    expect(daysOf(await issued())).toEqual(['2026-11-20 r1', '2026-11-21 r1', '2026-11-19 r1', '2026-11-21 r2']);
  });

  it('has its files written again when they were lost', async () => {
    await project();
    await append([placed('a', at('2026-11-20'))]);
    const first = await report();
    await first.look();
    await first.stop();
    const before = await readFile(join(reportsDir, '2026-11-20.md'));
    await rm(join(reportsDir, '2026-11-20.md'));
    await writeFile(join(reportsDir, '2026-11-20.json'), '{ "half');
    await (await report()).look();
    expect(await readFile(join(reportsDir, '2026-11-20.md'))).toEqual(before);
    expect((await fileOf('2026-11-20.json'))['revision']).toBe(1);
    expect(await issued()).toHaveLength(2);
  });
});

describe('any number of reporters', SLOW, () => {
  it('issue one report for each day', async () => {
    await project();
    await append([placed('a', at('2026-11-01'))]);
    const reporters = [await report(), await report(), await report()];
    await Promise.all(reporters.map((each) => each.look()));
    const expected = Array.from({ length: 21 }, (_, n) => `${addDays('2026-11-01', n)} r1`);
    expect(daysOf(await issued())).toEqual(expected);
    clock.set('2026-11-23T00:00:00.000Z');
    await Promise.all(reporters.map((each) => each.look()));
    expect(daysOf(await issued()).at(-1)).toBe('2026-11-22 r1');
    expect(await issued()).toHaveLength(22);
  });

  it('issue one report for each day whatever becomes of their appends', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      log = new MemoryLog(new LogStore());
      models = new MemoryModels(new ModelStore());
      const projector = await project();
      await append([placed('a', at('2026-11-16')), placed('b', at('2026-11-18'))]);
      const expected = Array.from({ length: 6 }, (_, n) => `${addDays('2026-11-16', n)} r1`);
      const plan = randomFaults(seed, 0.5, ['lost-answer', 'lost-request', 'unavailable', 'storage']);
      const reporter = await report({ log: faultyLog(log, plan) });
      await untilDone(() => reporter.look());
      expect(daysOf(await issued()), `seed ${seed}`).toEqual(expected);
      await reporter.stop();
      await projector.stop();
    }
  });
});

describe('a report by hand', SLOW, () => {
  it('is refused for what is no day or has not ended', async () => {
    await project();
    const code = 'BAD_INPUT';
    await expect(issueReport('2026-02-30', optionsWith())).rejects.toMatchObject({ code });
    await expect(issueReport('2026-11-22', optionsWith())).rejects.toMatchObject({
      code,
      message: '2026-11-22 has not ended yet; its report comes by itself at 00:00 on 2026-11-23 (Europe/Stockholm)',
    });
    expect(await issued()).toEqual([]);
  });

  it('is issued once, and rendered again when nothing changed', async () => {
    await project();
    await append([placed('a', at('2026-11-20'))]);
    const first = await issueReport('2026-11-20', optionsWith());
    expect(first.files).toEqual(['json', 'md', 'csv'].map((kind) => join(reportsDir, `2026-11-20.${kind}`)));
    await rm(reportsDir, { recursive: true });
    clock.advance(1_000);
    const again = await issueReport('2026-11-20', optionsWith());
    expect(again).toEqual(first);
    expect((await readdir(reportsDir)).sort()).toEqual(['2026-11-20.csv', '2026-11-20.json', '2026-11-20.md']);
    await append([placed('b', at('2026-11-20'))]);
    expect((await issueReport('2026-11-20', optionsWith())).event.revision).toBe(2);
  });

  it('of an unfinished day does not stand in for the final one', async () => {
    await project();
    await append([placed('a', at('2026-11-22'))]);
    const reporter = await report();
    await reporter.issue('2026-11-22', { force: true });
    await append([placed('b', at('2026-11-22', '15:00:00.000Z'))]);
    await reporter.look();
    expect(daysOf(await issued())).toEqual(['2026-11-22 r1']);
    clock.set('2026-11-23T09:00:00.000Z');
    await reporter.look();
    expect(daysOf(await issued())).toEqual(['2026-11-22 r1', '2026-11-22 r2']);
    expect((await issued())[1]?.orders).toBe(2);
  });
});
