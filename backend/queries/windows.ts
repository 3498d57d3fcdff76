/**
 * Sums over windows of whole seconds. An event belongs to the second of its `at`, seconds being counted
 * from 1970; a window holds all of its seconds, the first and the last one included.
 */
import { counted, plus, type Sum } from '../domain/exact.ts';
import { startOfQuarter, type SecondSums } from '../../projections/quarter.ts';
import type { FoldedDocument } from '../ports/read-models.ts';

const QUARTER_SECONDS = 900;

/** Above every key of a quarter and below every other key: ':' follows '9'. */
export const AFTER_QUARTERS = ':';

/** The second that an instant falls in. */
export function secondAt(instant: number): number {
  return Math.floor(instant / 1_000);
}

/** The sum over the seconds `first` to `last` of documents whose keys are quarters. */
export function sumOfSeconds(documents: readonly FoldedDocument[], first: number, last: number): Sum {
  let sum: Sum = 0;
  for (const { key, body } of documents) {
    const start = startOfQuarter(key) / 1_000;
    const end = start + QUARTER_SECONDS - 1;
    if (end < first || start > last) continue;
    const { total, seconds } = body as unknown as SecondSums;
    if (first <= start && end <= last) {
      sum = plus(sum, total);
      continue;
    }
    for (const slot in seconds) {
      const second = start + Number(slot);
      if (second >= first && second <= last) sum = plus(sum, seconds[slot] ?? 0);
    }
  }
  return sum;
}

/** The same of documents that count events. */
export function countOfSeconds(documents: readonly FoldedDocument[], first: number, last: number): number {
  return counted(sumOfSeconds(documents, first, last));
}

/** The counts of `count` intervals of `lengthSeconds` each, oldest first, the last of which ends with second `last`. */
export function trailingCounts(
  documents: readonly FoldedDocument[],
  last: number,
  count: number,
  lengthSeconds: number,
): number[] {
  const intervals = Array.from({ length: count }, () => 0);
  const first = last - count * lengthSeconds + 1;
  for (const { key, body } of documents) {
    const start = startOfQuarter(key) / 1_000;
    if (start > last || start + QUARTER_SECONDS <= first) continue;
    const { seconds } = body as unknown as SecondSums;
    for (const slot in seconds) {
      const second = start + Number(slot);
      if (second < first || second > last) continue;
      const index = Math.floor((second - first) / lengthSeconds);
      intervals[index] = (intervals[index] ?? 0) + counted(seconds[slot] ?? 0);
    }
  }
  return intervals;
}
