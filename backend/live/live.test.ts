/** Live views over a log in memory and a projector, with a clock that the test moves. */
import { afterEach, describe, expect, it } from 'vitest';
import { PROJECTIONS } from '../../projections/index.ts';
import { MemoryModels, MemoryStore as ModelsStore } from '../../projections/model/memory-models.ts';
import { collectionOf } from '../../projections/projection.ts';
import { startProjector, type Projector } from '../../projections/projector.ts';
import { MemoryLog } from '../adapters/memory/memory-log.ts';
import { MemoryStore } from '../adapters/memory/memory-store.ts';
import { encode } from '../events/codec.ts';
import { LocalAnnouncements } from '../ports/announcements.ts';
import { ManualClock, systemClock } from '../ports/clock.ts';
import { silentLogger } from '../ports/logger.ts';
import { readOrders } from '../queries/orders.ts';
import { readStats } from '../queries/stats.ts';
import { handled, placed } from '../queries/testing.ts';
import { Live } from './live.ts';
import { LogAnnouncements } from './log-announcements.ts';
import { Progress } from './progress.ts';

const ZONE = 'Europe/Stockholm';
const COLLECTIONS = Object.fromEntries(PROJECTIONS.map((each) => [each.name, collectionOf(each, 1)]));

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Stage {
  readonly clock: ManualClock;
  readonly log: MemoryLog;
  readonly models: MemoryModels;
  readonly live: Live;
  readonly progress: Progress;
  readonly project: () => Promise<Projector[]>;
}

async function stage(now: string, overLog = false): Promise<Stage> {
  const clock = new ManualClock(now);
  const log = new MemoryLog(new MemoryStore(1));
  await log.ensureTopics();
  const models = new MemoryModels(new ModelsStore());
  for (const collection of Object.values(COLLECTIONS)) await models.ensureCollection(collection);
  const announcements = overLog
    ? new LogAnnouncements({ log, logger: silentLogger, group: 'updates' })
    : new LocalAnnouncements();
  const progress = new Progress({ log, models, clock });
  const live = new Live({
    log,
    models,
    announcements,
    progress,
    clock,
    logger: silentLogger,
    collections: () => Promise.resolve(COLLECTIONS),
    timeZone: ZONE,
    currency: 'SEK',
    group: 'live',
  });
  await live.start();
  closing.push(() => live.stop());
  const project = async (): Promise<Projector[]> => {
    const of = (kind: string) => PROJECTIONS.filter((each) => each.kind === kind);
    const sets = [of('folded'), ...of('merged').map((each) => [each])];
    const projectors = await Promise.all(
      sets.map((together) =>
        startProjector({
          log,
          models,
          // What is folded does not depend on the clock; when it is flushed does.
          clock: systemClock,
          logger: silentLogger,
          group: `project-${together.map(({ name }) => name).join('-')}`,
          projections: together.map((projection) => ({ projection, collection: collectionOf(projection, 1) })),
          deadLetters: () => Promise.resolve(),
          announce: (updates) => announcements.announce(updates),
        }),
      ),
    );
    for (const projector of projectors) closing.push(() => projector.stop());
    return projectors;
  };
  return { clock, log, models, live, progress, project };
}

/** The next value that matches. The clock goes on meanwhile, so that everything that waits for it gets its turn. */
async function next<T>(clock: ManualClock, from: AsyncIterator<T>, matches: (value: T) => boolean): Promise<T> {
  let going = true;
  const ticking = (async () => {
    while (going) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      clock.advance(20);
    }
  })();
  try {
    for (;;) {
      const { done, value } = await from.next();
      if (done === true) throw new Error('the live view has ended');
      if (matches(value)) return value;
    }
  } finally {
    going = false;
    await ticking;
  }
}

describe.each([
  ['in one process', false],
  ['through the log', true],
])('live figures, announced %s', (_where, overLog) => {
  it('show the present at once, then what changes, and are what a query says', async () => {
    const { clock, log, models, live, project } = await stage('2026-11-22T14:00:00.500Z', overLog);
    await project();
    const frames = live.stats.follow();
    await next(clock, frames, ({ ordersToday }) => ordersToday === 0);
    await log.append(Array.from({ length: 40 }, (_, n) => encode(placed(`o-${n}`, clock.now() - n * 60_000))));
    await log.append(Array.from({ length: 7 }, (_, n) => encode(handled(`o-${n}`, clock.now() - n * 60_000))));
    const frame = await next(clock, frames, (each) => each.ordersToday === 40 && each.handledToday === 7);
    const options = { at: Date.parse(frame.at), timeZone: ZONE, currency: 'SEK', collections: COLLECTIONS };
    const { yesterday: _y, latestMinutes, behindMs: _b, ...figures } = frame;
    expect(figures).toEqual(await readStats(models, options));
    expect(figures.openOrders).toBe(33);
    expect(latestMinutes).toHaveLength(3);
  });
});

