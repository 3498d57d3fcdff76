import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyInstant } from './events-test-kit.ts';
import { instantOf, isExistingDay } from './instant.ts';

describe('instantOf', () => {
  it('reads what Date writes', () => {
    fc.assert(
      fc.property(anyInstant, (text) => {
        expect(instantOf(text)).toBe(Date.parse(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('reads nothing that Date would write otherwise', () => {
    const digit = fc.constantFrom(...Array.from('0123456789'));
    const almost = fc
      .tuple(anyInstant, fc.nat({ max: 23 }), fc.oneof(digit, fc.constantFrom(...Array.from('-+:.TZ tz/'), 'é')))
      .map(([text, index, char]) => text.slice(0, index) + char + text.slice(index + 1));
    fc.assert(
      fc.property(almost, (text) => {
        const parsed = /^\d{4}-/.test(text) ? Date.parse(text) : NaN;
        const exact = !Number.isNaN(parsed) && new Date(parsed).toISOString() === text;
        expect(instantOf(text), text).toBe(exact ? parsed : NaN);
      }),
      { numRuns: 20_000 },
    );
  });

  it('goes by the day also when the day before was another one', () => {
    expect(instantOf('2026-02-28T23:59:59.999Z')).toBe(Date.UTC(2026, 1, 28, 23, 59, 59, 999));
    expect(instantOf('2026-02-29T00:00:00.000Z')).toBeNaN();
    expect(instantOf('2026-02-28T00:00:00.000Z')).toBe(Date.UTC(2026, 1, 28));
    expect(instantOf('2026-02-29T00:00:00.000Z')).toBeNaN();
  });
});

describe('isExistingDay', () => {
  it('knows which days there are', () => {
    expect(isExistingDay('2024-02-29')).toBe(true);
    for (const text of ['2026-02-29', '2026-04-31', '2026-13-01', '2026-1-1', '2026-11-22T', ''])
      expect(isExistingDay(text), text).toBe(false);
  });
});
