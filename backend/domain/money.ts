/** Money is an integer in the currency's minor unit; this is where it meets decimals and people. */

/** Digits after the decimal point: 2 for SEK, 0 for JPY, 3 for KWD. Throws a RangeError for no currency. */
export function minorDigits(currency: string): number {
  return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
}

/**
 * Reads a plain decimal such as "2.55" as minor units (255), without going through a float. Null when it is
 * no number, not a whole number of minor units, or beyond what an integer holds exactly.
 */
export function parseAmount(text: string, currency: string): number | null {
  const match = /^([+-]?)(\d+)(?:\.(\d*))?$/.exec(text.trim());
  if (match === null) return null;
  const digits = minorDigits(currency);
  const fraction = (match[3] ?? '').replace(/0+$/, '');
  if (fraction.length > digits) return null;
  const value = Number(`${match[1]}${match[2]}${fraction.padEnd(digits, '0')}`);
  return Number.isSafeInteger(value) ? value : null;
}

/** For people: "SEK 1,234.50". The same on every machine unless a locale is asked for. */
export function formatAmount(minor: number, currency: string, locale = 'en'): string {
  const digits = minorDigits(currency);
  return new Intl.NumberFormat(locale, { style: 'currency', currency }).format(minor / 10 ** digits);
}
