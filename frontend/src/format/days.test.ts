import { describe, expect, it } from 'vitest';
import { addDays, boundsOf, dayOf, HOUR_MS, instantOf, localOf, startOfDay } from './days.ts';

describe('days in the shop’s zone', () => {
  it('begins at local midnight, whatever the machine’s zone', () => {
    expect(new Date(startOfDay('2026-11-22', 'Europe/Stockholm')).toISOString()).toBe('2026-11-21T23:00:00.000Z');
    expect(new Date(startOfDay('2026-11-22', 'Pacific/Kiritimati')).toISOString()).toBe('2026-11-21T10:00:00.000Z');
    expect(new Date(startOfDay('2026-11-22', 'Pacific/Pago_Pago')).toISOString()).toBe('2026-11-22T11:00:00.000Z');
  });

  it('has 23 and 25 hours when clocks change', () => {
    const hours = (day: string) => {
      const { from, to } = boundsOf(day, 'Europe/Stockholm');
      return (to - from) / HOUR_MS;
    };
    expect([hours('2026-03-29'), hours('2026-10-25'), hours('2026-11-22')]).toEqual([23, 25, 24]);
  });

  it('begins at one o’clock where midnight was skipped', () => {
    // In Beirut, clocks went from 00:00 to 01:00 on that day.
    expect(new Date(startOfDay('2025-03-30', 'Asia/Beirut')).toISOString()).toBe('2025-03-29T22:00:00.000Z');
    expect(dayOf(startOfDay('2025-03-30', 'Asia/Beirut') - 1, 'Asia/Beirut')).toBe('2025-03-29');
  });

  it('counts days over the end of a year', () => {
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
    expect(addDays('2028-03-01', -1)).toBe('2028-02-29');
  });

  it('reads and writes local times, on days when clocks change, too', () => {
    const zone = 'Europe/Stockholm';
    const read = (local: string) => new Date(instantOf(local, zone) ?? 0).toISOString();
    expect(read('2026-11-22T14:05')).toBe('2026-11-22T13:05:00.000Z');
    expect(read('2026-03-29T01:30')).toBe('2026-03-29T00:30:00.000Z');
    expect(read('2026-03-29T03:30')).toBe('2026-03-29T01:30:00.000Z');
    expect(read('2026-10-25T04:00')).toBe('2026-10-25T03:00:00.000Z');
    expect(localOf(Date.parse('2026-10-25T03:00:00Z'), zone)).toBe('2026-10-25T04:00');
    expect(instantOf('', zone)).toBeNull();
  });
});
