import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BEYOND, counted, exact, orNull, plus, type Sum } from './exact.ts';

const MOST = Number.MAX_SAFE_INTEGER;
const amounts = fc.array(fc.oneof(fc.nat({ max: MOST }), fc.constantFrom(0, 1, MOST)), { maxLength: 20 });

describe('a sum', () => {
  it('is the exact one, or says that it is beyond, in whatever order and groups it is made', () => {
    fc.assert(
      fc.property(amounts, fc.nat(), (values, cut) => {
        const sum = (some: readonly number[]): Sum => some.reduce<Sum>(plus, 0);
        const all = values.reduce((total, value) => total + BigInt(value), 0n);
        const expected = all <= BigInt(MOST) ? Number(all) : BEYOND;
        const middle = values.length === 0 ? 0 : cut % values.length;
        expect(sum(values)).toBe(expected);
        expect(sum(values.toReversed())).toBe(expected);
        expect(plus(sum(values.slice(0, middle)), sum(values.slice(middle)))).toBe(expected);
      }),
    );
  });

  it('stays beyond, whatever is taken off', () => {
    expect(plus(plus(MOST, 1), -5)).toBe(BEYOND);
    expect(plus(-5, BEYOND)).toBe(BEYOND);
    expect(plus(-MOST, -1)).toBe(BEYOND);
  });

  it('takes nothing for exact that an earlier version has rounded', () => {
    expect(plus(0, 2 ** 53)).toBe(BEYOND);
    expect(exact(1.2e17)).toBe(BEYOND);
    expect(exact(MOST)).toBe(MOST);
  });

  it('is null for programs, and no count', () => {
    expect([orNull(BEYOND), orNull(7), counted(7)]).toEqual([null, 7, 7]);
    expect(() => counted(BEYOND)).toThrow(RangeError);
  });
});
