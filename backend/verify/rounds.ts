/** Verifying what is live: once, or round after round for as long as the read models move on. */
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../ports/clock.ts';
import { isShopError } from '../ports/errors.ts';
import type { ReadModels } from '../ports/read-models.ts';
import { verify, type Verification, type VerifyOptions } from './verify.ts';

export interface LiveOptions extends Omit<VerifyOptions, 'collections'> {
  /** Projection name to its live collection, as of now. */
  readonly collections: () => Promise<Readonly<Record<string, string>>>;
}

/** What a round found out. */
export interface Round {
  /** When it ended, epoch ms. */
  readonly at: number;
  readonly tookMs: number;
  readonly verification: Verification;
}

export interface RoundsOptions extends LiveOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The least pause between two rounds. */
  readonly pauseMs: number;
  readonly onRound: (round: Round) => void;
  /** Nothing has moved since the last round; epoch ms. */
  readonly onStill: (at: number) => void;
  /** The engines did not answer; it goes on after the pause. */
  readonly onTrouble: (error: Error) => void;
}

/** A pause is so many times as long as the round before, so that at most a tenth of the time is spent. */
export const PAUSE_PER_ROUND = 9;

/**
 * As verify(). A generation that went out of use on the way may have been dropped before it was looked at: then once
 * more.
 */
export async function verifyLive(options: LiveOptions): Promise<Verification> {
  for (;;) {
    const collections = await options.collections();
    const result = await verify({ ...options, collections });
    if (result.ok || isDeepStrictEqual(collections, await options.collections())) return result;
  }
}

/**
 * Verifies at once, and again whenever the checkpoints have moved on. Resolves when the signal is aborted; rejects as
 * verify() does, but for engines that do not answer.
 */
export async function keepVerifying(options: RoundsOptions): Promise<void> {
  const { clock, signal, pauseMs } = options;
  let verified: string | null = null;
  while (!signal.aborted) {
    const started = clock.now();
    try {
      const standing = await standingOf(options.models, await options.collections());
      if (standing === verified) options.onStill(clock.now());
      else {
        const verification = await verifyLive(options);
        verified = standing;
        options.onRound({ at: clock.now(), tookMs: clock.now() - started, verification });
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!isShopError(error, 'UNAVAILABLE') && !isShopError(error, 'TIMEOUT')) throw error;
      options.onTrouble(error);
    }
    const tookMs = clock.now() - started;
    await clock.until(clock.now() + Math.max(pauseMs, PAUSE_PER_ROUND * tookMs), signal);
  }
}

/** Changes whenever anything was folded, or something else became live. */
async function standingOf(models: ReadModels, collections: Readonly<Record<string, string>>): Promise<string> {
  const checkpoints = await models.checkpoints(Object.values(collections));
  const places = checkpoints.map((each) => `${each.collection} ${each.topic}/${each.partition} ${each.position}`);
  return JSON.stringify([collections, places.sort()]);
}

/** Records of the log that every projection was verified with: the sum of the partitions' least positions. */
export function recordsIn({ projections }: Verification): number {
  const least = new Map<string, number>();
  for (const { positions } of projections) {
    for (const [name, position] of Object.entries(positions)) {
      least.set(name, Math.min(position, least.get(name) ?? position));
    }
  }
  return [...least.values()].reduce((sum, position) => sum + position + 1, 0);
}
