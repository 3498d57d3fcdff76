/** How far each projection is: against the ends of the log, and against where it was some seconds ago. */
import { collectionIn, lineageOf, readGenerations } from '../../projections/generations.ts';
import { PROJECTIONS } from '../../projections/index.ts';
import { positionIn } from '../../projections/positions.ts';
import type { Projection } from '../../projections/projection.ts';
import { endsOf, type Ends } from '../../projections/caught-up.ts';
import type { Topic } from '../events/topics.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Checkpoint, ReadModels } from '../ports/read-models.ts';
import { readFailure } from './failures.ts';

export type Health = 'FOLLOWING' | 'CATCHING_UP' | 'STALLED' | 'STOPPED';

export interface PartitionProgress {
  readonly topic: Topic;
  readonly partition: number;
  /** The last offset that is in; −1 for none. */
  readonly position: number;
  /** The next offset that the log will give. */
  readonly end: number;
}

export interface ProjectionProgress {
  readonly name: string;
  readonly version: number;
  readonly generation: number;
  readonly collection: string;
  readonly topics: readonly Topic[];
  readonly partitions: readonly PartitionProgress[];
  /** Offsets that are not in yet; transaction markers count, too. */
  readonly lagRecords: number;
  /** For how long the oldest of them has been waiting, as far as it was looked at. */
  readonly lagMs: number;
  readonly recordsPerSecond: number;
  readonly health: Health;
  /** Why it stopped, or what may be wrong; null while all is well. */
  readonly reason: string | null;
}

interface Sample {
  readonly at: number;
  readonly ends: Ends;
  readonly checkpoints: readonly Checkpoint[];
}

/** Samples closer than this to the last one are not kept. */
const SAMPLE_INTERVAL_MS = 200;
const HISTORY_MS = 120_000;
/** What the rate is taken over. */
const RATE_MS = 5_000;
/** A lag below this is the ordinary way of an event. */
const FOLLOWING_LAG_MS = 2_000;
/** Behind, and without any movement for so long: nobody folds. */
const STALLED_MS = 10_000;

export interface ProgressOptions {
  readonly log: EventLog;
  readonly models: ReadModels;
  readonly clock: Clock;
}

export class Progress {
  readonly #options: ProgressOptions;
  #samples: Sample[] = [];
  #last: readonly ProjectionProgress[] = [];

  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  /** The longest wait of these projections at the last look, in ms. */
  lagMsOf(projections: readonly string[]): number {
    return Math.max(0, ...this.#last.filter(({ name }) => projections.includes(name)).map((each) => each.lagMs));
  }

  /**
   * Looks now. A first look has nothing to compare with, so it takes a second one a moment later.
   * Rejects with UNAVAILABLE.
   */
  async look(): Promise<readonly ProjectionProgress[]> {
    const { clock } = this.#options;
    const now = clock.now();
    this.#samples = this.#samples.filter(({ at }) => now - at < HISTORY_MS && at <= now);
    const newest = this.#samples.at(-1);
    if (newest === undefined || now - newest.at > RATE_MS) {
      await this.#sample();
      await clock.until(clock.now() + SAMPLE_INTERVAL_MS);
    }
    return this.#sample();
  }

  async #sample(): Promise<readonly ProjectionProgress[]> {
    const { log, models, clock } = this.#options;
    const generations = await readGenerations(models);
    const live = PROJECTIONS.map((projection) => {
      const { live } = lineageOf(generations, projection);
      const { generation, version } = live;
      return { projection, generation, version, collection: collectionIn(projection.name, live) };
    });
    // Checkpoints first: a projector never is where the log has not been yet.
    const checkpoints = await models.checkpoints(live.map(({ collection }) => collection));
    const ends = await endsOf(
      log,
      PROJECTIONS.flatMap(({ topics }) => topics),
    );
    const sample: Sample = { at: clock.now(), ends, checkpoints };
    const newest = this.#samples.at(-1);
    if (newest === undefined || sample.at - newest.at >= SAMPLE_INTERVAL_MS) this.#samples.push(sample);
    this.#last = await Promise.all(
      live.map(async ({ projection, generation, version, collection }) => ({
        ...this.#progressOf(projection, collection, sample),
        name: projection.name,
        version,
        generation,
        collection,
        topics: projection.topics,
        ...(await this.#stopped(collection)),
      })),
    );
    return this.#last;
  }

  async #stopped(collection: string): Promise<{ health: Health; reason: string } | null> {
    const failure = await readFailure(this.#options.models, collection);
    return failure === null ? null : { health: 'STOPPED', reason: failure };
  }

  #progressOf(
    { topics }: Projection,
    collection: string,
    sample: Sample,
  ): Pick<ProjectionProgress, 'partitions' | 'lagRecords' | 'lagMs' | 'recordsPerSecond' | 'health' | 'reason'> {
    const partitions = topics.flatMap((topic) =>
      (sample.ends.get(topic) ?? []).map(({ end }, partition) => {
        return { topic, partition, position: positionIn(sample.checkpoints, collection, { topic, partition }), end };
      }),
    );
    const lagRecords = partitions.reduce((sum, { position, end }) => sum + Math.max(0, end - 1 - position), 0);
    const lagMs = Math.max(0, ...partitions.map((each) => this.#waited(each, sample.at)));
    const before = this.#samples.find(({ at }) => sample.at - at <= RATE_MS) ?? sample;
    const folded = partitions.reduce((sum, { topic, partition, position }) => {
      return sum + Math.max(0, position - positionIn(before.checkpoints, collection, { topic, partition }));
    }, 0);
    const seconds = (sample.at - before.at) / 1_000;
    const moved = this.#movedAt(collection, partitions, sample);
    const stalled = lagMs > STALLED_MS && sample.at - moved > STALLED_MS;
    const idle = stalled ? 'nothing is folded any more: see that a projector runs (npm run project)' : null;
    return {
      partitions,
      lagRecords,
      lagMs,
      recordsPerSecond: seconds > 0 ? folded / seconds : 0,
      health: stalled ? 'STALLED' : lagMs < FOLLOWING_LAG_MS ? 'FOLLOWING' : 'CATCHING_UP',
      reason: idle,
    };
  }

  /** Since when the log has had more than the projection, at the latest. */
  #waited({ topic, partition, position, end }: PartitionProgress, now: number): number {
    if (position >= end - 1) return 0;
    const since = this.#samples.find(({ ends }) => (ends.get(topic)?.[partition]?.end ?? 0) - 1 > position);
    return since === undefined ? 0 : now - since.at;
  }

  /** When the projection was last seen elsewhere. */
  #movedAt(collection: string, partitions: readonly PartitionProgress[], sample: Sample): number {
    for (let index = this.#samples.length - 1; index >= 0; index--) {
      const older = this.#samples[index];
      if (older === undefined) break;
      const elsewhere = partitions.some((each) => positionIn(older.checkpoints, collection, each) !== each.position);
      if (elsewhere) return older.at;
    }
    return this.#samples[0]?.at ?? sample.at;
  }
}
