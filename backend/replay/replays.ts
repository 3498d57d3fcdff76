/**
 * The rebuilds of a process: starts them, and tells how far they are; also those that other processes drive, as
 * far as the pointer and the checkpoints say. Rebuilds that were left unfinished are gone on with.
 */
import {
  changeGenerations,
  collectionIn,
  lineageOf,
  readGenerations,
  withLineage,
  type Choice,
  type Generations,
} from '../../projections/generations.ts';
import { orders } from '../../projections/orders.ts';
import type { Projection } from '../../projections/projection.ts';
import { isShopError, ShopError } from '../ports/errors.ts';
import { flipBack } from './back.ts';
import { expired } from './begun.ts';
import { endedAs, endsFor, isOver, progressOf, Rate, underWay, type Rebuild } from './rebuild.ts';
import { mendOrder, type Mended } from './one-order.ts';
import { startReplay, type Replay, type ReplayOptions } from './replay.ts';
import { ViewBuilder } from './views.ts';

/** The projections that there are, and what a replay needs. */
export interface ReplaysOptions extends Omit<ReplayOptions, 'keep' | 'dryRun' | 'onProgress'> {
  /** Nobody else can be at work on these read models: what is unfinished at the start has lost its owner. */
  readonly sole?: boolean;
}

const WATCH_EVERY_MS = 1_000;
const RESUME_EVERY_MS = 5_000;
/** A rebuild that ended is listed for so long. */
const LISTED_MS = 600_000;
/** What a request names when it means every projection. */
const ALL = 'all';

export class Replays {
  /** Views of the past, which nothing else here has to do with. */
  readonly views: ViewBuilder;
  readonly #options: ReplaysOptions;
  readonly #running = new Set<Replay>();
  readonly #listeners = new Set<(rebuilds: readonly Rebuild[]) => void>();
  readonly #rates = new Map<string, Rate>();
  readonly #stopping = new AbortController();
  /** Versions whose rebuild failed: they are tried again at the next start. */
  readonly #failed = new Set<string>();
  #watched: readonly Rebuild[] = [];
  #told = '';
  #loops: Promise<void>[] = [];

  constructor(options: ReplaysOptions) {
    this.#options = options;
    this.views = new ViewBuilder({ sole: false, ...options });
  }

  /** Begins to watch what other processes rebuild. Rejects with UNAVAILABLE or STORAGE. */
  async open(): Promise<void> {
    const { models, projections, clock, sole = false } = this.#options;
    if (sole) {
      await changeGenerations(models, (present) =>
        projections.reduce(
          (all, each) => withLineage(all, each.name, expired(lineageOf(present, each), clock.now())),
          present,
        ),
      );
    }
    await this.#watch();
    this.#loops.push(this.#every(WATCH_EVERY_MS, () => this.#watch()));
  }

  /**
   * Rebuilds a projection, or all of them together when it is "all"; resolves when it has begun. Rejects with
   * BAD_INPUT when there is no such projection or it is being rebuilt, UNAVAILABLE or STORAGE.
   */
  async start(projection: string, choice: Partial<Choice> = {}): Promise<Rebuild> {
    const [first] = await this.startAll([projection], choice);
    if (first === undefined) throw new Error('nothing was begun');
    return first;
  }

