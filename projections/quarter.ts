/**
 * Time buckets. Documents hold a quarter of an hour in UTC, with a slot for each second (or minute): every
 * time zone in use is offset from UTC by whole quarters, so a local day is a whole number of them, and any
 * window is exact to the second. (Minute documents, tried first, cost fifteen times as many writes on
 * catching up and as many reads for a day.)
 */
import { plus, type Sum } from '../backend/domain/exact.ts';

export const QUARTER_MS = 900_000;

const CACHED_KEYS_MAX = 10_000;
const cached = new Map<number, string>();

/** The key of the quarter that an instant falls in: "2026-11-22T14:15Z". Keys sort as time does. */
export function quarterOf(instant: number): string {
  const number = Math.floor(instant / QUARTER_MS);
  const known = cached.get(number);
  if (known !== undefined) return known;
  const key = `${new Date(number * QUARTER_MS).toISOString().slice(0, 16)}Z`;
  if (cached.size >= CACHED_KEYS_MAX) cached.clear();
  cached.set(number, key);
  return key;
}

/** The first instant of a quarter, from its key. */
export function startOfQuarter(key: string): number {
  return Date.parse(`${key.slice(0, 16)}:00.000Z`);
}

/** The second within its quarter, 0 to 899. */
export function secondOf(instant: number): number {
  return Math.floor(instant / 1_000) - Math.floor(instant / QUARTER_MS) * 900;
}

/** The minute within its quarter, 0 to 14. */
export function minuteOf(instant: number): number {
  return Math.floor(instant / 60_000) - Math.floor(instant / QUARTER_MS) * 15;
}

/** Sums by second of one quarter; seconds without anything are absent. */
export interface SecondSums {
  total: Sum;
  /** Second within the quarter (0 to 899) to its sum. */
  seconds: Record<string, Sum>;
}

export function emptySums(): SecondSums {
  return { total: 0, seconds: {} };
}

export function addAt(sums: SecondSums, instant: number, value: number): void {
  const second = secondOf(instant);
  sums.total = plus(sums.total, value);
  sums.seconds[second] = plus(sums.seconds[second] ?? 0, value);
}
