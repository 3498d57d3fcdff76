import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import currencyCodes from 'currency-codes';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MINOR_DIGITS } from './minor-digits.ts';
import { decimalOf, formatAmount, formatCount, isCurrency, minorDigits, parseAmount } from './money.ts';

const CURRENCIES = [...MINOR_DIGITS.keys()];
const anyCurrency = fc.constantFrom(...CURRENCIES);
const anyAmount = fc.oneof(
  fc.integer({ min: 0, max: 100_000 }),
  fc.maxSafeNat(),
  fc.constantFrom(0, 1, 9, 99, 999, 1_000, Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER),
);

describe('digits of the minor unit', () => {
  it.each(
    Object.entries({ HUF: 2, IDR: 2, COP: 2, PKR: 2, RSD: 2, SEK: 2, XCG: 2, ISK: 0, JPY: 0, KWD: 3, CLF: 4, UYW: 4 }),
  )('of %s are %d', (currency, digits) => {
    expect(minorDigits(currency)).toBe(digits);
  });

  it('are those of the ISO list for every currency in it', () => {
    const list = readFileSync(fileURLToPath(import.meta.resolve('currency-codes/iso-4217-list-one.xml')), 'utf8');
    const without = new Set(
      [...list.matchAll(/<Ccy>(\w+)<\/Ccy>\s*<CcyNbr>\d+<\/CcyNbr>\s*<CcyMnrUnts>N\.A\./g)].map(([, code]) => code),
    );
    const codes = currencyCodes.codes().filter((code) => !without.has(code));
    expect(without.size).toBeGreaterThan(10);
    expect(codes.length).toBeGreaterThan(160);
    expect(codes.map((code) => [code, MINOR_DIGITS.get(code)])).toEqual(
      codes.map((code) => [code, currencyCodes.code(code)?.digits]),
    );
    expect(CURRENCIES.filter((code) => !codes.includes(code))).toEqual(['XAD', 'XCG']);
  });

  it.each(['XXX', 'XTS', 'XAU', 'XDR', 'HRK', 'ABC', 'sek', 'SE', '', 'constructor'])('of %j do not exist', (code) => {
    expect(isCurrency(code)).toBe(false);
    expect(() => minorDigits(code)).toThrow(RangeError);
    expect(() => parseAmount('1', code)).toThrow(RangeError);
  });
});

describe('money', () => {
  it.each([
    ['2.55', 'SEK', 255],
    ['2.5', 'SEK', 250],
    ['2.5500', 'SEK', 255],
    ['0.1', 'SEK', 10],
    ['5', 'JPY', 5],
    ['1.234', 'KWD', 1_234],
    ['1299.90', 'HUF', 129_990],
    ['-1.50', 'SEK', -150],
    ['90071992547409.91', 'SEK', Number.MAX_SAFE_INTEGER],
  ])('reads %s %s as %d', (text, currency, minor) => {
    expect(parseAmount(text, currency)).toBe(minor);
  });

  it.each([
    ['2.555', 'SEK'],
    ['1.5', 'JPY'],
    ['', 'SEK'],
    ['1,50', 'SEK'],
    ['1e3', 'SEK'],
    ['NaN', 'SEK'],
    ['90071992547409.92', 'SEK'],
  ])('refuses %j %s', (text, currency) => {
    expect(parseAmount(text, currency)).toBeNull();
  });

  it('reads by the digits of a log that has others', () => {
    expect(parseAmount('1299', 'HUF', 0)).toBe(1_299);
    expect(parseAmount('1299.90', 'HUF', 0)).toBeNull();
  });

  it('in any currency comes back as it was, up to 2^53 − 1', () => {
    fc.assert(
      fc.property(anyCurrency, anyAmount, fc.boolean(), (currency, amount, negative) => {
        const minor = negative && amount > 0 ? -amount : amount;
        const digits = minorDigits(currency);
        const text = decimalOf(minor, digits);
        expect(text).toMatch(digits === 0 ? /^-?\d+$/ : new RegExp(`^-?\\d+\\.\\d{${digits}}$`));
        expect(parseAmount(text, currency)).toBe(minor);
        const shown = formatAmount(minor, currency, digits);
        expect(shown.replace(`${currency}\u00a0`, '').replaceAll(',', '')).toBe(text);
      }),
      { numRuns: 5_000 },
    );
  });

  it('is written for people with all its digits, the same on any machine', () => {
    const shown = (minor: number, currency: string): string => formatAmount(minor, currency, minorDigits(currency));
    expect(shown(123_450, 'SEK')).toBe('SEK\u00a01,234.50');
    expect(shown(-150, 'SEK')).toBe('-SEK\u00a01.50');
    expect(shown(304_980, 'HUF')).toBe('HUF\u00a03,049.80');
    expect(shown(500, 'JPY')).toBe('JPY\u00a0500');
    expect(shown(5, 'KWD')).toBe('KWD\u00a00.005');
    expect(shown(Number.MAX_SAFE_INTEGER, 'SEK')).toBe('SEK\u00a090,071,992,547,409.91');
    expect(formatAmount(304_980, 'HUF', 0)).toBe('HUF\u00a0304,980');
  });

  it('and counts have a comma for each thousand', () => {
    expect([0, 999, 1_000, 1_234_567, -1_000].map(formatCount)).toEqual(['0', '999', '1,000', '1,234,567', '-1,000']);
    expect([0.5, 1_234.5678].map(formatCount)).toEqual(['0.5', '1,234.5678']);
  });
});
