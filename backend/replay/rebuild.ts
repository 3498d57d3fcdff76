/** What a rebuild of a projection looks like from outside. */
import type { Ended, Lineage } from '../../projections/generations.ts';
import type { Bounds, EventLog } from '../ports/event-log.ts';
import type { Checkpoint } from '../ports/read-models.ts';
import type { Topic } from '../events/topics.ts';
import type { Projection } from '../../projections/projection.ts';
import { positionIn } from '../../projections/positions.ts';

export type RebuildState = 'FOLDING' | 'COMPARING' | 'SWAPPED' | 'FAILED' | 'CANCELLED';

export interface Rebuild {
  readonly projection: string;
  readonly generation: number;
  readonly state: RebuildState;
  /** Offsets folded so far, of `total`; both by offsets, some of which hold no record. */
  readonly records: number;
  readonly total: number;
  readonly recordsPerSecond: number;
  /** Null when it cannot be told. */
  readonly secondsLeft: number | null;
  /** Documents of the live generation that differ from what the log says; null when nobody has compared. */
  readonly differences: number | null;
  /** The first of these, one line each. */
  readonly examples: readonly string[];
  readonly error: string | null;
  /** For people, while it is under way: what it waits for. */
  readonly note: string | null;
  /** ISO 8601 in UTC. */
  readonly startedAt: string;
  readonly endedAt: string | null;
}

export function isOver({ state }: Pick<Rebuild, 'state'>): boolean {
  return state !== 'FOLDING' && state !== 'COMPARING';
}

/** How far a collection is, in offsets, over all topics of its projection. */
export function progressOf(
  { topics }: Projection,
  collection: string,
  checkpoints: readonly Checkpoint[],
  ends: ReadonlyMap<Topic, readonly Bounds[]>,
): { readonly records: number; readonly total: number } {
  let records = 0;
  let total = 0;
  for (const topic of topics) {
    for (const [partition, { end }] of (ends.get(topic) ?? []).entries()) {
      total += end;
      records += Math.min(end, positionIn(checkpoints, collection, { topic, partition }) + 1);
    }
  }
  return { records, total };
}

/** The ends of every topic of the projections. */
export async function endsFor(
  log: EventLog,
  projections: readonly Projection[],
): Promise<ReadonlyMap<Topic, readonly Bounds[]>> {
  const ends = new Map<Topic, readonly Bounds[]>();
  for (const topic of new Set(projections.flatMap(({ topics }) => topics))) ends.set(topic, await log.bounds(topic));
  return ends;
}

/** Records a second over the last few seconds. */
export class Rate {
  readonly #samples: { readonly at: number; readonly records: number }[] = [];

  note(at: number, records: number): void {
    this.#samples.push({ at, records });
    while (this.#samples.length > 2 && at - (this.#samples[0]?.at ?? at) > RATE_WINDOW_MS) this.#samples.shift();
  }

  /** 0 until there are two looks. */
  get perSecond(): number {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.at <= first.at) return 0;
    return Math.max(0, ((last.records - first.records) * 1_000) / (last.at - first.at));
  }
}

const RATE_WINDOW_MS = 5_000;

/** The same rebuild, further on. */
export function progressed(
  rebuild: Rebuild,
  { records, total }: { readonly records: number; readonly total: number },
  perSecond: number,
): Rebuild {
  const left = secondsLeft(records, total, perSecond);
  return { ...rebuild, records, total, recordsPerSecond: perSecond, secondsLeft: left };
}

/** Null when nothing moves. */
function secondsLeft(records: number, total: number, perSecond: number): number | null {
  if (records >= total) return 0;
  return perSecond > 0 ? (total - records) / perSecond : null;
}

/** A rebuild that somebody else drives, as the pointer and the checkpoints tell; null when none is under way. */
export function underWay(
  projection: string,
  { building }: Lineage,
  progress: { readonly records: number; readonly total: number },
  perSecond: number,
): Rebuild | null {
  if (building === null) return null;
  return {
    projection,
    generation: building.generation,
    state: building.phase === 'folding' ? 'FOLDING' : 'COMPARING',
    ...progress,
    recordsPerSecond: perSecond,
    secondsLeft: secondsLeft(progress.records, progress.total, perSecond),
    differences: null,
    examples: [],
    error: building.error,
    note: null,
    startedAt: new Date(building.startedAt).toISOString(),
    endedAt: null,
  };
}

/** A rebuild that ended, as the pointer has it. */
export function endedAs(projection: string, ended: Ended): Rebuild {
  const { startedAt, endedAt, records, ...rest } = ended;
  const seconds = (endedAt - startedAt) / 1_000;
  return {
    projection,
    ...rest,
    records,
    recordsPerSecond: seconds > 0 ? records / seconds : 0,
    secondsLeft: 0,
    note: null,
    startedAt: new Date(startedAt).toISOString(),
    endedAt: new Date(endedAt).toISOString(),
  };
}
