/** TIME_ZONE was changed, or the rules of the zone were: every order stays in exactly one report. */
import { describe, expect, it } from 'vitest';
import { boundsOf } from '../domain/calendar.ts';
import { encode } from '../events/codec.ts';
import type { ReportIssued } from '../events/events.ts';
import { silentLogger } from '../ports/logger.ts';
import { handled, line, placed } from '../queries/testing.ts';
import { eventsOf } from '../shop/shop-test-kit.ts';
import { MemoryFolder, Process } from './killing-test-kit.ts';
import { at, issuedIn, openWorld, optionsIn, type World } from './reporter-test-kit.ts';
import { issueReport, startReporter } from './reporter.ts';
import { rezoneReports } from './rezone.ts';
import { assertZoneOf } from './zone.ts';

const STOCKHOLM = 'Europe/Stockholm';
const NEW_YORK = 'America/New_York';
/** Its days are those of Stockholm. */
const BERLIN = 'Europe/Berlin';
const LOOKED = '2026-11-22T12:00:00.000Z';

/** Orders on both sides of the midnights of both zones; one is handled in the night. */
const ORDERS = [
  ['night', at('2026-11-17', '23:30:00.000Z'), 1],
  ['noon', at('2026-11-18', '11:30:00.000Z'), 2],
  ['evening', at('2026-11-18', '22:30:00.000Z'), 4],
  ['small hours', at('2026-11-20', '03:00:00.000Z'), 8],
] as const;

async function openSold(): Promise<World> {
  const world = await openWorld(LOOKED);
  const orders = ORDERS.map(([id, when, price]) => placed(id, when, { lines: [line(`p-${id}`, 1, price)] }));
  await world.happen([...orders, handled('noon', at('2026-11-19', '02:00:00.000Z'))]);
  return world;
}

async function reportIn(world: World, timeZone: string): Promise<void> {
  const reporter = await startReporter(optionsIn(world, { timeZone }));
  await reporter.look().finally(() => reporter.stop());
}

const rezone = (world: World, timeZone: string, more: Parameters<typeof optionsIn>[1] = {}) =>
  rezoneReports(optionsIn(world, { timeZone, ...more }), {
    signal: new AbortController().signal,
    onProgress: () => {},
  });

async function latestIn(world: World): Promise<ReportIssued[]> {
  const latest = new Map((await issuedIn(world.log)).map((event) => [event.day, event]));
  return [...latest.values()].sort((a, b) => (a.day < b.day ? -1 : 1));
}

/** Every order, by its one product, with the day of each report that has it. */
async function whereaboutsIn(world: World): Promise<Record<string, string[]>> {
  const reports = await latestIn(world);
  const daysWith = (id: string): string[] =>
    reports.filter(({ products }) => products.some(({ productId }) => productId === `p-${id}`)).map(({ day }) => day);
  return Object.fromEntries(ORDERS.map(([id]) => [id, daysWith(id)]));
}

const EAST = { night: ['2026-11-18'], noon: ['2026-11-18'], evening: ['2026-11-18'], 'small hours': ['2026-11-20'] };
const WHERE = {
  [STOCKHOLM]: EAST,
  [BERLIN]: EAST,
  [NEW_YORK]: { night: ['2026-11-17'], noon: ['2026-11-18'], evening: ['2026-11-18'], 'small hours': ['2026-11-19'] },
} as const;

async function expectRight(world: World, timeZone: keyof typeof WHERE): Promise<void> {
  const reports = await latestIn(world);
  expect(await whereaboutsIn(world)).toEqual(WHERE[timeZone]);
  expect(reports.map((report) => report.timeZone)).toEqual(reports.map(() => timeZone));
  const sum = (of: 'orders' | 'sales' | 'handledOrders'): number =>
    reports.reduce((all, report) => all + report[of], 0);
  expect([sum('orders'), sum('sales'), sum('handledOrders')]).toEqual([4, 15, 1]);
  for (const { day, from, to } of reports) {
    expect({ from: Date.parse(from), to: Date.parse(to) }).toEqual(boundsOf(day, timeZone));
  }
}

