import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addDays,
  boundsOf,
  dayOf,
  instantOfLocal,
  isDay,
  isTimeZone,
  localHour,
  localTime,
  parseInstant,
  sameTimeOn,
} from './calendar.ts';

const HOUR_MS = 3_600_000;
const ZONES = ['Europe/Stockholm', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Pacific/Apia', 'UTC'];

describe('days', () => {
  it.each([
    ['2026-10-25', 'Europe/Stockholm', 25],
    ['2027-03-28', 'Europe/Stockholm', 23],
    ['2026-11-22', 'Europe/Stockholm', 24],
    ['2026-10-04', 'Australia/Lord_Howe', 23.5],
    ['2026-04-05', 'Australia/Lord_Howe', 24.5],
    ['2026-11-01', 'America/New_York', 25],
  ])('%s in %s has %d hours', (day, zone, hours) => {
    const { from, to } = boundsOf(day, zone);
    expect((to - from) / HOUR_MS).toBe(hours);
  });

  it('follow each other without a gap, and hold their own instants', () => {
    const instants = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2040, 0, 1) });
    fc.assert(
      fc.property(instants, fc.constantFrom(...ZONES), (instant, zone) => {
        const day = dayOf(instant, zone);
        const { from, to } = boundsOf(day, zone);
        expect(from <= instant && instant < to).toBe(true);
        const next = dayOf(to, zone);
        expect(next > day).toBe(true);
        // Apia left 2011-12-30 out when it changed sides of the date line.
        if (zone !== 'Pacific/Apia') expect(next).toBe(addDays(day, 1));
        expect(boundsOf(next, zone).from).toBe(to);
      }),
    );
  });

  it('begin where the clock skips midnight, too', () => {
    const { from } = boundsOf('2018-11-04', 'America/Sao_Paulo');
    expect(new Date(from).toISOString()).toBe('2018-11-04T03:00:00.000Z');
    expect(localHour(from, 'America/Sao_Paulo')).toBe(1);
  });

  it.each([
    ['2026-10-25', 'Atlantic/Azores', '2026-10-25T00:00:00.000Z'],
    ['2026-11-01', 'America/Havana', '2026-11-01T04:00:00.000Z'],
    // At 00:01 the clock went back to 23:01 of the day before, which had ended all the same.
    ['2010-11-07', 'America/St_Johns', '2010-11-07T02:30:00.000Z'],
  ])('%s in %s begins at the first of two midnights', (day, zone, first) => {
    const { from, to } = boundsOf(day, zone);
    expect([new Date(from).toISOString(), (to - from) / HOUR_MS]).toEqual([first, 25]);
    const instants = [from - 1, from + 0.5 * HOUR_MS, from + 1.5 * HOUR_MS, from];
    expect(instants.map((at) => dayOf(at, zone))).toEqual([addDays(day, -1), day, day, day]);
  });

  it('hold nothing when the zone has left them out', () => {
    const apia = ['2011-12-29', '2011-12-30', '2011-12-31'].map((day) => boundsOf(day, 'Pacific/Apia'));
    expect(apia.map(({ from, to }) => (to - from) / HOUR_MS)).toEqual([24, 0, 24]);
    expect(apia[1]?.from).toBe(apia[2]?.from);
  });

  it('are counted over months, years and leap days', () => {
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
    expect(addDays('2028-03-01', -1)).toBe('2028-02-29');
    expect(addDays('2026-03-28', 365)).toBe('2027-03-28');
    expect(addDays('2026-11-22', 0)).toBe('2026-11-22');
  });

  it('are told from what is no day', () => {
    expect(['2026-11-22', '2028-02-29'].every(isDay)).toBe(true);
    expect(['2026-02-29', '2026-13-01', '22/11/2026', '2026-11-2', ''].some(isDay)).toBe(false);
  });
});

describe('reading instants', () => {
  it('takes the zone for what has no offset', () => {
    expect(parseInstant('2026-11-22T12:00:00', 'Europe/Stockholm')).toBe(Date.UTC(2026, 10, 22, 11));
    expect(parseInstant('2026-11-22T12:00:00Z', 'Europe/Stockholm')).toBe(Date.UTC(2026, 10, 22, 12));
    expect(parseInstant('noon', 'Europe/Stockholm')).toBeNull();
  });

  it('takes the first of two, and moves on what is left out by the gap', () => {
    const read = (text: string): number | null => parseInstant(text, 'Europe/Stockholm');
    expect(read('2024-10-27T02:30')).toBe(Date.UTC(2024, 9, 27, 0, 30));
    expect(read('2024-03-31T02:30')).toBe(Date.UTC(2024, 2, 31, 1, 30));
    expect(read('2024-03-31T02:30')).toBe(read('2024-03-31T03:30'));
  });

  it.each([
    ['2026-11-22', Date.UTC(2026, 10, 21, 23)],
    ['2026-11-22 14:05', Date.UTC(2026, 10, 22, 13, 5)],
    ['2026-11-22T14', Date.UTC(2026, 10, 22, 13)],
    ['2026-11-22T14:05:07.57', Date.UTC(2026, 10, 22, 13, 5, 7, 570)],
    ['2026-11-22T14:05:07.1239-03:30', Date.UTC(2026, 10, 22, 17, 35, 7, 123)],
    ['2026-11-22T14:05+0100', Date.UTC(2026, 10, 22, 13, 5)],
    ['0001-01-01T00:00:00Z', Date.parse('0001-01-01T00:00:00Z')],
    ['2026-02-30', null],
    ['2026-11-22T25:00', null],
    ['2026-11-22T14:60', null],
    ['2026-11-22T14:05+99:00', null],
    ['2026-11-22Z', null],
  ])('reads %s', (text, instant) => {
    expect(parseInstant(text, 'Europe/Stockholm')).toBe(instant);
  });

  it('of a clock on the wall refuses what no clock shows', () => {
    const noon = { year: 2026, month: 11, day: 22, hour: 12, minute: 0, second: 0, millisecond: 0 };
    const wrong = [
      { month: 13 },
      { month: 0 },
      { day: 31 },
      { hour: 24 },
      { minute: -1 },
      { second: 60 },
      { day: 1.5 },
    ];
    expect(instantOfLocal(noon, 'Europe/Stockholm')).toBe(Date.UTC(2026, 10, 22, 11));
    for (const each of wrong) expect(instantOfLocal({ ...noon, ...each }, 'Europe/Stockholm')).toBeNull();
  });

  it('writes local times, and finds the same one on other days', () => {
    const at = Date.UTC(2026, 9, 24, 0, 30, 7, 5);
    expect(localTime(at, 'Europe/Stockholm')).toBe('2026-10-24 02:30:07');
    expect(localHour(at, 'Europe/Stockholm')).toBeCloseTo(2.502, 3);
    expect(localHour(-1, 'UTC')).toBeCloseTo(24, 5);
    expect(sameTimeOn(at, 1, 'Europe/Stockholm')).toBe(at + 24 * HOUR_MS);
    expect(sameTimeOn(at, 2, 'Europe/Stockholm')).toBe(at + 49 * HOUR_MS);
  });

  it('knows time zones', () => {
    expect(isTimeZone('Europe/Stockholm')).toBe(true);
    expect(['Europe/Stokholm', '+01:00', ''].some(isTimeZone)).toBe(false);
  });
});
