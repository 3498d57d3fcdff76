import { describe, expect, it } from 'vitest';
import { boundsOf, dayOf, instantOf } from './days.ts';

const HOUR_MS = 3_600_000;

describe('days in the shop’s zone', () => {
  it('begin at the first instant that shows them, whatever the machine’s zone', () => {
    const from = (day: string, zone: string): string => new Date(boundsOf(day, zone).from).toISOString();
    expect(from('2026-11-22', 'Europe/Stockholm')).toBe('2026-11-21T23:00:00.000Z');
    expect(from('2026-11-22', 'Pacific/Kiritimati')).toBe('2026-11-21T10:00:00.000Z');
    expect(from('2026-11-22', 'Pacific/Pago_Pago')).toBe('2026-11-22T11:00:00.000Z');
    // In Beirut, clocks went from 00:00 to 01:00 on that day; in the Azores, midnight comes twice.
    expect(from('2025-03-30', 'Asia/Beirut')).toBe('2025-03-29T22:00:00.000Z');
    expect(from('2026-10-25', 'Atlantic/Azores')).toBe('2026-10-25T00:00:00.000Z');
    expect(dayOf(boundsOf('2025-03-30', 'Asia/Beirut').from - 1, 'Asia/Beirut')).toBe('2025-03-29');
  });

  it('have 23 and 25 hours when clocks change', () => {
    const hours = (day: string): number => {
      const { from, to } = boundsOf(day, 'Europe/Stockholm');
      return (to - from) / HOUR_MS;
    };
    expect([hours('2026-03-29'), hours('2026-10-25'), hours('2026-11-22')]).toEqual([23, 25, 24]);
  });

  it('reads local times as inputs give them', () => {
    const read = (local: string): string => new Date(instantOf(local, 'Europe/Stockholm') ?? 0).toISOString();
    expect(read('2026-11-22T14:05')).toBe('2026-11-22T13:05:00.000Z');
    expect(read('2026-03-29T02:30')).toBe('2026-03-29T01:30:00.000Z');
    expect(read('2026-10-25T02:30')).toBe('2026-10-25T00:30:00.000Z');
    expect(instantOf('', 'Europe/Stockholm')).toBeNull();
  });
});
