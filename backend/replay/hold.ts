/**
 * Holding a generation behind another one, for the short while around a flip: it stores a position only when the
 * other one has stored it. Without this, answers from the one before and the one after the flip, a moment apart,
 * could step back by what one of them had not folded yet.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../ports/clock.ts';
import type { Flush, FlushOutcome, ReadModels } from '../ports/read-models.ts';
import { positionIn } from '../../projections/positions.ts';

const POLL_MS = 5;

export interface HoldOptions {
  readonly models: ReadModels;
  readonly clock: Clock;
  /** Resolves when what `leaderOf` goes by is fresh enough to store by. */
  readonly fresh: () => Promise<void>;
  /** The collection that must be ahead of this one now; null for none. Asked again while it waits. */
  readonly leaderOf: (collection: string) => string | null;
  /** Aborted when the projector stops: what is still held then is not stored. */
  readonly stopping: AbortSignal;
}

/** Read models whose flushes wait until those of their leaders are stored. */
export class HeldModels {
  readonly models: ReadModels;
  readonly #options: HoldOptions;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(options: HoldOptions) {
    this.#options = options;
    this.models = withFlush(options.models, (flushes) => this.#flush(flushes));
  }

  /** Resolves when what was being stored at the time of the call has been stored, or failed. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  async #flush(flushes: readonly Flush[]): Promise<FlushOutcome[]> {
    const { models, clock, fresh, stopping } = this.#options;
    for (;;) {
      await fresh();
      const leaders = this.#leaders(flushes);
      const held = leaders.size === 0 ? new Set<Flush>() : await this.#held(flushes, leaders);
      // Nothing gets between this look and the store: who settles after a change of the leaders, waits for it.
      if (held.size === 0 && isDeepStrictEqual(leaders, this.#leaders(flushes))) return this.#store(flushes);
      if (held.size > 0 && stopping.aborted) {
        const stored = await models.flush(flushes.filter((flush) => !held.has(flush)));
        return flushes.map((flush) => (held.has(flush) ? 'rejected' : (stored.shift() ?? 'rejected')));
      }
      if (held.size > 0) await clock.until(clock.now() + POLL_MS, stopping);
    }
  }

  async #store(flushes: readonly Flush[]): Promise<FlushOutcome[]> {
    const storing = this.#options.models.flush(flushes);
    this.#underWay.add(storing);
    try {
      return await storing;
    } finally {
      this.#underWay.delete(storing);
    }
  }

  /** Collection to the one that must be ahead of it. */
  #leaders(flushes: readonly Flush[]): Map<string, string> {
    const leaders = new Map<string, string>();
    for (const { collection } of flushes) {
      const leader = leaders.has(collection) ? null : this.#options.leaderOf(collection);
      if (leader !== null) leaders.set(collection, leader);
    }
    return leaders;
  }

  /** Those whose leader is not there yet. */
  async #held(flushes: readonly Flush[], leaders: ReadonlyMap<string, string>): Promise<Set<Flush>> {
    const checkpoints = await this.#options.models.checkpoints([...leaders.values()]);
    return new Set(
      flushes.filter((flush) => {
        const leader = leaders.get(flush.collection);
        return leader !== undefined && positionIn(checkpoints, leader, flush) < flush.position;
      }),
    );
  }
}

/** The same read models with another `flush`. */
export function withFlush(models: ReadModels, flush: ReadModels['flush']): ReadModels {
  return new Proxy(models, {
    get: (target, name) => {
      if (name === 'flush') return flush;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