describe('live figures', () => {
  it('fall to 0 with the clock, when nothing happens', async () => {
    const { clock, log, live, project } = await stage('2026-11-22T14:00:00.000Z');
    await project();
    const at = clock.now();
    await log.append([encode(placed('o-1', at)), encode(handled('o-1', at))]);
    const frames = live.stats.follow();
    await next(clock, frames, ({ handledLast5m, salesLastHour }) => handledLast5m === 1 && salesLastHour !== 0);
    clock.set(at + 299_000);
    await next(clock, frames, (each) => Date.parse(each.at) >= at + 299_000 && each.handledLast5m === 1);
    clock.set(at + 300_000);
    const later = await next(clock, frames, (each) => Date.parse(each.at) >= at + 300_000);
    expect([later.handledLast5m, later.handledLast30m, later.ordersToday]).toEqual([0, 1, 1]);
    clock.set(at + 3_600_000);
    const muchLater = await next(clock, frames, (each) => Date.parse(each.at) >= at + 3_600_000);
    expect([muchLater.salesLastHour, muchLater.handledLast1h, muchLater.handledLast2h]).toEqual([0, 0, 1]);
  });

  it('begin anew at midnight of the shop, and know yesterday', async () => {
    const midnight = Date.parse('2026-11-22T23:00:00.000Z');
    const { clock, log, live, project } = await stage('2026-11-22T22:59:50.000Z');
    await project();
    await log.append([1, 2, 3].map((n) => encode(placed(`o-${n}`, midnight - n * 1_000))));
    const frames = live.stats.follow();
    await next(clock, frames, ({ ordersToday, at }) => ordersToday === 3 && Date.parse(at) < midnight);
    clock.set(midnight);
    const first = await next(clock, frames, ({ at }) => Date.parse(at) >= midnight);
    expect([first.ordersToday, first.salesToday]).toEqual([0, 0]);
    expect(first.salesLastHour).toBeGreaterThan(0);
    clock.set(midnight + 86_399_000);
    const dayAfter = await next(clock, frames, ({ at }) => Date.parse(at) >= midnight + 86_399_000);
    expect([dayAfter.ordersToday, dayAfter.yesterday.ordersToday]).toEqual([0, 3]);
  });

  it('cost nothing while nobody follows', async () => {
    const { clock, models, live, project } = await stage('2026-11-22T14:00:00.000Z');
    await project();
    const frames = live.stats.follow();
    await next(clock, frames, () => true);
    await frames.return?.();
    let asked = 0;
    const checkpoints = models.checkpoints.bind(models);
    models.checkpoints = (collections) => {
      asked += 1;
      return checkpoints(collections);
    };
    for (let second = 0; second < 20; second++) {
      clock.advance(1_000);
      for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    }
    // A look that was under way may end.
    expect(asked).toBeLessThanOrEqual(1);
  });
});

describe('live orders', () => {
  it('show the newest first, then each change with its number, and how many were left out', async () => {
    const { clock, log, models, live, project } = await stage('2026-11-22T14:00:00.000Z');
    await log.append(Array.from({ length: 50 }, (_, n) => encode(placed(`old-${n}`, clock.now() - 60_000 + n))));
    await project();
    while ((await readOrders(models, COLLECTIONS, { first: 50 })).items.length < 50) await new Promise(setImmediate);
    const frames = live.orders.follow();
    const present = await next(clock, frames, () => true);
    expect(present.changes.map(({ order }) => order.id)).toEqual(Array.from({ length: 30 }, (_, n) => `old-${n + 20}`));
    expect([present.first, present.last, present.skipped]).toEqual([1, 30, 0]);
    await log.append([encode(placed('new-1', clock.now()))]);
    const one = await next(clock, frames, ({ changes }) => changes.at(-1)?.order.id === 'new-1');
    expect(one.changes.at(-1)).toMatchObject({ kind: 'PLACED', order: { id: 'new-1', status: 'PLACED' } });
    await log.append([encode(handled('new-1', clock.now()))]);
    const two = await next(clock, frames, ({ changes }) => changes.at(-1)?.kind === 'HANDLED');
    expect(two.last).toBe(one.last + 1);
    expect(two.changes.at(-1)).toMatchObject({ kind: 'HANDLED', order: { id: 'new-1', status: 'HANDLED' } });
    await log.append(Array.from({ length: 500 }, (_, n) => encode(placed(`many-${n}`, clock.now() + n))));
    let { last: seen } = two;
    let listed = 0;
    let skipped = 0;
    while (seen < two.last + 500) {
      const frame = await next(clock, frames, () => true);
      expect(frame.changes.length).toBeLessThanOrEqual(30);
      listed += Math.min(frame.last - seen, frame.changes.length);
      skipped += frame.skipped;
      seen = frame.last;
    }
    expect([seen, listed + skipped]).toEqual([two.last + 500, 500]);
    expect(skipped).toBeGreaterThan(0);
  });
});

describe('progress', () => {
  it('tells the lag in records and in time, and who stands still', async () => {
    const { clock, log, progress, project } = await stage('2026-11-22T14:00:00.000Z');
    const look = async () => {
      const looking = progress.look();
      for (let turn = 0; turn < 10; turn++) {
        await new Promise(setImmediate);
        clock.advance(50);
      }
      return (await looking).find(({ name }) => name === 'sales');
    };
    expect(await look()).toMatchObject({ lagRecords: 0, lagMs: 0, health: 'FOLLOWING' });
    await log.append(Array.from({ length: 30 }, (_, n) => encode(placed(`o-${n}`, clock.now()))));
    const behind = await look();
    expect(behind?.lagRecords).toBeGreaterThanOrEqual(30);
    clock.advance(4_000);
    expect(await look()).toMatchObject({ health: 'CATCHING_UP' });
    clock.advance(8_000);
    const stalled = await look();
    expect(stalled?.health).toBe('STALLED');
    expect(stalled?.lagMs).toBeGreaterThan(10_000);
    expect(stalled?.reason).toMatch(/projector/);
    await project();
    for (;;) if ((await look())?.lagRecords === 0) break;
    expect(await look()).toMatchObject({ lagMs: 0, health: 'FOLLOWING', reason: null });
  });
});
