/** How every statistic is answered: as of which instant, from which position on, and where it stands. */
import { ShopError } from '../ports/errors.ts';
import type { Collections } from '../queries/collections.ts';
import type { ProjectionPositions } from '../queries/consistent-read.ts';
import { decodePosition, encodePosition, leastOf, reached } from '../queries/position.ts';
import type { Services } from './context.ts';
import type { ProjectionPosition } from './types/positions.ts';

const TIMEOUT_MS_MAX = 60_000;

export interface Asked {
  readonly at?: Date;
  readonly atLeast?: string;
  readonly timeoutMs: number;
}

export interface Reading {
  /** Epoch ms. */
  readonly at: number;
  readonly timeZone: string;
  readonly currency: string;
  readonly collections: Collections;
}

/**
 * Waits until the projections have what `atLeast` says, then reads. Without `at` the answer is of now, or of the
 * latest event that it must reflect if that is later. Rejects with BAD_INPUT, TIMEOUT or UNAVAILABLE.
 */
export async function answer<T>(
  services: Services,
  { at, atLeast, timeoutMs }: Asked,
  projections: readonly string[],
  read: (reading: Reading) => Promise<T>,
): Promise<T> {
  if (timeoutMs < 0 || timeoutMs > TIMEOUT_MS_MAX) {
    throw new ShopError('BAD_INPUT', `\`timeoutMs\` is ${timeoutMs}; it must be from 0 to ${TIMEOUT_MS_MAX}`);
  }
  const { clock, models, timeZone, currency } = services;
  // Clients may say null for what they leave out.
  const position = typeof atLeast === 'string' ? decodePosition(atLeast) : null;
  const collections = await services.collections();
  if (position !== null) await reached({ models, clock, collections, projections, position, timeoutMs });
  const instant = at?.getTime() ?? Math.max(clock.now(), position?.at ?? 0);
  return read({ at: instant, timeZone, currency, collections });
}

export interface Standing {
  readonly position: string;
  readonly positions: readonly ProjectionPosition[];
}

/** Says where an answer as of `at` (epoch ms) stands. */
export function standing(positions: ProjectionPositions, at: number): Standing {
  return {
    position: encodePosition(leastOf(positions, at)),
    positions: Object.entries(positions).flatMap(([projection, topics]) =>
      Object.entries(topics).map(([topic, offsets]) => ({ projection, topic, offsets })),
    ),
  };
}
