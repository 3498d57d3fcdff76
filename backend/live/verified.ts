/** Whether the read models are what the log says, as far as it was looked into: for everybody who watches. */
import { positionIn } from '../../projections/positions.ts';
import type { Topic } from '../events/topics.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Checkpoint, ReadModels } from '../ports/read-models.ts';
import type { Collections } from '../queries/collections.ts';
import type { ProjectionPositions } from '../queries/consistent-read.ts';
import type { VerifiedProjection } from '../verify/result.ts';
import { PAUSE_PER_ROUND, recordsIn, type Round } from '../verify/rounds.ts';
import { Latest } from './latest.ts';

/**
 * VERIFIED: every document that was folded by then equals the independent fold. BEHIND: so it was, but much has been
 * folded since. DIFFERS: some document does not. NEVER: nobody has looked yet.
 */
export type VerificationState = 'VERIFIED' | 'BEHIND' | 'DIFFERS' | 'NEVER';

export interface VerificationFrame {
  readonly state: VerificationState;
  /** When the last round ended, epoch ms; null before the first. */
  readonly at: number | null;
  readonly tookMs: number;
  /** The least pause between two rounds; 0: there are none. */
  readonly everyMs: number;
  /** Where it stands. */
  readonly positions: ProjectionPositions;
  /** Records of the log up to there. */
  readonly records: number;
  /** Records that were folded since. */
  readonly recordsBehind: number;
  readonly projections: readonly VerifiedProjection[];
}

export interface VerifiedOptions {
  readonly models: ReadModels;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly collections: () => Promise<Collections>;
  readonly everyMs: number;
}

/** More than this is behind, however soon the next round begins. */
const BEHIND_RECORDS_MAX = 100_000;
/** So many pauses and rounds may pass until the next round has ended. */
const BEHIND_ROUNDS_MAX = 2;
/** The time that starting it again after a failure takes, and what is slow on a busy machine. */
const BEHIND_GRACE_MS = 30_000;
/** What is behind grows without any round. */
const LOOK_INTERVAL_MS = 5_000;

export class Verified {
  readonly #options: VerifiedOptions;
  readonly #latest = new Latest<VerificationFrame>((followers) => this.#followed(followers));
  #round: Round | null = null;
  /** Until then everything that had been folded was in the round. */
  #freshAt = 0;
  #looking: Promise<void> | null = null;
  #nap = new AbortController();
  /** What those who follow have got. */
  #shown = '';
  #stopped = false;

  constructor(options: VerifiedOptions) {
    this.#options = options;
  }

  /** A round has ended. */
  note(round: Round): void {
    this.#freshAt = this.#options.clock.now();
    this.#round = { ...round, at: this.#freshAt };
    this.#nap.abort();
  }

  /** Nothing was folded since the last round. */
  still(): void {
    this.#freshAt = this.#options.clock.now();
  }

  /** As of now. Rejects with UNAVAILABLE. */
  async look(): Promise<VerificationFrame> {
    const { models, collections, everyMs } = this.#options;
    const round = this.#round;
    if (round === null) {
      return { state: 'NEVER', at: null, tookMs: 0, everyMs, positions: {}, records: 0, recordsBehind: 0, projections: [] }; // prettier-ignore
    }
    const live = await collections();
    const checkpoints = await models.checkpoints(Object.values(live));
    const { projections } = round.verification;
    const recordsBehind = foldedSince(projections, live, checkpoints);
    return {
      state: this.#stateOf(round, recordsBehind),
      at: round.at,
      tookMs: round.tookMs,
      everyMs,
      positions: Object.fromEntries(projections.map(({ name, positions }) => [name, byTopic(positions)])),
      records: recordsIn(round.verification),
      recordsBehind,
      projections,
    };
  }

  #stateOf({ verification, tookMs }: Round, recordsBehind: number): VerificationState {
    if (!verification.ok) return 'DIFFERS';
    const { everyMs, clock } = this.#options;
    const usualMs = BEHIND_ROUNDS_MAX * (Math.max(everyMs, PAUSE_PER_ROUND * tookMs) + tookMs) + BEHIND_GRACE_MS;
    const late = recordsBehind > 0 && clock.now() - this.#freshAt > usualMs;
    return late || recordsBehind > BEHIND_RECORDS_MAX ? 'BEHIND' : 'VERIFIED';
  }

  /** The present at once, then whenever it has changed. */
  follow(): AsyncIterableIterator<VerificationFrame> {
    return this.#latest.follow();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#latest.end();
    this.#nap.abort();
    await this.#looking;
  }

  #followed(followers: number): void {
    if (followers > 0) this.#looking ??= this.#lookOn();
    else {
      this.#latest.clear();
      this.#shown = '';
      this.#nap.abort();
    }
  }

  async #lookOn(): Promise<void> {
    const { clock, logger } = this.#options;
    while (!this.#stopped && this.#latest.followers > 0) {
      this.#nap = new AbortController();
      const nap = this.#nap;
      try {
        const frame = await this.look();
        const text = JSON.stringify(frame);
        if (text !== this.#shown) this.#latest.set(frame);
        this.#shown = text;
      } catch (error) {
        logger.debug({ error }, 'How far the read models are verified cannot be told at the moment.');
      }
      await clock.until(clock.now() + LOOK_INTERVAL_MS, nap.signal);
    }
    this.#looking = null;
    // Somebody may have come while the last one left.
    if (!this.#stopped && this.#latest.followers > 0) this.#followed(this.#latest.followers);
  }
}

/** Records since, of each topic-partition by the projection that is furthest. */
function foldedSince(
  projections: readonly VerifiedProjection[],
  live: Collections,
  checkpoints: readonly Checkpoint[],
): number {
  const most = new Map<string, number>();
  for (const { name, positions } of projections) {
    for (const [place, position] of Object.entries(positions)) {
      const [topic, partition] = placeOf(place);
      const since = positionIn(checkpoints, live[name] ?? name, { topic, partition }) - position;
      most.set(place, Math.max(since, most.get(place) ?? 0));
    }
  }
  return [...most.values()].reduce((sum, each) => sum + each, 0);
}

function byTopic(positions: VerifiedProjection['positions']): ProjectionPositions[string] {
  const topics: Partial<Record<Topic, number[]>> = {};
  for (const [place, position] of Object.entries(positions)) {
    const [topic, partition] = placeOf(place);
    (topics[topic] ??= [])[partition] = position;
  }
  return topics;
}

/** "orders/3" */
function placeOf(place: string): [Topic, number] {
  const [topic = '', partition = ''] = place.split('/');
  return [topic as Topic, Number(partition)];
}
