/**
 * Whoever projects follows the pointer to the generations: it folds the live one of each projection and, beside
 * it, what is being built or was kept, each set with a reader and a consumer group of its own, so that any number
 * of processes share a rebuild out as they share everything else. It drops what is to be dropped.
 */
import {
  abandon,
  changeGenerations,
  collectionIn,
  failBuild,
  foldedOf,
  forget,
  leaderOf,
  lineageOf,
  readGenerations,
  withLineage,
  type Generation,
  type Generations,
  type Lineage,
} from '../../projections/generations.ts';
import type { Projection } from '../../projections/projection.ts';
import { startProjector, type Projector, type ProjectorOptions } from '../../projections/projector.ts';
import { deferred } from '../ports/deferred.ts';
import { isShopError } from '../ports/errors.ts';
import { HeldModels } from './hold.ts';

export interface FollowOptions extends Omit<ProjectorOptions, 'group' | 'projections'> {
  readonly projections: readonly Projection[];
  readonly lookEveryMs?: number;
}

const LOOK_EVERY_MS = 1_000;
/**
 * What was seen of the pointer is good for so long; then it is read again before anything is stored. So whoever
 * opens a flip knows when everybody holds the live generation back, without knowing who there is. While a lot is
 * stored that is one small document more in so long a time, while nothing is, none; and a flip takes less than a second.
 */
export const SEEN_VALID_MS = 400;
/** A generation is dropped so long after the last one has stopped to fold it. */
const STOPPED_FOR_MS = 5_000;
/** A rebuild that nobody has driven for so long is given up. Until then the next one goes on with it. */
const ORPHANED_MS = 600_000;

/** One projection's generation within a reader. */
interface Member {
  readonly projection: Projection;
  readonly generation: Generation;
  readonly collection: string;
}

interface Reader {
  readonly members: readonly Member[];
  readonly held: HeldModels;
  readonly stopping: AbortController;
  readonly projector: Projector;
}

