/**
 * The draw: whether and when an order gets handled. A pure function of the order's id and of the policy in
 * the order's own event, so that neither a restart nor a changed setting ever draws again.
 */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { HandlingPolicy } from '../events/events.ts';
import { murmur2 } from '../events/topics.ts';

export interface Draw {
  /** The attempt that succeeds, from 1. */
  readonly attempt: number;
  /** How long after the order was placed it gets handled, in ms. */
  readonly afterMs: number;
}

/**
 * Draws once: each attempt comes after a delay spread evenly over half to one and a half times the mean, and
 * succeeds with the policy's chance. Null when no attempt succeeds, or when there is no policy.
 */
export function draw(orderId: string, policy: HandlingPolicy | null): Draw | null {
  if (policy === null) return null;
  const random = xoroshiro128plus(murmur2(Buffer.from(`handling of ${orderId}`)));
  let afterMs = 0;
  for (let attempt = 1; attempt <= policy.attempts; attempt++) {
    const succeeds = uniformFloat64(random) < policy.chance;
    afterMs += Math.round(policy.delayMs * (0.5 + uniformFloat64(random)));
    if (succeeds) return { attempt, afterMs };
  }
  return null;
}
