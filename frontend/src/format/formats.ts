/**
 * How figures are written: numbers in the viewer's locale, money in the shop's currency, instants in the shop's
 * zone and on a clock of 24 hours, which is what "since 00:00" is said in.
 */
import { isDay } from './days.ts';

export interface FormatsFor {
  readonly timeZone: string;
  readonly currency: string;
  /** Digits of the currency's minor unit: 2 for SEK, 0 for JPY. */
  readonly minorDigits: number;
}

/** A sum as the server gives it: null where it would not be exact. */
export type Given = number | null;

/** Stands for a sum that cannot be given, and why that is. */
const UNGIVEN = '–';
export const UNGIVEN_WHY = 'More than can be given exactly';

/** For a title beside the figure; nothing to say of one that is given. */
export function whyUngiven(sum: Given): string | undefined {
  return sum === null ? UNGIVEN_WHY : undefined;
}

type Instant = number | string;

const time = (instant: Instant): number => (typeof instant === 'number' ? instant : Date.parse(instant));

export class Formats {
  readonly locale: string;
  readonly timeZone: string;
  readonly #minorDigits: number;
  readonly #count: Intl.NumberFormat;
  readonly #decimal: Intl.NumberFormat;
  readonly #percent: Intl.NumberFormat;
  readonly #money: Intl.NumberFormat;
  readonly #moneyWhole: Intl.NumberFormat;
  readonly #moneyShort: Intl.NumberFormat;
  readonly #short: Intl.NumberFormat;
  readonly #clock: Intl.DateTimeFormat;
  readonly #minute: Intl.DateTimeFormat;
  readonly #dayShort: Intl.DateTimeFormat;
  readonly #dayMonth: Intl.DateTimeFormat;
  readonly #dayLong: Intl.DateTimeFormat;
  readonly #dateTime: Intl.DateTimeFormat;

  constructor(locale: string, shop: FormatsFor) {
    const { timeZone, currency, minorDigits } = shop;
    this.locale = locale;
    this.timeZone = timeZone;
    this.#minorDigits = minorDigits;
    this.#count = new Intl.NumberFormat(locale);
    this.#decimal = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
    this.#percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });
    const money = { style: 'currency', currency, currencyDisplay: 'narrowSymbol' } as const;
    this.#money = new Intl.NumberFormat(locale, {
      ...money,
      minimumFractionDigits: minorDigits,
      maximumFractionDigits: minorDigits,
    });
    // Both bounds each time: the one that is left out would be what the browser takes for the currency's digits.
    const whole = { minimumFractionDigits: 0, maximumFractionDigits: 0 } as const;
    this.#moneyWhole = new Intl.NumberFormat(locale, { ...money, ...whole });
    const short = { notation: 'compact', minimumFractionDigits: 0, maximumFractionDigits: 1 } as const;
    this.#moneyShort = new Intl.NumberFormat(locale, { ...money, ...short });
    this.#short = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 });
    const hours = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone } as const;
    this.#clock = new Intl.DateTimeFormat(locale, { ...hours, second: '2-digit' });
    this.#minute = new Intl.DateTimeFormat(locale, hours);
    this.#dayShort = new Intl.DateTimeFormat(locale, { weekday: 'short', day: 'numeric', month: 'short', timeZone });
    this.#dayMonth = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone });
    const long = { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' } as const;
    this.#dayLong = new Intl.DateTimeFormat(locale, { ...long, timeZone: 'UTC' });
    this.#dateTime = new Intl.DateTimeFormat(locale, { ...hours, second: '2-digit', day: 'numeric', month: 'short' });
  }

  count(value: Given): string {
    return value === null ? UNGIVEN : this.#count.format(value);
  }

  /** One digit after the point: averages and rates. */
  decimal(value: number): string {
    return this.#decimal.format(value);
  }

  /** A share as per cent: 0.125 is "13 %". */
  percent(share: number): string {
    return this.#percent.format(share);
  }

  /** An amount of minor units, with all its digits. */
  money(minor: Given): string {
    return minor === null ? UNGIVEN : this.#money.format(decimal(minor, this.#minorDigits));
  }

  /** The same without the minor unit, for sums that are read from afar. */
  moneyWhole(minor: Given): string {
    return minor === null ? UNGIVEN : this.#moneyWhole.format(decimal(minor, this.#minorDigits));
  }

  /** "1.2M kr": labels of axes. */
  moneyShort(minor: Given): string {
    return minor === null ? UNGIVEN : this.#moneyShort.format(decimal(minor, this.#minorDigits));
  }

  /** "1.2K": labels of axes. */
  short(value: number): string {
    return this.#short.format(value);
  }

  /** 14:03:22 */
  clock(instant: Instant): string {
    return this.#clock.format(time(instant));
  }

  /** 14:03 */
  minute(instant: Instant): string {
    return this.#minute.format(time(instant));
  }

  /** Sun, 22 Nov: the day of an instant. */
  dayShort(instant: Instant): string {
    return this.#dayShort.format(time(instant));
  }

  /** 22 Nov: the day of an instant, where there is little room. */
  dayMonth(instant: Instant): string {
    return this.#dayMonth.format(time(instant));
  }

  /** Sunday, 22 November 2026: a day written as 2026-11-22. */
  dayLong(day: string): string {
    // One from an address may be none, and Intl throws for what is no instant.
    return isDay(day) ? this.#dayLong.format(Date.parse(`${day}T00:00:00Z`)) : day;
  }

  /** 22 Nov, 14:03:22 */
  dateTime(instant: Instant): string {
    return this.#dateTime.format(time(instant));
  }
}

/** Minor units as a decimal. A float would lose the last digits of large amounts. */
function decimal(minor: number, digits: number): `${number}` {
  const text = String(Math.abs(minor)).padStart(digits + 1, '0');
  const at = text.length - digits;
  return `${minor < 0 ? '-' : ''}${text.slice(0, at)}.${text.slice(at)}0` as `${number}`;
}

/** How long, in the largest unit that says it: "80 ms", "2.1 s", "4 min", "3 h". */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 120_000) return `${Math.round(ms / 1_000)} s`;
  if (ms < 2 * 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}

export interface Difference {
  readonly direction: 'up' | 'down' | 'same';
  /** The share by which it changed; null when there was nothing before to compare with. */
  readonly share: number | null;
}

/** A figure against the same figure before. */
export function difference(now: number, before: number): Difference {
  const direction = now > before ? 'up' : now < before ? 'down' : 'same';
  return { direction, share: before === 0 ? null : Math.abs(now - before) / before };
}

/** About how wide a figure is in Inter's tabular numerals, in em; a little more rather than less. */
export function widthEm(figure: string): number {
  let width = 0;
  for (const letter of figure) width += /[\d%]/.test(letter) ? 0.605 : /[\s.,\u2019']/.test(letter) ? 0.245 : 0.46;
  return width;
}
