/**
 * Generations: which collection of each projection answers, which one is being built to take its place, and
 * which ones are on their way out. All of it is one small document in the read models. It is read once for each
 * answer, so that no answer mixes two generations, and changed by compare-and-set only.
 *
 * What stands here says what is to be, not who does it: whoever projects folds what `foldedOf` names, and drops
 * what is to be dropped; whoever drives a rebuild moves its projection from one state to the next.
 */
import { changeMeta } from '../backend/ports/change-meta.ts';
import type { ReadModels } from '../backend/ports/read-models.ts';
import { collectionOf, type Projection } from './projection.ts';

/** One complete set of a projection's documents. */
export interface Generation {
  /** Never used twice for a projection, whatever its version. */
  readonly generation: number;
  /** The version of the projection that folds it. */
  readonly version: number;
  /** Statistics that were begun together share one reading of the log, and bear the same text here. */
  readonly set: string;
}

export interface Choice {
  readonly keep: boolean;
  readonly dryRun: boolean;
}

/** A generation that is being made beside the live one. */
export interface Build extends Generation {
  /** Epoch ms, as every instant here. */
  readonly startedAt: number;
  /** A token of whoever drives the rebuild; nobody else finishes it. */
  readonly owner: string;
  /** The owner's last sign of life. */
  readonly renewedAt: number;
  readonly phase: 'folding' | 'comparing';
  /** What was asked for: whether the former generation stays, and whether this one only shows what would change. */
  readonly choice: Choice;
  /** Why it cannot be folded, as a projector found out; null while it can. */
  readonly error: string | null;
}

/** A generation that nobody reads from now on. */
export interface Retired extends Generation {
  /** Answers that began earlier may read it until then. */
  readonly dropAt: number;
}

/** The live generation is about to change: until it has, the present one is held behind the one to come. */
export interface Flip {
  readonly to: number;
  readonly owner: string;
  readonly renewedAt: number;
}

