/** What a process that rebuilds and the test that kills it have in common. */
import type { Generations } from '../projections/generations.ts';
import { systemClock, type Clock } from '../backend/ports/clock.ts';

const TIMES_FASTER = 20;

/**
 * A clock that runs faster than the machine's, and says the same in every process that has the same zero (epoch ms):
 * the instant at which it says what the machine's clock does.
 */
export function fastClock(zero: number): Clock {
  return {
    now: () => zero + (Date.now() - zero) * TIMES_FASTER,
    until: (instant, signal) => systemClock.until(zero + (instant - zero) / TIMES_FASTER, signal),
  };
}

export const PHASES = ['folding', 'comparing', 'changing over', 'dropping'] as const;
export type Phase = (typeof PHASES)[number];

/** How far a rebuild of several projections is, as the pointer tells; null between two rebuilds. */
export function phaseOf(generations: Generations): Phase | null {
  const lineages = Object.values(generations);
  if (lineages.some(({ flip }) => flip !== null)) return 'changing over';
  const building = lineages.find((each) => each.building !== null)?.building ?? null;
  if (building !== null) return building.phase;
  return lineages.some(({ retired }) => retired.length > 0) ? 'dropping' : null;
}
