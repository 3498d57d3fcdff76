/**
 * Dates and times as exports write them: SQL, pandas, Excel, ISO 8601, with AM and PM, with names of months, with an
 * offset or without. Of "01/03/2024" nobody can tell whether the day comes first; column.ts decides for a whole column.
 */
import { instantOfLocal, offsetOf, type LocalTime } from '../domain/calendar.ts';
import type { Readings } from './column.ts';

export const DATE_ORDERS = ['day-first', 'month-first', 'year-first'] as const;
export type DateOrder = (typeof DATE_ORDERS)[number];

/** A wall-clock time, or an instant where it says its offset from UTC. */
export interface Moment extends LocalTime {
  /** How far it is ahead of UTC, ms; null: the time is in the file's zone. */
  readonly offsetMs: number | null;
}

const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];
const MONTH_LETTERS_MIN = 3;
/** Years of two digits below this are of the 2000s, the others of the 1900s, whenever the file is read. */
const PIVOT_YEAR = 70;

const WEEKDAY = /^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? +/i;
/** 12/1/10, 2010-12-01, 1.12.2010: three numbers with the same sign between them. */
const NUMERIC = /^(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})/;
/** 20101201 */
const COMPACT = /^(\d{4})(\d\d)(\d\d)(?!\d)/;
/** 1 Dec 2010, 01-DEC-10 */
const DAY_MONTH_YEAR = /^(\d{1,2})[- ]([a-z]{3,9})\.?[- ,]+(\d{4}|\d\d)(?!\d)/i;
/** Dec 1, 2010 */
const MONTH_DAY_YEAR = /^([a-z]{3,9})\.? +(\d{1,2}),? +(\d{4})(?!\d)/i;
const TIME =
  /^(?:(?:T|,? +)(\d{1,2})[:.](\d\d)(?:[:.](\d\d)(?:[.,](\d{1,9}))?)?(?: *([ap])\.?m\.?)?)? *(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?$/i;
const COMPACT_TIME = /^[T ]?(\d\d)(\d\d)(?:(\d\d)(?:[.,](\d{1,9}))?)?()(Z|[+-]\d\d(?::?\d\d)?)?$/;

/** The sign between the numbers of a date, whose order it goes with; empty for dates that are written otherwise. */
export function dateSign(text: string): string {
  return NUMERIC.exec(text.replace(WEEKDAY, ''))?.[2] ?? '';
}

/** What the text means in each order in which it is a date; the same in all where its order is plain. Empty: no date. */
export function dateReadings(text: string): Readings<DateOrder> & Partial<Record<DateOrder, Moment>> {
  const rest = text.replace(WEEKDAY, '');
  return numericReadings(rest) ?? inEveryOrder(plainDate(rest));
}

function numericReadings(text: string): Partial<Record<DateOrder, Moment>> | null {
  const match = NUMERIC.exec(text);
  if (match === null) return null;
  const [written, a = '', sign = '', b = '', c = ''] = match;
  const time = timeOf(text.slice(written.length));
  if (time === null) return {};
  if (a.length === 4 && c.length <= 2) return inEveryOrder(momentOf(a, b, c, time));
  if (a.length > 2 || (c.length !== 2 && c.length !== 4)) {
    // 10-12-1: the year leads, since a year never has one digit.
    const leading = a.length === 2 && sign === '-' ? momentOf(a, b, c, time) : null;
    return inEveryOrder(leading);
  }
  const possible: [DateOrder, Moment | null][] = [
    ['day-first', momentOf(c, b, a, time)],
    ['month-first', momentOf(c, a, b, time)],
    // Years of two digits lead only where the sign is that of ISO 8601.
    ['year-first', a.length === 2 && c.length === 2 && sign === '-' ? momentOf(a, b, c, time) : null],
  ];
  return Object.fromEntries(possible.filter(([, moment]) => moment !== null));
}

function inEveryOrder(moment: Moment | null): Partial<Record<DateOrder, Moment>> {
  return moment === null ? {} : Object.fromEntries(DATE_ORDERS.map((order) => [order, moment]));
}

function plainDate(text: string): Moment | null {
  const compact = COMPACT.exec(text);
  if (compact !== null) {
    const [written, year = '', month = '', day = ''] = compact;
    const rest = text.slice(written.length);
    const time = timeOf(rest) ?? timeOf(rest, COMPACT_TIME);
    return time === null ? null : momentOf(year, month, day, time);
  }
  const named = DAY_MONTH_YEAR.exec(text);
  if (named !== null) return namedDate(text, named[0], named[3], named[2], named[1]);
  const leading = MONTH_DAY_YEAR.exec(text);
  return leading === null ? null : namedDate(text, leading[0], leading[3], leading[1], leading[2]);
}

function namedDate(text: string, written: string, year = '', month = '', day = ''): Moment | null {
  const time = timeOf(text.slice(written.length));
  const number = monthNamed(month);
  return time === null || number === null ? null : momentOf(year, String(number), day, time);
}

/** From 1; null when no month is named so. English names, from three letters on. */
export function monthNamed(name: string): number | null {
  if (name.length < MONTH_LETTERS_MIN) return null;
  const index = MONTHS.findIndex((month) => month.startsWith(name.toLowerCase()));
  return index === -1 ? null : index + 1;
}

type Time = Pick<Moment, 'hour' | 'minute' | 'second' | 'millisecond' | 'offsetMs'>;

/** Midnight where there is no time. Null when what follows the date is no time. */
function timeOf(text: string, pattern = TIME): Time | null {
  const match = pattern.exec(text);
  if (match === null) return null;
  const [, hour = '0', minute = '0', second = '0', fraction = '', half, offset] = match;
  const whole = hourOf(Number(hour), half);
  const offsetMs = offset === undefined ? null : offsetOf(offset);
  if (whole === null || (offset !== undefined && offsetMs === null)) return null;
  return {
    hour: whole,
    minute: Number(minute),
    second: Number(second),
    millisecond: Number(fraction.slice(0, 3).padEnd(3, '0')),
    offsetMs,
  };
}

/** The hour of the day by a clock of 24 hours. Null for 13 PM and 0 AM. */
export function hourOf(hour: number, half: string | undefined): number | null {
  if (half === undefined || half === '') return hour;
  if (hour < 1 || hour > 12) return null;
  return (hour % 12) + (half.toLowerCase().startsWith('p') ? 12 : 0);
}

/** Null when there is no such date or time of day. */
export function momentOf(year: string, month: string, day: string, time: Time): Moment | null {
  const moment = { year: fullYear(year), month: Number(month), day: Number(day), ...time };
  return instantOfLocal(moment, 'UTC') === null ? null : moment;
}

function fullYear(text: string): number {
  const year = Number(text);
  if (text.length > 2) return year;
  return year < PIVOT_YEAR ? 2_000 + year : 1_900 + year;
}

/** Epoch ms. A time that the zone's clock shows twice is the first of the two; see instantOfLocal. */
export function instantOfMoment({ offsetMs, ...local }: Moment, zone: string): number | null {
  const instant = instantOfLocal(local, offsetMs === null ? zone : 'UTC');
  return instant === null ? null : instant - (offsetMs ?? 0);
}
