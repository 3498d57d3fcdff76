/**
 * Sums that are exact or say that they are not. A number holds integers exactly up to 2^53 − 1 (Number.MAX_SAFE_INTEGER);
 * beyond that additions are rounded without a sign of it. A sum that gets there becomes BEYOND, and stays so, so that
 * nobody takes a rounded figure for the right one. docs/figures.md has the bounds that keep sums below.
 */

/** Stands in documents and answers where a number would. A text, since `??` and `+` would take null for 0. */
export const BEYOND = 'beyond';

/** An integer, or BEYOND where it would not be exact. */
export type Sum = number | typeof BEYOND;

export function plus(sum: Sum, more: Sum): Sum {
  if (sum === BEYOND || more === BEYOND) return BEYOND;
  return exact(sum + more);
}

/** An integer that was calculated, where it can be relied on. */
export function exact(value: number): Sum {
  return Number.isSafeInteger(value) ? value : BEYOND;
}

/** For programs: null where it cannot be given. */
export function orNull(sum: Sum): number | null {
  return sum === BEYOND ? null : sum;
}

/** A sum of ones: no log holds so many events that these get beyond. Throws a RangeError if one does. */
export function counted(sum: Sum): number {
  if (sum === BEYOND) throw new RangeError('a count of events is beyond 2^53');
  return sum;
}

/** What is said of a sum that cannot be given. */
export function beyondText(what: string): string {
  return `${what} cannot be given: more than ${Number.MAX_SAFE_INTEGER}, the most that can be summed up exactly`;
}
