/**
 * Money is an integer in the currency's minor unit; this is where it meets decimals and people. Nothing here asks
 * the runtime: its locale data gives a currency other digits, and a number other separators, from one Node to the next.
 */
import { MINOR_DIGITS } from './minor-digits.ts';

/** Whether a new log can be in it: an ISO 4217 code that has a minor unit. */
export function isCurrency(code: string): boolean {
  return MINOR_DIGITS.has(code);
}

/** Digits after the decimal point by ISO 4217: 2 for SEK, 0 for JPY, 3 for KWD. Throws a RangeError for no currency. */
export function minorDigits(currency: string): number {
  const digits = MINOR_DIGITS.get(currency);
  if (digits === undefined) throw new RangeError(`${currency} is no ISO 4217 currency that has a minor unit`);
  return digits;
}

/**
 * Reads a plain decimal such as "2.55" as minor units (255), without going through a float. Null when it is
 * no number, not a whole number of minor units, or beyond what an integer holds exactly. `digits`: those of the log
 * that the amount is for; a log may be older than our table.
 */
export function parseAmount(text: string, currency: string, digits = minorDigits(currency)): number | null {
  const match = /^([+-]?)(\d+)(?:\.(\d*))?$/.exec(text.trim());
  if (match === null) return null;
  const fraction = (match[3] ?? '').replace(/0+$/, '');
  if (fraction.length > digits) return null;
  const value = Number(`${match[1]}${match[2]}${fraction.padEnd(digits, '0')}`);
  return Number.isSafeInteger(value) ? value : null;
}

/** Minor units as a plain decimal, for programs: "1234.50". What `parseAmount` reads. */
export function decimalOf(minor: number, digits: number): string {
  const text = String(Math.abs(minor)).padStart(digits + 1, '0');
  const decimal = digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
  return minor < 0 ? `-${decimal}` : decimal;
}

/** For people, in English: "SEK 1,234.50", with a no-break space. The same characters on every machine. */
export function formatAmount(minor: number, currency: string, digits: number): string {
  return `${minor < 0 ? '-' : ''}${currency}\u00a0${grouped(decimalOf(Math.abs(minor), digits))}`;
}

/** A number for people, in English: "1,234". */
export function formatCount(count: number): string {
  return count < 0 ? `-${grouped(String(-count))}` : grouped(String(count));
}

function grouped(decimal: string): string {
  return decimal.replace(/^\d+/, (whole) => whole.replace(/\B(?=(?:\d{3})+$)/g, ','));
}
