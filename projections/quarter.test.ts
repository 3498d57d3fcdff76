import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { minuteOf, QUARTER_MS, quarterOf, secondOf, startOfQuarter } from './quarter.ts';

const instants = fc.integer({ min: Date.UTC(1970, 0, 1), max: Date.UTC(2199, 0, 1) });

describe('quarters', () => {
  it('hold every instant in exactly one slot', () => {
    fc.assert(
      fc.property(instants, (instant) => {
        const start = startOfQuarter(quarterOf(instant));
        expect(start % QUARTER_MS).toBe(0);
        expect(Math.floor(instant / 1_000)).toBe(start / 1_000 + secondOf(instant));
        expect(Math.floor(instant / 60_000)).toBe(start / 60_000 + minuteOf(instant));
        expect(secondOf(instant)).toBeGreaterThanOrEqual(0);
        expect(secondOf(instant)).toBeLessThan(900);
      }),
    );
  });

  it('have keys that sort as time does', () => {
    fc.assert(
      fc.property(instants, instants, (a, b) => {
        expect(quarterOf(a) < quarterOf(b)).toBe(Math.floor(a / QUARTER_MS) < Math.floor(b / QUARTER_MS));
      }),
    );
  });
});
