import { describe, expect, it } from 'vitest';
import { addDays } from '../domain/calendar.ts';
import type { LogCreated } from '../events/events.ts';
import { handled, placed } from '../queries/testing.ts';
import { dueDays, type Known } from './due.ts';
import { at, daysOf, issuedIn, openWorld, optionsIn } from './reporter-test-kit.ts';
import { startReporter } from './reporter.ts';

const daysFrom = (day: string, count: number): string[] => Array.from({ length: count }, (_, n) => addDays(day, n));

describe('the days that are due', () => {
  const known = (more: Partial<Known> = {}): Known => ({
    today: '2026-11-22',
    first: '2010-12-01',
    opened: '2026-11-20',
    isBusy: (day) => ['2010-12-01', '2010-12-03', '2011-03-01'].includes(day),
    isReported: () => false,
    ...more,
  });

  it('are all of an open shop, and before that those up to a month after the last order', () => {
    const expected = [...daysFrom('2010-12-01', 3 + 31), ...daysFrom('2011-03-01', 1 + 31), '2026-11-20', '2026-11-21'];
    expect(dueDays(known())).toEqual(expected);
    expect(dueDays(known({ isReported: (day) => day !== '2026-11-20' }))).toEqual(['2026-11-20']);
  });

  it('are all where the log does not say when it was made, and none without an order', () => {
    expect(dueDays(known({ first: '2026-01-01', opened: null }))).toEqual(daysFrom('2026-01-01', 325));
    expect(dueDays(known({ first: null, opened: null }))).toEqual([]);
  });

  it('follow from what is stored, with orders of old times that come in later', async () => {
    const world = await openWorld('2026-11-22T14:00:00.000Z');
    const created: LogCreated = {
      type: 'LogCreated',
      version: 1,
      id: 'log',
      at: '2026-11-19T23:00:00.000Z',
      source: 'live',
      logId: 'log',
      currency: 'SEK',
    };
    await world.happen([created, placed('a', at('2010-12-01')), handled('a', at('2012-06-01'))]);
    const first = await startReporter(optionsIn(world));
    await first.look();
    await first.stop();
    const expected = [
      ...daysFrom('2010-12-01', 1 + 31),
      ...daysFrom('2012-06-01', 1 + 31),
      '2026-11-20',
      '2026-11-21',
    ].map((day) => `${day} r1`);
    expect(daysOf(await issuedIn(world.log))).toEqual(expected);
    await world.happen([placed('b', at('2015-05-05'))]);
    const second = await startReporter(optionsIn(world));
    await second.look();
    await second.stop();
    const added = daysFrom('2015-05-05', 1 + 31).map((day) => `${day} r1`);
    expect(daysOf(await issuedIn(world.log))).toEqual([...expected, ...added]);
  });
});
