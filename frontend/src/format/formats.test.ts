import { describe, expect, it } from 'vitest';
import { difference, duration, Formats } from './formats.ts';

const plain = (text: string) => text.replace(/\s/g, ' ');
const sek = new Formats('en-GB', { timeZone: 'Europe/Stockholm', currency: 'SEK', minorDigits: 2 });

describe('formats', () => {
  it('writes minor units in the shop’s currency', () => {
    expect(plain(sek.money(123_450))).toBe('kr 1,234.50');
    expect(plain(new Formats('sv-SE', { timeZone: 'UTC', currency: 'SEK', minorDigits: 2 }).money(123_450))).toBe(
      '1 234,50 kr',
    );
    expect(plain(new Formats('en-GB', { timeZone: 'UTC', currency: 'JPY', minorDigits: 0 }).money(1_234))).toBe(
      '¥1,234',
    );
    expect(plain(new Formats('en-GB', { timeZone: 'UTC', currency: 'KWD', minorDigits: 3 }).money(1_234))).toBe(
      'KWD 1.234',
    );
  });

  it('writes the digits that the shop says, whatever the browser takes for those of the currency', () => {
    for (const currency of ['HUF', 'SEK', 'JPY', 'KWD', 'CLF']) {
      for (const minorDigits of [0, 2, 3, 4]) {
        const formats = new Formats('en-GB', { timeZone: 'UTC', currency, minorDigits });
        const digits = (text: string) => text.replace(/[^\d.,]/g, '');
        const scale = 10 ** minorDigits;
        expect(digits(formats.money(12_345 * scale))).toBe(
          `12,345${minorDigits === 0 ? '' : '.'}${'0'.repeat(minorDigits)}`,
        );
        expect(digits(formats.moneyWhole(12_345 * scale + Math.floor(0.6 * scale)))).toBe(
          minorDigits === 0 ? '12,345' : '12,346',
        );
        expect(digits(formats.moneyShort(12_000 * scale))).toBe('12');
        expect(digits(formats.moneyShort(12_300 * scale))).toBe('12.3');
      }
    }
  });

  it('keeps every digit of the largest amounts', () => {
    expect(plain(sek.money(Number.MAX_SAFE_INTEGER))).toBe('kr 90,071,992,547,409.91');
    expect(plain(sek.money(Number.MAX_SAFE_INTEGER - 6))).toBe('kr 90,071,992,547,409.85');
    expect(plain(sek.money(-5))).toBe('-kr 0.05');
  });

  it('writes instants in the shop’s zone, on a clock of 24 hours in any locale', () => {
    expect(sek.clock('2026-11-22T22:05:09.000Z')).toBe('23:05:09');
    expect(new Formats('en-US', { timeZone: 'UTC', currency: 'SEK', minorDigits: 2 }).clock(0)).toBe('00:00:00');
    expect(sek.dayShort(Date.parse('2026-11-21T23:30:00Z'))).toBe('Sun 22 Nov');
  });

  it('writes a day as it is, not as an instant in some zone', () => {
    const far = new Formats('en-GB', { timeZone: 'Pacific/Pago_Pago', currency: 'SEK', minorDigits: 2 });
    expect(plain(far.dayLong('2026-11-22')).replace(',', '')).toBe('Sunday 22 November 2026');
    expect(['2026-13-45', 'yesterday', ''].map((day) => far.dayLong(day))).toEqual(['2026-13-45', 'yesterday', '']);
  });

  it('says how long in one unit', () => {
    expect([0, 80, 2_100, 45_000, 300_000, 7_200_000].map(duration)).toEqual([
      '0 ms',
      '80 ms',
      '2.1 s',
      '45 s',
      '5 min',
      '2 h',
    ]);
  });

  it('compares with before, and with nothing before', () => {
    expect(difference(110, 100)).toEqual({ direction: 'up', share: 0.1 });
    expect(difference(50, 100)).toEqual({ direction: 'down', share: 0.5 });
    expect(difference(5, 0)).toEqual({ direction: 'up', share: null });
    expect(difference(0, 0)).toEqual({ direction: 'same', share: null });
  });
});
