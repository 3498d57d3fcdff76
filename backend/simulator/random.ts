/**
 * The simulator's randomness: seeded, and in streams that do not touch each other, so that drawing one
 * customer more never moves an arrival.
 */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { murmur2 } from '../events/topics.ts';

/** Draws a number 0 ≤ u < 1. */
export type Random = () => number;

export interface Streams {
  readonly arrivals: Random;
  readonly baskets: Random;
  readonly customers: Random;
  readonly deliveries: Random;
}

/** The streams of a seed: one generator, 2⁶⁴ draws apart. */
export function streamsOf(seed: number): Streams {
  const generator = xoroshiro128plus(murmur2(Buffer.from(`simulation ${seed}`)));
  const next = (): Random => {
    generator.jump();
    const own = generator.clone();
    return () => uniformFloat64(own);
  };
  return { arrivals: next(), baskets: next(), customers: next(), deliveries: next() };
}

/** An integer low ≤ n ≤ high. */
export function integerBetween(random: Random, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1));
}

/** The time to the next event of a Poisson process with that rate, in the rate's own unit of time. */
export function exponential(random: Random, rate: number): number {
  return -Math.log(1 - random()) / rate;
}

/** The index of the first cumulative weight above `u` × their total; `cumulative` grows and is not empty. */
export function chooseIndex(cumulative: ArrayLike<number>, u: number): number {
  let low = 0;
  let high = cumulative.length - 1;
  const wanted = u * (cumulative[high] ?? 0);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((cumulative[middle] ?? 0) > wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Running sums. */
export function cumulate(weights: readonly number[]): number[] {
  let sum = 0;
  return weights.map((weight) => (sum += weight));
}
