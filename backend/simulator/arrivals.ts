/** When customers come: a Poisson process whose rate follows the day curve. */
import { PEAK, QUARTER_MS, type DayCurve } from './day-curve.ts';
import { exponential, type Random } from './random.ts';

/**
 * The next arrival after `after` (epoch ms, with a fraction), by thinning: candidates come at the curve's
 * highest rate and each stays with the chance of the factor at its own instant. Infinity when the rate is 0
 * or nobody comes before `before`.
 */
export function nextArrival(
  random: Random,
  curve: DayCurve,
  ratePerSecond: number,
  after: number,
  before = Infinity,
): number {
  if (ratePerSecond <= 0) return Infinity;
  const perMs = (ratePerSecond * PEAK) / 1_000;
  let at = after;
  do {
    at += exponential(random, perMs);
    if (at >= before) return Infinity;
  } while (random() * PEAK >= curve.factorAt(at));
  return at;
}

/** Every arrival from ≤ t < to, in whole ms and in order; `to` may be Infinity. */
export function* arrivalsAtRate(
  random: Random,
  curve: DayCurve,
  ratePerSecond: number,
  from: number,
  to: number,
): Generator<number> {
  let at = nextArrival(random, curve, ratePerSecond, from, to);
  while (at < to) {
    yield Math.floor(at);
    at = nextArrival(random, curve, ratePerSecond, at, to);
  }
}

/**
 * Exactly `count` arrivals from ≤ t < to, distributed by the curve and in order, without holding them all:
 * the lowest of the k uniform numbers that are left is drawn directly, then placed on the curve.
 */
export function* arrivalsByCount(
  random: Random,
  curve: DayCurve,
  count: number,
  from: number,
  to: number,
): Generator<number> {
  const { starts, weights } = segments(curve, from, to);
  const total = weights[weights.length - 1] ?? 0;
  let left = 1;
  let segment = 0;
  for (let k = count; k > 0; k--) {
    // The power, by functions that give the same digits in every version of Node: a span that is simulated again
    // after an update must place the same orders.
    left *= Math.exp(Math.log(1 - random()) / k);
    const wanted = (1 - left) * total;
    while (segment < weights.length - 1 && (weights[segment] ?? 0) <= wanted) segment++;
    const below = segment === 0 ? 0 : (weights[segment - 1] ?? 0);
    const start = starts[segment] ?? from;
    const end = starts[segment + 1] ?? to;
    const share = (wanted - below) / ((weights[segment] ?? 0) - below);
    yield Math.min(Math.floor(start + share * (end - start)), to - 1);
  }
}

/** The span cut at the quarters: where each piece starts, and the curve's area up to each piece's end. */
function segments(curve: DayCurve, from: number, to: number): { starts: number[]; weights: number[] } {
  const starts: number[] = [];
  const weights: number[] = [];
  let sum = 0;
  for (let start = from; start < to;) {
    const end = Math.min((Math.floor(start / QUARTER_MS) + 1) * QUARTER_MS, to);
    sum += (end - start) * curve.factorAt(start);
    starts.push(start);
    weights.push(sum);
    start = end;
  }
  return { starts, weights };
}
