/**
 * All arithmetic on days. A day is a calendar day in the shop's time zone; it may last 23, 24 or 25 hours
 * (or 23½: Lord Howe). Instants are epoch milliseconds.
 *
 * Nothing here depends on when or where the program runs: an answer follows from its arguments and from the zone's
 * rules, which Intl brings (process.versions.tz names their version). Three rules decide what clocks that are changed leave open:
 *
 * - A day begins at the first instant at which the zone's calendar shows it, and ends where the next one begins. So every
 *   instant lies in exactly one day, even where a clock goes back over midnight and shows the day before once more.
 * - A local time that comes twice is the first of the two instants.
 * - A local time that is left out is moved on by the length of the gap: 02:30 becomes 03:30.
 */

/** A calendar day, "2026-11-22". */
export type Day = string;

export interface DayBounds {
  /** The day's first instant. */
  readonly from: number;
  /** The next day's first instant. */
  readonly to: number;
}

/** What a clock on the wall shows. Months and days count from 1. */
export interface LocalTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
}

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** No zone has ever been further from UTC (Manila, until 1844: 15:56). */
const OFFSET_MAX_MS = 16 * HOUR_MS;
const CACHED_DAYS_MAX = 2_000;

const formats = new Map<string, Intl.DateTimeFormat>();
const cached = new Map<string, DayBounds>();
/** The day that was asked for last: events come mostly in order, so that the next is on it, too. */
let latest: DayBounds & { readonly day: Day; readonly zone: string } = { day: '', zone: '', from: 0, to: 0 };

