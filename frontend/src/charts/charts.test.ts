import { describe, expect, it } from 'vitest';
import {
  accumulated,
  averaged,
  emptyMinutes,
  grouped,
  minuteAt,
  minutesPerPoint,
  sliding,
  withBuckets,
} from './minutes.ts';
import { edgePath, highestOf, inUnits, linePath, niceMax, pathUnit, steadyMax, stepPath } from './scale.ts';

const from = Date.parse('2026-11-21T23:00:00Z');
const day = { from, to: from + 1_440 * 60_000 };
const bucket = (minute: number, orders: number) => ({
  from: new Date(from + minute * 60_000).toISOString(),
  orders,
  sales: orders * 100,
  handled: 1,
});

describe('a day as minutes', () => {
  it('sets the minutes that buckets name, and only those of its day', () => {
    const minutes = withBuckets(emptyMinutes(day), [bucket(-1, 9), bucket(0, 3), bucket(1_439, 4), bucket(1_440, 9)]);
    expect(minutes.orders.length).toBe(1_440);
    expect([minutes.orders[0], minutes.orders[1], minutes.sales[1_439]]).toEqual([3, 0, 400]);
    expect(minutes.orders.reduce((sum, value) => sum + value, 0)).toBe(7);
  });

  it('replaces what the running minute was before', () => {
    const before = withBuckets(emptyMinutes(day), [bucket(5, 3)]);
    expect(withBuckets(before, [bucket(5, 8)]).orders[5]).toBe(8);
    expect(before.orders[5]).toBe(3);
  });

  it('finds the minute of an instant, and the nearest one for instants outside', () => {
    expect(minuteAt(day, from + 61_000)).toBe(1);
    expect(minuteAt(day, from - 1)).toBe(0);
    expect(minuteAt(day, day.to + 5)).toBe(1_439);
  });

  it('groups, accumulates and slides', () => {
    expect(grouped([1, 2, 3, 4, 5], 2)).toEqual([3, 7, 5]);
    expect(averaged([1, 2, 3, 4, 5], 2)).toEqual([1.5, 3.5, 5]);
    expect(accumulated([1, 0, 2])).toEqual([1, 1, 3]);
    expect(sliding([1, 2, 3, 4], 2)).toEqual([1, 3, 5, 7]);
    expect(sliding([1, 2], 3, [5, 6, 7])).toEqual([14, 10]);
  });

  it('makes no sum with a minute that cannot be given, nor one that is not exact', () => {
    expect(grouped([1, null, 3, 4], 2)).toEqual([null, 7]);
    expect(averaged([1, null, 3, 4], 2)).toEqual([null, 3.5]);
    expect(accumulated([1, null, 2])).toEqual([1, null, null]);
    expect(sliding([1, null, 3, 4, 5], 2)).toEqual([1, null, null, 7, 9]);
    expect(grouped([Number.MAX_SAFE_INTEGER, 1], 2)).toEqual([null]);
    expect(accumulated([Number.MAX_SAFE_INTEGER, 1])).toEqual([Number.MAX_SAFE_INTEGER, null]);
  });

  it('gives no more points than can be seen', () => {
    expect([1_900, 400, 150].map((width) => minutesPerPoint(1_440, width))).toEqual([1, 2, 5]);
  });
});

describe('scales and paths', () => {
  it('has round tops', () => {
    expect([0, 1, 7, 8, 9, 21, 101, 2_400].map(niceMax)).toEqual([2, 2, 8, 8, 10, 40, 200, 4_000]);
  });

  it('grows at once and shrinks late', () => {
    expect([steadyMax(10, 12), steadyMax(100, 60), steadyMax(100, 34), steadyMax(100, 30)]).toEqual([20, 100, 100, 40]);
  });

  it('keeps coordinates small, for amounts of any size', () => {
    for (const highest of [1, 1_000, 1_001, 31_234_567_890]) {
      const scaled = inUnits([highest], pathUnit(highest))[0] ?? 0;
      expect(scaled).toBeLessThanOrEqual(1_000);
      expect(scaled * pathUnit(highest)).toBeCloseTo(highest, -String(highest).length + 4);
    }
  });

  it('draws nothing where nothing is given', () => {
    expect(linePath([2, null, 7, 8])).toBe('M0 2M2 7L3 8');
    expect(stepPath([2, null, 1])).toBe('M0 0V2H1V0H2V1H3V0Z');
    expect(edgePath([2, null, 1, 3])).toBe('M0 2H1M2 1H3V3H4');
    expect(inUnits([null, 2_000], 10)).toEqual([null, 200]);
    expect(highestOf([null, 3, 2])).toBe(3);
  });

  it('draws from zero', () => {
    expect(stepPath([2, 0])).toBe('M0 0V2H1V0H2V0Z');
    expect(stepPath([])).toBe('');
    expect(linePath([2, 5, 7], 2)).toBe('M0 2L1 5');
  });
});
