import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAmount, minorDigits, parseAmount } from './money.ts';

describe('money', () => {
  it.each([
    ['2.55', 'SEK', 255],
    ['2.5', 'SEK', 250],
    ['2.5500', 'SEK', 255],
    ['0.1', 'SEK', 10],
    ['5', 'JPY', 5],
    ['1.234', 'KWD', 1_234],
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

  it('reads what it would print, for any amount', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1_000_000_000 }),
        fc.constantFrom('SEK', 'JPY', 'KWD'),
        (minor, currency) => {
          const digits = minorDigits(currency);
          const text = (minor / 10 ** digits).toFixed(digits);
          expect(parseAmount(text, currency)).toBe(minor);
        },
      ),
    );
  });

  it('formats for people', () => {
    expect(formatAmount(123_450, 'SEK', 'en-SE').replaceAll(/\s/g, ' ')).toContain('1 234,50');
    expect(formatAmount(500, 'JPY', 'en')).toBe('¥500');
  });
});