/** Whether it is an IANA name, such as Europe/Stockholm. */
export function isTimeZone(zone: string): boolean {
  if (!/^[A-Za-z]/.test(zone)) return false;
  try {
    formatOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** Whether both names are those of one zone, which may have several (Asia/Calcutta, Asia/Kolkata). */
export function isSameZone(one: string, other: string): boolean {
  if (one === other) return true;
  if (!isTimeZone(one) || !isTimeZone(other)) return false;
  return formatOf(one).resolvedOptions().timeZone === formatOf(other).resolvedOptions().timeZone;
}

/** Whether the text is a day that exists, written as 2026-11-22. */
export function isDay(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && dayAt(Date.parse(`${text}T00:00:00.000Z`)) === text;
}

/** The day that an instant falls on. */
export function dayOf(instant: number, zone: string): Day {
  if (zone === latest.zone && instant >= latest.from && instant < latest.to) return latest.day;
  let day = dayAt(instant + offsetAt(instant, zone));
  let bounds = boundsOf(day, zone);
  // Where the clock went back over midnight the wall shows the day before, but the next one has begun.
  while (instant >= bounds.to) {
    day = addDays(day, 1);
    bounds = boundsOf(day, zone);
  }
  latest = { day, zone, ...bounds };
  return day;
}

/** The first instant of the day and of the one after it: the same one when the zone has left the day out. */
export function boundsOf(day: Day, zone: string): DayBounds {
  const key = `${zone} ${day}`;
  const known = cached.get(key);
  if (known !== undefined) return known;
  const bounds = { from: startOf(day, zone), to: startOf(addDays(day, 1), zone) };
  if (cached.size >= CACHED_DAYS_MAX) cached.clear();
  cached.set(key, bounds);
  return bounds;
}

/** The first instant whose local date is that day or, when the zone has left it out, a later one. */
function startOf(day: Day, zone: string): number {
  const midnight = Date.parse(`${day}T00:00:00.000Z`);
  const before = offsetAt(midnight - OFFSET_MAX_MS, zone);
  const after = offsetAt(midnight + OFFSET_MAX_MS, zone);
  if (before === after) return midnight - before;
  const change = changeWithin(midnight - OFFSET_MAX_MS, midnight + OFFSET_MAX_MS, zone);
  return midnight - before < change ? midnight - before : Math.max(change, midnight - after);
}

/** The first instant with another offset than `from`. Clocks are changed at whole seconds, and `from` is one. */
function changeWithin(from: number, to: number, zone: string): number {
  const before = offsetAt(from, zone);
  let last = 0;
  let first = (to - from) / SECOND_MS;
  while (first - last > 1) {
    const middle = Math.floor((last + first) / 2);
    if (offsetAt(from + middle * SECOND_MS, zone) === before) last = middle;
    else first = middle;
  }
  return from + first * SECOND_MS;
}

/** The day that is `days` after (before, when negative) another. In UTC, where each day has 24 hours. */
export function addDays(day: Day, days: number): Day {
  return dayAt(Date.parse(`${day}T00:00:00.000Z`) + days * DAY_MS);
}

/** The instant of the same local time so many days later (earlier, when negative). */
export function sameTimeOn(instant: number, days: number, zone: string): number {
  return instantAt(instant + offsetAt(instant, zone) + days * DAY_MS, zone);
}

/** The local wall clock of an instant, for people: "2026-11-22 14:05:00". */
export function localTime(instant: number, zone: string): string {
  const [day = '', time = ''] = new Date(instant + offsetAt(instant, zone)).toISOString().split('T');
  return `${day} ${time.slice(0, 8)}`;
}

/** The local hour of an instant with its fraction, 0 ≤ h < 24. */
export function localHour(instant: number, zone: string): number {
  const sinceMidnight = (instant + offsetAt(instant, zone)) % DAY_MS;
  return ((sinceMidnight + DAY_MS) % DAY_MS) / HOUR_MS;
}

/** Epoch ms of a local time; null when there is no such one (30 February, 25:00), whatever the zone. */
export function instantOfLocal(local: LocalTime, zone: string): number | null {
  const { year, month, day, hour, minute, second, millisecond } = local;
  // Not Date.UTC alone, which takes the years 0 to 99 for those of the last century.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second, millisecond);
  const isSame =
    date.getUTCFullYear() === year &&
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second &&
    date.getUTCMilliseconds() === millisecond;
  return isSame ? instantAt(date.getTime(), zone) : null;
}

/** The instant of a local time, which is given as if it were UTC. */
function instantAt(local: number, zone: string): number {
  const before = offsetAt(local - OFFSET_MAX_MS, zone);
  const after = offsetAt(local + OFFSET_MAX_MS, zone);
  // By the earlier offset first: that is the first of two instants, and for a time that is left out the rule above.
  const first = local - before;
  if (before === after || offsetAt(first, zone) === before) return first;
  const second = local - after;
  return offsetAt(second, zone) === after ? second : first;
}

const ISO_8601 =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;

/**
 * An instant given as ISO 8601 (2026-11-22, 2026-11-22T14:05, 2026-11-22T14:05:07.5+01:00); without an offset it is in `zone`.
 * Null when it cannot be read.
 */
export function parseInstant(text: string, zone: string): number | null {
  const match = ISO_8601.exec(text.trim());
  if (match === null) return null;
  const field = (index: number): number => Number(match[index] ?? 0);
  const local = {
    year: field(1),
    month: field(2),
    day: field(3),
    hour: field(4),
    minute: field(5),
    second: field(6),
    millisecond: Number((match[7] ?? '').padEnd(3, '0').slice(0, 3)),
  };
  const offset = match[8];
  if (offset === undefined) return instantOfLocal(local, zone);
  const asUtc = instantOfLocal(local, 'UTC');
  const ahead = offsetOf(offset);
  return asUtc === null || ahead === null ? null : asUtc - ahead;
}

/** How far "Z", "UTC", "GMT", "+01:00", "+0100" or "+01" is ahead of UTC, ms; null when it is no offset. */
export function offsetOf(text: string): number | null {
  if (/^(?:Z|UTC|GMT)$/i.test(text)) return 0;
  const match = /^([+-])(\d\d?):?(\d\d)?$/.exec(text);
  const [, sign, hours = 0, minutes = 0] = match ?? [];
  if (match === null || Number(hours) > 23 || Number(minutes) > 59) return null;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60 * SECOND_MS;
}

/** How far local time is ahead of UTC at an instant, ms; negative where it is behind. */
function offsetAt(instant: number, zone: string): number {
  const text = formatOf(zone).format(instant);
  const match = /GMT(?:([+\-\u2212])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text);
  if (match === null) throw new Error(`Intl gives no offset of ${zone}: "${text}"`);
  const seconds = (Number(match[2] ?? 0) * 60 + Number(match[3] ?? 0)) * 60 + Number(match[4] ?? 0);
  return (match[1] === undefined || match[1] === '+' ? seconds : -seconds) * SECOND_MS;
}

/** Writes an instant as an hour and, last, the offset: "1 PM GMT+01:00", "1 PM GMT+00:53:28" or "1 PM GMT". */
function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset', hour: 'numeric' });
    formats.set(zone, format);
  }
  return format;
}

/** The date of an instant in UTC; empty when it is none. */
function dayAt(instant: number): Day {
  if (Number.isNaN(instant)) return '';
  const text = new Date(instant).toISOString();
  return text.slice(0, text.indexOf('T'));
}
