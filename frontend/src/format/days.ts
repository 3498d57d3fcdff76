/**
 * Days in the shop's time zone, by Intl alone: the browser knows every zone, so no library has to be loaded.
 * Instants are epoch milliseconds; a day is "2026-11-22" and lasts 23, 24 or 25 hours.
 */

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const dayFormats = new Map<string, Intl.DateTimeFormat>();

function dayFormat(zone: string): Intl.DateTimeFormat {
  let format = dayFormats.get(zone);
  if (format === undefined) {
    // The Swedish way to write a date is ISO's.
    format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' });
    dayFormats.set(zone, format);
  }
  return format;
}

/** Whether a text, from an address perhaps, is a day such as 2026-11-22. */
export function isDay(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`));
}

/** The day that an instant falls on in `zone`. */
export function dayOf(instant: number, zone: string): string {
  return dayFormat(zone).format(instant);
}

/** The day that is `days` after (before, when negative) another. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** The first instant of a day in `zone`. Searched for, so that it is right where clocks change at midnight, too. */
export function startOfDay(day: string, zone: string): number {
  const utc = Date.parse(`${day}T00:00:00Z`);
  // No zone is further from UTC than 14 hours; `before` lies in the day before, `after` in the day or later.
  let before = utc - 15 * HOUR_MS;
  let after = utc + 15 * HOUR_MS;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (dayOf(middle, zone) < day) before = middle;
    else after = middle;
  }
  return after;
}

export interface DayBounds {
  readonly from: number;
  /** The next day's first instant. */
  readonly to: number;
}

const boundsCached = new Map<string, DayBounds>();
const CACHED_DAYS_MAX = 100;

export function boundsOf(day: string, zone: string): DayBounds {
  const key = `${zone} ${day}`;
  let bounds = boundsCached.get(key);
  if (bounds === undefined) {
    bounds = { from: startOfDay(day, zone), to: startOfDay(addDays(day, 1), zone) };
    if (boundsCached.size >= CACHED_DAYS_MAX) boundsCached.clear();
    boundsCached.set(key, bounds);
  }
  return bounds;
}

const wallFormats = new Map<string, Intl.DateTimeFormat>();

/** How far local time in `zone` is ahead of UTC at an instant, in ms. */
function offsetAt(instant: number, zone: string): number {
  let format = wallFormats.get(zone);
  if (format === undefined) {
    const parts = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' } as const;
    format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, ...parts, second: '2-digit', hourCycle: 'h23' });
    wallFormats.set(zone, format);
  }
  return Date.parse(`${format.format(instant).replace(' ', 'T')}Z`) - Math.floor(instant / 1_000) * 1_000;
}

/** The instant of a local time as inputs give it, "2026-11-22T14:05"; null when it is none. */
export function instantOf(local: string, zone: string): number | null {
  const asUtc = Date.parse(`${local}Z`);
  if (Number.isNaN(asUtc)) return null;
  const guess = asUtc - offsetAt(asUtc, zone);
  // The offset at the guess is right unless clocks change in between.
  return asUtc - offsetAt(guess, zone);
}

/** An instant as inputs take it: "2026-11-22T14:05", local time in `zone`. */
export function localOf(instant: number, zone: string): string {
  return new Date(instant + offsetAt(instant, zone)).toISOString().slice(0, 16);
}