describe('a time zone that was changed', () => {
  it('is refused by whoever writes reports, and nothing is written', async () => {
    const world = await openSold();
    await reportIn(world, STOCKHOLM);
    await expectRight(world, STOCKHOLM);
    const before = await issuedIn(world.log);
    const refused = { code: 'BAD_INPUT', message: expect.stringMatching(/Stockholm.*New_York.*--rezone/) as string };
    const reporter = await startReporter(optionsIn(world, { timeZone: NEW_YORK }));
    await expect(reporter.ended).rejects.toMatchObject(refused);
    await expect(issueReport('2026-11-18', optionsIn(world, { timeZone: NEW_YORK }))).rejects.toMatchObject(refused);
    await expect(assertZoneOf(world.log, NEW_YORK)).rejects.toMatchObject(refused);
    await expect(assertZoneOf(world.log, STOCKHOLM)).resolves.toBeUndefined();
    expect(await issuedIn(world.log)).toEqual(before);
  });

  it('is none when only the name is another', async () => {
    const world = await openSold();
    await reportIn(world, 'Asia/Calcutta');
    await expect(assertZoneOf(world.log, 'Asia/Kolkata')).resolves.toBeUndefined();
  });

  it('is refused by a reporter that is at work, too', async () => {
    const world = await openSold();
    const reporter = await startReporter(optionsIn(world));
    await reporter.look();
    await rezone(world, NEW_YORK);
    await expect(reporter.look()).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await reporter.stop().catch(() => {});
    await expectRight(world, NEW_YORK);
  });

  it.each([
    [STOCKHOLM, NEW_YORK],
    [NEW_YORK, STOCKHOLM],
    [STOCKHOLM, BERLIN],
  ] as const)('from %s to %s restates every report', async (before, after) => {
    const world = await openSold();
    await reportIn(world, before);
    await expectRight(world, before);
    const folder = new MemoryFolder();
    const result = await rezone(world, after, { open: () => folder });
    await expectRight(world, after);
    const reports = await latestIn(world);
    expect(result).toEqual({ days: reports.length, restated: reports.length, complete: true });
    for (const { day, revision, orders } of reports) {
      expect(JSON.parse(folder.files.get(`${day}.json`)?.toString() ?? 'null')).toMatchObject({
        date: day,
        timeZone: after,
        revision,
        orders,
      });
      expect(folder.files.has(`${day}.r1.json`)).toBe(revision === 2);
    }
    // Of a day that has no orders any more, or still has the same: the zone is what changed.
    expect(reports.filter(({ revision }) => revision === 2).length).toBeGreaterThan(2);
    await assertZoneOf(world.log, after);
    await reportIn(world, after);
    expect(await rezone(world, after)).toMatchObject({ restated: 0, complete: true });
  });

  it('has the day that has not ended reported as far as it is, and anew when it ends', async () => {
    const world = await openSold();
    // In Stockholm the 22nd is over; in New York it is eight in the evening.
    world.clock.set('2026-11-23T01:00:00.000Z');
    const now = world.clock.now();
    const orders = [now - 7_200_000, now - 600_000].map((when, n) => placed(`late-${n}`, when));
    await world.happen(orders);
    await reportIn(world, STOCKHOLM);
    await rezone(world, NEW_YORK);
    const reports = async (): Promise<[string, number][]> =>
      (await latestIn(world)).slice(-2).map(({ day, orders: count }) => [day, count]);
    expect(await reports()).toEqual([
      ['2026-11-21', 0],
      ['2026-11-22', 2],
    ]);
    await world.happen([placed('later', now + 600_000)]);
    world.clock.set('2026-11-23T12:00:00.000Z');
    await reportIn(world, NEW_YORK);
    expect((await reports()).at(-1)).toEqual(['2026-11-22', 3]);
  });

  it('goes on where it was interrupted; until then nobody works in either zone', async () => {
    let kills = 0;
    for (let lastStep = 0; ; lastStep += 7) {
      const world = await openSold();
      await reportIn(world, STOCKHOLM);
      const dying = new Process(lastStep);
      const killed = { log: dying.log(world.log), models: dying.models(world.models), open: () => new MemoryFolder() };
      const ended = await rezone(world, NEW_YORK, killed).then(
        () => true,
        () => false,
      );
      const zones = new Set((await latestIn(world)).map(({ timeZone }) => timeZone));
      if (zones.size === 2) {
        kills += 1;
        const mixed = { code: 'BAD_INPUT', message: expect.stringMatching(/^some of the reports.*--rezone/) as string };
        await expect(assertZoneOf(world.log, NEW_YORK)).rejects.toMatchObject(mixed);
        await expect(assertZoneOf(world.log, STOCKHOLM)).rejects.toMatchObject(mixed);
      }
      await rezone(world, NEW_YORK);
      await expectRight(world, NEW_YORK);
      if (ended) break;
    }
    expect(kills).toBeGreaterThan(5);
  });

  it('gives up when it is told to, and says so', async () => {
    const world = await openSold();
    await reportIn(world, STOCKHOLM);
    const stopping = new AbortController();
    const seen: number[] = [];
    const result = await rezoneReports(optionsIn(world, { timeZone: NEW_YORK }), {
      signal: stopping.signal,
      onProgress: (done) => {
        seen.push(done);
        if (done === 2) stopping.abort();
      },
    });
    expect([seen, result.complete]).toEqual([[0, 1, 2], false]);
    await rezone(world, NEW_YORK);
    await expectRight(world, NEW_YORK);
  });

  it('of a log without reports has nothing to restate', async () => {
    expect(await rezone(await openSold(), NEW_YORK)).toEqual({ days: 0, restated: 0, complete: true });
  });
});

describe('rules of the zone that were changed', () => {
  it('restate the reports whose days begin or end elsewhere now, once, and say so', async () => {
    const world = await openSold();
    await reportIn(world, STOCKHOLM);
    // As if summer time had not ended by the rules that the reports were issued by: an hour more in the evening.
    const [, first] = await latestIn(world);
    if (first === undefined) throw new Error('there is no report');
    const from = new Date(Date.parse(first.from) - 3_600_000).toISOString();
    await world.log.append([encode({ ...first, id: `${first.id}+`, revision: first.revision + 1, from, orders: 9 })]);
    const warned: object[] = [];
    const logger = { ...silentLogger, warn: (about: object) => warned.push(about) };
    for (const times of [1, 2]) {
      const reporter = await startReporter(optionsIn(world, { logger: logger }));
      await reporter.look();
      await reporter.look();
      await reporter.stop();
      expect(warned, `start ${times}`).toMatchObject([{ days: 1, first: first.day, rules: process.versions['tz'] }]);
    }
    const restated = (await latestIn(world)).find(({ day }) => day === first.day);
    expect(restated).toMatchObject({ from: first.from, orders: first.orders, revision: first.revision + 2 });
    expect(restated?.changes.map(({ what }) => what)).toEqual(['orders', 'from']);
    await expectRight(world, STOCKHOLM);
    expect((await eventsOf(world.log, 'reports')).length).toBe((await latestIn(world)).length + 2);
  });
});
