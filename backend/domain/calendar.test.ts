import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays, boundsOf, dayOf, isDay, isTimeZone, localHour, parseInstant, parseLocal } from './calendar.ts';

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

  it('reads local times by a format', () => {
    expect(parseLocal('12/1/10 8:26', 'M/d/yy H:mm', 'Europe/London')).toBe(Date.UTC(2010, 11, 1, 8, 26));
    expect(parseLocal('13/1/10 8:26', 'M/d/yy H:mm', 'Europe/London')).toBeNull();
  });

  it('knows time zones', () => {
    expect(isTimeZone('Europe/Stockholm')).toBe(true);
    expect(isTimeZone('Europe/Stokholm')).toBe(false);
  });
});
