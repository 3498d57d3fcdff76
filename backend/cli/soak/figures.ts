/** What many measurements come to. */

export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Nearest rank; all 0 without any value. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** A value and when it was so, in seconds since the beginning. */
export interface Point {
  readonly atSeconds: number;
  readonly value: number;
}

const HOUR_SECONDS = 3_600;
const SLOPE_POINTS_MIN = 4;

export interface Slope {
  readonly perHour: number;
  /** Its standard error: growth that is not some times larger than that is none. */
  readonly error: number;
}

/**
 * By how much the value grows in an hour: the straight line that fits best through the second half of the points, for
 * everything fills its caches first. Null with fewer than four of them.
 */
export function slopeOf(points: readonly Point[]): Slope | null {
  const late = points.slice(Math.floor(points.length / 2));
  if (late.length < SLOPE_POINTS_MIN) return null;
  const mean = (of: (point: Point) => number): number => late.reduce((sum, point) => sum + of(point), 0) / late.length;
  const atMean = mean(({ atSeconds }) => atSeconds);
  const valueMean = mean(({ value }) => value);
  const spread = mean(({ atSeconds }) => (atSeconds - atMean) ** 2);
  if (spread === 0) return null;
  const slope = mean(({ atSeconds, value }) => (atSeconds - atMean) * (value - valueMean)) / spread;
  const rest = mean(({ atSeconds, value }) => (value - valueMean - slope * (atSeconds - atMean)) ** 2);
  const error = Math.sqrt(rest / (late.length - 2) / spread);
  return { perHour: slope * HOUR_SECONDS, error: error * HOUR_SECONDS };
}

/** Frames that a screen of 60 Hz would have shown and that were not there, of all, from the intervals between frames in ms. */
export function droppedShare(intervals: readonly number[]): number {
  const periods = intervals.map((ms) => Math.max(1, Math.round(ms / FRAME_MS)));
  const due = periods.reduce((sum, each) => sum + each, 0);
  return due === 0 ? 0 : (due - intervals.length) / due;
}

const FRAME_MS = 1_000 / 60;