  /** Rebuilds several projections together. */
  async startAll(names: readonly string[], choice: Partial<Choice> = {}): Promise<readonly Rebuild[]> {
    return (await this.#begin(this.#named(names), choice)).rebuilds;
  }

  /** Makes the kept generations live again; see flipBack(). */
  async back(names: readonly string[]): Promise<void> {
    await flipBack({ ...this.#options, projections: this.#named(names) });
    await this.#watch();
  }

  /** Makes one order's document again from the log; see mendOrder(). */
  async mendOrder(orderId: string): Promise<Mended[]> {
    const { log, models } = this.#options;
    const collection = async (): Promise<string> => {
      return collectionIn(orders.name, lineageOf(await readGenerations(models), orders).live);
    };
    return mendOrder({ log, models, collection, orderId, signal: this.#stopping.signal });
  }

  /** Gives up what this process rebuilds; resolves when it is over. */
  async cancel(): Promise<void> {
    const running = [...this.#running];
    for (const replay of running) replay.cancel();
    await Promise.all(running.map(({ ended }) => ended));
    await this.#watch();
  }

  /** What is under way or has just ended, in the order of the projections. */
  list(): Rebuild[] {
    const own = [...this.#running].flatMap(({ rebuilds }) => rebuilds);
    return this.#options.projections.flatMap(({ name }) => {
      const isNamed = (each: Rebuild): boolean => each.projection === name;
      const found = own.findLast(isNamed) ?? this.#watched.find(isNamed);
      return found === undefined ? [] : [found];
    });
  }

  /** Tells the listener whenever the list changes; returns what ends that. */
  onChange(listener: (rebuilds: readonly Rebuild[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** From now on goes on with what was left unfinished, and rebuilds what has a newer version than its documents. */
  resume(): void {
    const resumed = async (): Promise<void> => {
      let first = true;
      const once = async (): Promise<void> => {
        await this.#resume(first);
        first = false;
      };
      await once().catch((error: unknown) => this.#failedTo(error));
      await this.#every(RESUME_EVERY_MS, once);
    };
    this.#loops.push(resumed());
  }

  /** Stops watching. What is being rebuilt is left for the next start, where there is only one process. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.views.stop();
    for (const replay of [...this.#running]) {
      if (this.#options.sole === true) await replay.release();
      else replay.cancel();
      await replay.ended;
    }
    await Promise.all(this.#loops);
  }

  #named(names: readonly string[]): readonly Projection[] {
    const { projections } = this.#options;
    if (names.includes(ALL)) return projections;
    return [...new Set(names)].map((name) => {
      const found = projections.find((each) => each.name === name);
      if (found !== undefined) return found;
      const known = projections.map((each) => each.name).join(', ');
      throw new ShopError('BAD_INPUT', `there is no projection "${name}"; there are ${known}, or ${ALL}`);
    });
  }

  async #begin(projections: readonly Projection[], choice: Partial<Choice>): Promise<Replay> {
    const replay = await startReplay({
      ...this.#options,
      projections,
      keep: choice.keep ?? false,
      dryRun: choice.dryRun ?? false,
      onProgress: () => this.#tell(),
    });
    this.#running.add(replay);
    this.#tell();
    void replay.ended.then(async () => {
      // Only then, so that the list never lacks it.
      await this.#watch().catch((error: unknown) => this.#failedTo(error));
      this.#running.delete(replay);
      this.#tell();
    });
    return replay;
  }

  /** Looks at the pointer, and tells when something is other than before. */
  async #watch(): Promise<void> {
    const { log, models, projections, clock } = this.#options;
    const generations = await readGenerations(models);
    const building = projections.filter((each) => lineageOf(generations, each).building !== null);
    const collections = building.map((each) => collectionOfBuild(generations, each));
    const ends = await endsFor(log, building);
    const checkpoints = collections.length === 0 ? [] : await models.checkpoints(collections);
    const now = clock.now();
    for (const name of this.#rates.keys()) if (!building.some((each) => each.name === name)) this.#rates.delete(name);
    this.#watched = projections.flatMap((projection) => {
      const { name } = projection;
      const lineage = lineageOf(generations, projection);
      if (lineage.building !== null) {
        const progress = progressOf(projection, collectionOfBuild(generations, projection), checkpoints, ends);
        const rate = this.#rates.get(name) ?? new Rate();
        this.#rates.set(name, rate);
        rate.note(now, progress.records);
        return [underWay(name, lineage, progress, rate.perSecond)].filter((each) => each !== null);
      }
      const { last } = lineage;
      return last !== null && now - last.endedAt < LISTED_MS ? [endedAs(name, last)] : [];
    });
    this.#tell();
  }

  #tell(): void {
    const rebuilds = this.list();
    const text = JSON.stringify(rebuilds);
    if (text === this.#told) return;
    this.#told = text;
    for (const listener of this.#listeners) listener(rebuilds);
  }

  async #resume(isFirst: boolean): Promise<void> {
    const { models, projections, sole = false } = this.#options;
    const generations = await readGenerations(models);
    const free = projections.filter((each) => !this.#isOwn(each));
    const orphans = free.filter((each) => isFirst && sole && lineageOf(generations, each).building !== null);
    for (const dryRun of [false, true]) {
      for (const keep of [false, true]) {
        const alike = orphans.filter((each) => {
          const choice = lineageOf(generations, each).building?.choice;
          return choice?.keep === keep && choice.dryRun === dryRun;
        });
        if (alike.length > 0) await this.#goOn(alike, { keep, dryRun });
      }
    }
    const outdated = free.filter((each) => {
      const isOlder = lineageOf(generations, each).live.version < each.version;
      return isOlder && !orphans.includes(each) && !this.#failed.has(each.name);
    });
    if (outdated.length > 0) await this.#goOn(outdated, {});
  }

  async #goOn(projections: readonly Projection[], choice: Partial<Choice>): Promise<void> {
    try {
      const { ended } = await this.#begin(projections, choice);
      for (const { projection, state } of await ended) if (state === 'FAILED') this.#failed.add(projection);
    } catch (error) {
      // Another process is at it.
      if (!isShopError(error, 'BAD_INPUT')) throw error;
    }
  }

  #isOwn({ name }: Projection): boolean {
    return [...this.#running].some(({ rebuilds }) =>
      rebuilds.some((each) => each.projection === name && !isOver(each)),
    );
  }

  async #every(ms: number, action: () => Promise<void>): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stopping;
    for (;;) {
      await clock.until(clock.now() + ms, signal);
      if (signal.aborted) return;
      await action().catch((error: unknown) => this.#failedTo(error));
    }
  }

  #failedTo(error: unknown): void {
    this.#options.logger.warn({ error }, 'The rebuilds could not be looked at; looking again.');
  }
}

function collectionOfBuild(generations: Generations, projection: Projection): string {
  const { building, live } = lineageOf(generations, projection);
  return collectionIn(projection.name, building ?? live);
}
