/**
 * A day as minutes: what charts and sparklines are drawn from. Minute 0 is the day's first in the shop's zone,
 * whatever the clock says, so that a day of 23 or 25 hours has 1,380 or 1,500.
 */
import { MINUTE_MS, type DayBounds } from '../format/days.ts';
import type { Given } from '../format/formats.ts';

export interface Bucket {
  readonly from: string;
  readonly orders: number;
  readonly sales: Given;
  readonly handled: number;
}

export interface Minutes extends DayBounds {
  readonly orders: readonly number[];
  readonly sales: readonly Given[];
  readonly handled: readonly number[];
}

export function emptyMinutes({ from, to }: DayBounds): Minutes {
  const zeros = new Array<number>(Math.ceil((to - from) / MINUTE_MS)).fill(0);
  return { from, to, orders: zeros, sales: zeros, handled: zeros };
}

/** The day with some of its minutes set to what the buckets say. Buckets of other days are left out. */
export function withBuckets(minutes: Minutes, buckets: readonly Bucket[]): Minutes {
  const orders = minutes.orders.slice();
  const sales = minutes.sales.slice();
  const handled = minutes.handled.slice();
  for (const bucket of buckets) {
    const index = Math.floor((Date.parse(bucket.from) - minutes.from) / MINUTE_MS);
    if (index < 0 || index >= orders.length) continue;
    orders[index] = bucket.orders;
    sales[index] = bucket.sales;
    handled[index] = bucket.handled;
  }
  return { ...minutes, orders, sales, handled };
}

/** The minute that an instant falls in; beyond the day, the nearest. */
export function minuteAt(minutes: DayBounds, instant: number): number {
  const last = Math.ceil((minutes.to - minutes.from) / MINUTE_MS) - 1;
  return Math.max(0, Math.min(last, Math.floor((instant - minutes.from) / MINUTE_MS)));
}

/** A sum is exact, or is not given. */
export function plus(sum: Given, more: Given): Given {
  if (sum === null || more === null) return null;
  return Number.isSafeInteger(sum + more) ? sum + more : null;
}

/** Sums of `size` minutes each; the last group may be shorter. */
export function grouped(values: readonly Given[], size: number): Given[] {
  if (size === 1) return values.slice();
  const groups = new Array<Given>(Math.ceil(values.length / size)).fill(0);
  for (const [index, value] of values.entries()) {
    const group = Math.floor(index / size);
    groups[group] = plus(groups[group] as Given, value);
  }
  return groups;
}

/** What had come together by the end of each minute. */
export function accumulated(values: readonly Given[]): Given[] {
  let sum: Given = 0;
  return values.map((value) => (sum = plus(sum, value)));
}

/** The sum of the `window` minutes that end with each minute; `before` are the minutes before the first. */
export function sliding(values: readonly Given[], window: number, before: readonly Given[] = []): Given[] {
  const head = before.slice(Math.max(0, before.length - window + 1));
  const all = [...head, ...values];
  let sum = 0;
  let missing = 0;
  const take = (value: Given, times: 1 | -1): void => {
    if (value === null) missing += times;
    else sum += times * value;
  };
  const sums = all.map((value, index) => {
    take(value, 1);
    if (index >= window) take(all[index - window] ?? null, -1);
    return missing > 0 ? null : sum;
  });
  return sums.slice(head.length);
}

/** The average of each `size` minutes; the last group may be shorter. */
export function averaged(values: readonly Given[], size: number): Given[] {
  return grouped(values, size).map((sum, group) =>
    sum === null ? null : sum / Math.min(size, values.length - group * size),
  );
}

/** How many minutes one point has to stand for, so that points are not closer than what can be seen. */
export function minutesPerPoint(minutes: number, widthPx: number): number {
  const POINT_PX_MIN = 0.5;
  return [1, 2, 5, 10, 15, 30].find((size) => (minutes / size) * POINT_PX_MIN <= widthPx) ?? 60;
}