export class Following {
  readonly #options: FollowOptions;
  readonly #readers = new Map<string, Reader>();
  /** Readers that ended by themselves: they are not started again. */
  readonly #broken = new Set<string>();
  readonly #ended = deferred();
  readonly #stopping = new AbortController();
  #seen: { readonly at: number; readonly generations: Generations } = { at: -Infinity, generations: {} };
  #turn: Promise<void> = Promise.resolve();
  #loop: Promise<void> = Promise.resolve();

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#ended.promise.catch(() => {});
  }

  /** Resolves after stop(); rejects when a live generation can no longer be folded. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Resolves when everything is being folded. */
  async start(): Promise<void> {
    const { models, projections } = this.#options;
    // Written down, so that a later version finds out that there is an older one to answer until it is built.
    await changeGenerations(models, (present) =>
      projections.reduce((all, each) => withLineage(all, each.name, lineageOf(present, each)), present),
    );
    await this.look();
    this.#loop = this.#lookNowAndThen();
  }

  /** Looks at the pointer now; resolves when what it says is done, and nothing is on its way that it forbids. */
  look(): Promise<void> {
    const turn = this.#turn.then(() => this.#look());
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    await this.#turn;
    await Promise.all([...this.#readers.keys()].map((group) => this.#stop(group)));
    this.#ended.resolve();
  }

  async #lookNowAndThen(): Promise<void> {
    const { clock, logger, lookEveryMs = LOOK_EVERY_MS } = this.#options;
    const { signal } = this.#stopping;
    for (;;) {
      await clock.until(clock.now() + lookEveryMs, signal);
      if (signal.aborted) return;
      try {
        await this.look();
      } catch (error) {
        if (!isShopError(error)) logger.error({ error }, 'The generations could not be followed.');
        else logger.warn({ error }, 'The generations could not be followed; looking again.');
      }
    }
  }

  async #read(): Promise<Generations> {
    const at = this.#options.clock.now();
    const generations = await readGenerations(this.#options.models);
    this.#seen = { at, generations };
    return generations;
  }

  async #look(): Promise<void> {
    const generations = await this.#read();
    const wanted = this.#wanted(generations);
    for (const group of this.#readers.keys()) if (!wanted.has(group)) await this.#stop(group);
    for (const [group, members] of wanted) {
      if (!this.#readers.has(group) && !this.#broken.has(group)) await this.#start(group, members);
    }
    await Promise.all([...this.#readers.values()].map(({ held }) => held.settled()));
    await this.#tellFailures();
    for (const projection of this.#options.projections)
      await this.#tidy(projection, lineageOf(generations, projection));
  }

  /** Consumer group to what its reader folds. It follows from the pointer alone, so that all processes agree. */
  #wanted(generations: Generations): Map<string, Member[]> {
    const sets = new Map<string, Member[]>();
    for (const projection of this.#options.projections) {
      const lineage = lineageOf(generations, projection);
      for (const generation of foldedOf(lineage, this.#options.clock.now())) {
        // Other versions are folded by programs that have them.
        if (generation.version !== projection.version) continue;
        const member = { projection, generation, collection: collectionIn(projection.name, generation) };
        const set = projection.kind === 'folded' ? generation.set : `${projection.name} ${generation.generation}`;
        sets.set(set, [...(sets.get(set) ?? []), member]);
      }
    }
    return new Map([...sets.values()].map((members) => [groupOf(members), members]));
  }

  async #start(group: string, members: readonly Member[]): Promise<void> {
    const { models, clock } = this.#options;
    const stopping = new AbortController();
    const held = new HeldModels({
      models,
      clock,
      stopping: stopping.signal,
      fresh: () => this.#fresh(),
      leaderOf: (collection) => this.#leaderOf(members, collection),
    });
    const projector = await startProjector({ ...this.#options, models: held.models, group, projections: members });
    this.#readers.set(group, { members, held, stopping, projector });
    projector.ended.catch((error: unknown) => this.#readerFailed(group, members, error));
  }

  async #stop(group: string): Promise<void> {
    const reader = this.#readers.get(group);
    this.#readers.delete(group);
    reader?.stopping.abort();
    await reader?.projector.stop();
  }

  #readerFailed(group: string, members: readonly Member[], error: unknown): void {
    this.#broken.add(group);
    const live = members.find(({ projection, generation }) => {
      return lineageOf(this.#seen.generations, projection).live.generation === generation.generation;
    });
    if (live !== undefined) this.#ended.reject(error);
    else this.#options.logger.error({ group, error }, 'A generation beside the live one cannot be folded any more.');
  }

  /** Whoever stores goes by what was seen of the pointer lately. */
  async #fresh(): Promise<void> {
    const now = this.#options.clock.now();
    if (now - this.#seen.at > SEEN_VALID_MS || now < this.#seen.at) await this.#read();
  }

  #leaderOf(members: readonly Member[], collection: string): string | null {
    const now = this.#options.clock.now();
    const member = members.find((each) => each.collection === collection);
    if (member === undefined) return null;
    const { projection, generation } = member;
    const leader = leaderOf(lineageOf(this.#seen.generations, projection), generation.generation, now);
    return leader === null ? null : collectionIn(projection.name, leader);
  }

  /** Whoever drives a rebuild has to know that it leads nowhere. */
  async #tellFailures(): Promise<void> {
    for (const [group, { members, projector }] of this.#readers) {
      for (const { projection, generation } of members) {
        const why = projector.failures.get(projection.name) ?? (this.#broken.has(group) ? 'its reader failed' : null);
        const { building } = lineageOf(this.#seen.generations, projection);
        if (why === null || building?.generation !== generation.generation) continue;
        const message = typeof why === 'string' ? why : why.message;
        await this.#change(projection, (lineage) => failBuild(lineage, generation.generation, message));
      }
    }
  }

  /** Drops what is to be dropped, and gives up what nobody drives any more. */
  async #tidy(projection: Projection, lineage: Lineage): Promise<void> {
    const { models, clock, logger } = this.#options;
    const { building, retired } = lineage;
    const now = clock.now();
    if (building !== null && now - building.renewedAt > ORPHANED_MS) {
      await this.#change(projection, (present) => orphaned(present, now));
    }
    for (const generation of retired) {
      if (now < generation.dropAt + STOPPED_FOR_MS) continue;
      const collection = collectionIn(projection.name, generation);
      await models.dropCollection(collection);
      await this.#change(projection, (present) => forget(present, generation.generation));
      logger.info({ collection }, 'Dropped a generation that is out of use.');
    }
  }

  async #change(projection: Projection, change: (lineage: Lineage) => Lineage): Promise<void> {
    await changeGenerations(this.#options.models, (present) =>
      withLineage(present, projection.name, change(lineageOf(present, projection))),
    );
  }
}

/** Without what nobody drives any more. */
function orphaned(lineage: Lineage, now: number): Lineage {
  const { building } = lineage;
  if (building === null || now - building.renewedAt <= ORPHANED_MS) return lineage;
  const { generation, startedAt } = building;
  const unknown = { records: 0, total: 0, differences: null, examples: [] };
  const error = 'whoever rebuilt it has gone';
  return {
    ...abandon(lineage, now),
    last: { generation, state: 'CANCELLED', ...unknown, error, startedAt, endedAt: now },
  };
}

/** The consumer group of a reader. Generation 1 is named by its version alone. */
function groupOf(members: readonly Member[]): string {
  const names = members.map(({ projection: { name, version }, generation: { generation } }) =>
    generation === 1 ? `${name}.v${version}` : `${name}.v${version}.g${generation}`,
  );
  return `shopstream-${names.join('+')}`;
}
