/**
 * The flip: another generation becomes the live one, in one change of the pointer for all projections concerned.
 *
 * First the live one is held behind the one to come (hold.ts), everywhere; from then on a position of the live
 * one that the other has reached stays reached. When that is so for every partition, the pointer changes.
 */
import {
  changeGenerations,
  closeFlip,
  collectionIn,
  flip,
  lineageOf,
  openFlip,
  readGenerations,
  withLineage,
  type Generation,
  type Lineage,
} from '../../projections/generations.ts';
import { positionIn } from '../../projections/positions.ts';
import type { Projection } from '../../projections/projection.ts';
import type { Clock } from '../ports/clock.ts';
import type { ReadModels } from '../ports/read-models.ts';
import { SEEN_VALID_MS } from './follow.ts';

/** How long it takes until everybody who projects has seen that a flip is open, and stored what was on its way. */
export const HOLD_MS = SEEN_VALID_MS + 500;
/** A flip that is not through after this is closed, so that the live generation goes on; then it is tried again. */
const OPEN_MS_MAX = 5_000;
const POLL_MS = 10;
const PAUSE_MS = 1_000;

export interface FlipChoice {
  readonly models: ReadModels;
  readonly clock: Clock;
  readonly owner: string;
  readonly targets: readonly FlipTarget[];
  readonly keep: boolean;
  /** See HOLD_MS; less where all who project are told at once. */
  readonly holdMs: number;
  /** Tells whoever projects in this process to look at the pointer. */
  readonly told: () => Promise<void>;
  /** Whether a projection may still be flipped by this owner. */
  readonly isOurs: (lineage: Lineage, target: FlipTarget) => boolean;
  /** What else changes in the pointer with it. */
  readonly finish: (lineage: Lineage, target: FlipTarget) => Lineage;
  /** Told when it had to be put off: the target does not reach the live generation. */
  readonly waiting: () => void;
  readonly signal: AbortSignal;
}

export interface FlipTarget {
  readonly projection: Projection;
  readonly to: Generation;
}

/**
 * Resolves when all targets are live that were still this owner's. Rejects with the signal's reason, or with
 * UNAVAILABLE or STORAGE; asking again is safe.
 */
export async function flipTo(options: FlipChoice): Promise<void> {
  const { clock, holdMs, told, signal } = options;
  for (;;) {
    signal.throwIfAborted();
    await change(options, (lineage, { to }) =>
      openFlip(lineage, { to: to.generation, owner: options.owner, renewedAt: clock.now() }),
    );
    await told();
    await clock.until(clock.now() + holdMs, signal);
    for (const until = clock.now() + OPEN_MS_MAX; clock.now() < until && !signal.aborted;) {
      if (await isAhead(options)) {
        await change(options, (lineage, target) => {
          const flipped = flip(lineage, { now: clock.now(), keep: options.keep });
          return flipped === lineage ? lineage : options.finish(flipped, target);
        });
        await told();
        return;
      }
      await clock.until(clock.now() + POLL_MS, signal);
    }
    await change(options, closeFlip);
    options.waiting();
    await told();
    await clock.until(clock.now() + PAUSE_MS, signal);
  }
}

/** Changes those that are still ours and not flipped yet. */
async function change(
  { models, targets, isOurs }: FlipChoice,
  step: (lineage: Lineage, target: FlipTarget) => Lineage,
): Promise<void> {
  await changeGenerations(models, (present) =>
    targets.reduce((all, target) => {
      const lineage = lineageOf(all, target.projection);
      if (lineage.live.generation === target.to.generation || !isOurs(lineage, target)) return all;
      return withLineage(all, target.projection.name, step(lineage, target));
    }, present),
  );
}

/** Whether every target is at least where the live generation of its projection is, partition by partition. */
async function isAhead({ models, targets }: FlipChoice): Promise<boolean> {
  const generations = await readGenerations(models);
  const pairs = targets.map(({ projection, to }) => ({
    live: collectionIn(projection.name, lineageOf(generations, projection).live),
    next: collectionIn(projection.name, to),
  }));
  // The live ones first: what is read later can only be further on.
  const live = await models.checkpoints(pairs.map((pair) => pair.live));
  const next = await models.checkpoints(pairs.map((pair) => pair.next));
  return live.every((checkpoint) => {
    const pair = pairs.find((each) => each.live === checkpoint.collection);
    return pair === undefined || positionIn(next, pair.next, checkpoint) >= checkpoint.position;
  });
}