/** How the last rebuild of a projection ended. */
export interface Ended {
  readonly generation: number;
  readonly state: 'SWAPPED' | 'FAILED' | 'CANCELLED';
  readonly records: number;
  readonly total: number;
  /** Documents of the live generation that were not as they must be; null when nobody compared. */
  readonly differences: number | null;
  /** The first of these, for people. */
  readonly examples: readonly string[];
  readonly error: string | null;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** All generations of one projection that there are. */
export interface Lineage {
  readonly live: Generation;
  readonly building: Build | null;
  /** The one that was live before, when it was kept: folded on, so that the way back is always fresh. */
  readonly kept: Generation | null;
  readonly retired: readonly Retired[];
  readonly flip: Flip | null;
  /** When the live one became so; null for the first. */
  readonly flippedAt: number | null;
  /** The number of the next generation. */
  readonly next: number;
  readonly last: Ended | null;
}

/** By projection name. */
export type Generations = Readonly<Record<string, Lineage>>;

const META = 'generations';
const FIRST_SET = 'first';

/** An owner that has not been heard of for so long has gone. */
export const LEASE_MS = 15_000;
/** Answers that began before a flip may read the former generation for so long after it. */
export const GRACE_MS = 30_000;

/** Reads the pointer. Rejects with UNAVAILABLE or STORAGE. */
export async function readGenerations(models: ReadModels): Promise<Generations> {
  return ((await models.getMeta(META)) ?? {}) as Generations;
}

/**
 * Changes the pointer: `change` gets the present state and returns the next one, or the same object to leave it.
 * It is called again when somebody else changed it meanwhile. Resolves to the state that holds now. An answer
 * that was lost (UNAVAILABLE) leaves open whether it took place, so changes must be fit to be asked for twice.
 */
export async function changeGenerations(
  models: ReadModels,
  change: (present: Generations) => Generations,
): Promise<Generations> {
  return changeMeta(models, { name: META, what: 'the pointer to the generations', absent: {} }, change);
}

/**
 * The generations of a projection. What is not in the pointer yet is in its first generation, and that is live.
 * Where the pointer names others already, it has a set of its own: it is read from the log's beginning, which must
 * not hold those up that are at its end. Whoever writes several down asks for each with the pointer as it was.
 */
export function lineageOf(generations: Generations, { name, version }: Pick<Projection, 'name' | 'version'>): Lineage {
  return (
    generations[name] ?? {
      live: { generation: 1, version, set: Object.keys(generations).length === 0 ? FIRST_SET : name },
      building: null,
      kept: null,
      retired: [],
      flip: null,
      flippedAt: null,
      next: 2,
      last: null,
    }
  );
}

/** Replaces one projection's generations. */
export function withLineage(generations: Generations, name: string, lineage: Lineage): Generations {
  return generations[name] === lineage ? generations : { ...generations, [name]: lineage };
}

/** The collection of a generation of the projection with this name. */
export function collectionIn(name: string, { generation, version }: Generation): string {
  return collectionOf({ name, version }, generation);
}

/** Projection name to its live collection: what an answer reads. */
export function collectionsOf(
  generations: Generations,
  projections: readonly Projection[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    projections.map((projection) => [
      projection.name,
      collectionIn(projection.name, lineageOf(generations, projection).live),
    ]),
  );
}

/** The generations that are to be folded on. */
export function foldedOf(lineage: Lineage, now: number): Generation[] {
  const { live, building, kept, retired } = lineage;
  const inGrace = retired.filter(({ dropAt }) => now < dropAt);
  const beside = [building?.error === null ? building : null, kept].filter((each) => each !== null);
  return [live, ...beside, ...inGrace];
}

export function isLeaseOut(renewedAt: number, now: number): boolean {
  return now - renewedAt > LEASE_MS;
}

/**
 * The generation that must be ahead of the given one, position by position; null when it is free. During a flip
 * the live one waits for the one to come, and for a while after it the former one for the live: so nobody who
 * changes over from one to the other sees less than before.
 */
export function leaderOf(lineage: Lineage, generation: number, now: number): Generation | null {
  const { live, flip, flippedAt, building, kept } = lineage;
  const to = flip === null || isLeaseOut(flip.renewedAt, now) ? null : flip.to;
  if (generation === live.generation) return [building, kept].find((each) => each?.generation === to) ?? null;
  // On the way back the two would wait for each other.
  if (generation === to || generation === building?.generation || flippedAt === null || now - flippedAt > GRACE_MS)
    return null;
  return live;
}

// From one state to the next. All of them are pure.

export interface BeginOptions {
  readonly version: number;
  readonly set: string;
  readonly owner: string;
  readonly choice: Choice;
  readonly now: number;
}

/** Begins a generation beside the live one, in the place of any that was being built. */
export function begin(lineage: Lineage, { version, set, owner, choice, now }: BeginOptions): Lineage {
  const free = abandon(lineage, now);
  const building: Build = {
    generation: free.next,
    version,
    set,
    startedAt: now,
    owner,
    renewedAt: now,
    phase: 'folding',
    choice,
    error: null,
  };
  return { ...free, building, next: free.next + 1 };
}

/** Goes on with what somebody else began. */
export function takeOver(
  lineage: Lineage,
  { owner, choice, now }: Pick<BeginOptions, 'owner' | 'choice' | 'now'>,
): Lineage {
  const { building } = lineage;
  if (building === null) return lineage;
  const taken: Build = { ...building, owner, choice, renewedAt: now, phase: 'folding', error: null };
  return { ...lineage, building: taken, flip: null };
}

/** The owner's sign of life. */
export function renew(lineage: Lineage, owner: string, now: number, phase?: Build['phase']): Lineage {
  const { building, flip } = lineage;
  return {
    ...lineage,
    building:
      building?.owner === owner ? { ...building, renewedAt: now, ...(phase === undefined ? {} : { phase }) } : building,
    flip: flip?.owner === owner ? { ...flip, renewedAt: now } : flip,
  };
}

/** A projector found out that the generation cannot be folded. */
export function failBuild(lineage: Lineage, generation: number, error: string): Lineage {
  const { building } = lineage;
  if (building?.generation !== generation || building.error !== null) return lineage;
  return { ...lineage, building: { ...building, error } };
}

/** From now on the live generation waits for the one to come. */
export function openFlip(lineage: Lineage, flip: Flip): Lineage {
  return { ...lineage, flip };
}

export function closeFlip(lineage: Lineage): Lineage {
  return lineage.flip === null ? lineage : { ...lineage, flip: null };
}

export interface FlipOptions {
  readonly now: number;
  /** Whether the former generation stays, and goes on being folded. */
  readonly keep: boolean;
}

/** Makes the generation that the flip is to the live one. What was kept before goes. */
export function flip(lineage: Lineage, { now, keep }: FlipOptions): Lineage {
  const { live, building, kept, retired, flip: opened } = lineage;
  const to = [building, kept].find((each) => each !== null && each.generation === opened?.to);
  if (to === undefined || to === null) return lineage;
  const back = to === kept;
  const former = [live, ...(back || kept === null ? [] : [kept])];
  const stays = keep || back ? live : null;
  const gone = former.filter((each) => each !== stays).map((each) => ({ ...plain(each), dropAt: now + GRACE_MS }));
  return {
    ...lineage,
    live: plain(to),
    building: back ? building : null,
    kept: stays,
    retired: [...retired, ...gone],
    flip: null,
    flippedAt: now,
  };
}

/** Gives up what is being built; the live generation stays as it is. */
export function abandon(lineage: Lineage, now: number): Lineage {
  const { building, retired, flip: opened } = lineage;
  if (building === null) return lineage;
  return {
    ...lineage,
    building: null,
    retired: [...retired, { ...plain(building), dropAt: now }],
    flip: opened?.to === building.generation ? null : opened,
  };
}

/** The retired generation has been dropped. */
export function forget(lineage: Lineage, generation: number): Lineage {
  const retired = lineage.retired.filter((each) => each.generation !== generation);
  return retired.length === lineage.retired.length ? lineage : { ...lineage, retired };
}

/** Only the fields of a generation. */
function plain({ generation, version, set }: Generation): Generation {
  return { generation, version, set };
}
