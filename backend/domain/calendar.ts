/**
 * All arithmetic on days. A day is a calendar day in the shop's time zone; it may last 23, 24 or 25 hours
 * (or 23½: Lord Howe). Instants are epoch milliseconds.
 */
import { DateTime, IANAZone } from 'luxon';

/** A calendar day, "2026-11-22". */
export type Day = string;

export interface DayBounds {
  /** The day's first instant. */
  readonly from: number;
  /** The next day's first instant. */
  readonly to: number;
}

const DAY_MS = 86_400_000;
const CACHED_DAYS_MAX = 2_000;
const cached = new Map<string, DayBounds>();

export function isTimeZone(zone: string): boolean {
  return IANAZone.isValidZone(zone);
}

/** Whether the text is a day that exists, written as 2026-11-22. */
export function isDay(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && DateTime.fromISO(text, { zone: 'utc' }).isValid;
}

/** The day that an instant falls on. */
export function dayOf(instant: number, zone: string): Day {
  return DateTime.fromMillis(instant, { zone }).toFormat('yyyy-MM-dd');
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

function startOf(day: Day, zone: string): number {
  return DateTime.fromISO(day, { zone }).startOf('day').toMillis();
}

/** The day that is `days` after (before, when negative) another. In UTC, where each day has 24 hours. */
export function addDays(day: Day, days: number): Day {
  return new Date(Date.parse(`${day}T00:00:00.000Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** The instant of the same local time so many days later (earlier, when negative); where that hour is left out, one later. */
export function sameTimeOn(instant: number, days: number, zone: string): number {
  return DateTime.fromMillis(instant, { zone }).plus({ days }).toMillis();
}

/** The local wall clock of an instant, for people: "2026-11-22 14:05:00". */
export function localTime(instant: number, zone: string): string {
  return DateTime.fromMillis(instant, { zone }).toFormat('yyyy-MM-dd HH:mm:ss');
}

/** The local hour of an instant with its fraction, 0 ≤ h < 24. */
export function localHour(instant: number, zone: string): number {
  const local = DateTime.fromMillis(instant, { zone });
  return local.hour + local.minute / 60 + local.second / 3600;
}

/** An instant given as ISO 8601; without an offset it is in `zone`. Null when it cannot be read. */
export function parseInstant(text: string, zone: string): number | null {
  const parsed = DateTime.fromISO(text, { zone });
  return parsed.isValid ? parsed.toMillis() : null;
}

/** A local time in a format of luxon's tokens ("M/d/yy H:mm"). Null when it cannot be read. */
export function parseLocal(text: string, format: string, zone: string): number | null {
  const parsed = DateTime.fromFormat(text, format, { zone, locale: 'en' });
  return parsed.isValid ? parsed.toMillis() : null;
}
