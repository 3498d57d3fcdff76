/**
 * One rebuild of one or several projections, from its beginning to its end: begin a generation beside the live
 * one, wait until whoever projects has folded the log into it, hold it against an independent fold, and make it
 * the live one. Until that last step nobody who reads sees anything of it; whatever happens before, the live
 * generation stays as it is. Nothing is sent again: mails and reports are no projections.
 */
import { randomUUID } from 'node:crypto';
import {
  abandon,
  changeGenerations,
  collectionIn,
  lineageOf,
  readGenerations,
  renew,
  withLineage,
  type Build,
  type Ended,
  type Generations,
  type Lineage,
} from '../../projections/generations.ts';
import type { Projection } from '../../projections/projection.ts';
import type { Clock } from '../ports/clock.ts';
import { isShopError } from '../ports/errors.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Logger } from '../ports/logger.ts';
import type { ReadModels } from '../ports/read-models.ts';
import { untilAnswered } from './answers.ts';
import { begun } from './begun.ts';
import { compare } from './compare.ts';
import { flipTo, HOLD_MS } from './flip.ts';
import { endedAs, endsFor, isOver, progressed, progressOf, Rate, underWay, type Rebuild } from './rebuild.ts';

export interface ReplayOptions {
  readonly log: EventLog;
  readonly models: ReadModels;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly projections: readonly Projection[];
  readonly keep?: boolean;
  readonly dryRun?: boolean;
  /** Tells whoever projects in this process to look at the pointer; resolves when it has. */
  readonly told?: () => Promise<void>;
  /** See HOLD_MS. Less where all who project are told at once. */
  readonly holdMs?: number;
  readonly onProgress?: (rebuilds: readonly Rebuild[]) => void;
}

export interface Replay {
  /** As they are now, in the order of the projections. */
  readonly rebuilds: readonly Rebuild[];
  /** Resolves when all of them are over, however they ended. */
  readonly ended: Promise<readonly Rebuild[]>;
  /** Gives up: what is live stays, what is being built goes. */
  cancel(): void;
  /** Leaves it as it is, for whoever goes on with it. */
  release(): Promise<void>;
}

const POLL_MS = 200;
const HEARTBEAT_MS = 3_000;
/** Nothing has moved for so long: nobody folds. */
const STALLED_MS = 10_000;
/** With no more than so many records before it a rebuild is at the head of the log. */
const HEAD_RECORDS_MAX = 1_000;

/**
 * Begins. Rejects with BAD_INPUT when one of the projections is being rebuilt already, and with UNAVAILABLE or
 * STORAGE. What nobody drives any more is taken over: it goes on where it is.
 */
export async function startReplay(options: ReplayOptions): Promise<Replay> {
  const replay = new RunningReplay(options);
  await replay.begin();
  return replay;
}

/** One projection on its way. */
interface Item {
  readonly projection: Projection;
  readonly build: Build;
  readonly collection: string;
  readonly rate: Rate;
  rebuild: Rebuild;
}

class RunningReplay implements Replay {
  readonly ended: Promise<readonly Rebuild[]>;
  readonly #options: ReplayOptions;
  readonly #owner = randomUUID();
  readonly #stopping = new AbortController();
  readonly #beating = new AbortController();
  #items: Item[] = [];
  #released = false;
  #settle: (rebuilds: readonly Rebuild[]) => void = () => {};

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.ended = new Promise((resolve) => (this.#settle = resolve));
  }

  get rebuilds(): readonly Rebuild[] {
    return this.#items.map(({ rebuild }) => rebuild);
  }

  async begin(): Promise<void> {
    const { models, projections, clock, logger } = this.#options;
    const now = clock.now();
    const generations = await changeGenerations(models, (present) =>
      projections.reduce(
        (all, each) =>
          withLineage(
            all,
            each.name,
            begun(lineageOf(present, each), each, { ...this.#options, owner: this.#owner, now }),
          ),
        present,
      ),
    );
    for (const projection of projections) {
      const lineage = lineageOf(generations, projection);
      const { building } = lineage;
      const rebuild = underWay(projection.name, lineage, { records: 0, total: 0 }, 0);
      if (building === null || rebuild === null) throw new Error(`${projection.name} was not begun`);
      const collection = collectionIn(projection.name, building);
      this.#items.push({ projection, build: building, collection, rate: new Rate(), rebuild });
      logger.info({ projection: projection.name, generation: building.generation }, 'Rebuilding a projection.');
    }
    void this.#beat();
    void this.#run();
  }

  cancel(): void {
    this.#stopping.abort(new Cancelled());
  }

  async release(): Promise<void> {
    this.#released = true;
    this.cancel();
    await this.ended;
  }

  async #run(): Promise<void> {
    try {
      await this.#answer(() => this.#tell());
      await this.#fold();
      await this.#compare();
      await this.#flip();
    } catch (error) {
      await this.#giveUp(error);
    }
    this.#beating.abort();
    this.#progress();
    this.#settle(this.rebuilds);
  }

  /** Those that are still on their way. */
  get #going(): Item[] {
    return this.#items.filter(({ rebuild }) => !isOver(rebuild));
  }

  /** Waits until all of them are at the head of the log. */
  async #fold(): Promise<void> {
    const { clock, log, models } = this.#options;
    let ends = null;
    let most = -1;
    let movedAt = clock.now();
    for (;;) {
      this.#stopping.signal.throwIfAborted();
      const now = clock.now();
      const present = await this.#answer(() => endsFor(log, this.#projections));
      const checkpoints = await this.#answer(() => models.checkpoints(this.#going.map(({ collection }) => collection)));
      ends ??= present;
      let done = 0;
      let behindThen = 0;
      let behindNow = 0;
      for (const item of this.#going) {
        const then = progressOf(item.projection, item.collection, checkpoints, ends);
        const progress = progressOf(item.projection, item.collection, checkpoints, present);
        item.rate.note(now, progress.records);
        item.rebuild = progressed(item.rebuild, progress, item.rate.perSecond);
        done += progress.records;
        behindThen += then.total - then.records;
        behindNow += progress.total - progress.records;
      }
      if (done > most) [most, movedAt] = [done, now];
      const stalled = behindNow > 0 && now - movedAt > STALLED_MS;
      const note = stalled ? 'nothing moves: is a projector running (npm run project)?' : null;
      this.#note(note);
      if (behindThen === 0 && behindNow <= HEAD_RECORDS_MAX) return;
      if (behindThen === 0) ends = present;
      await clock.until(now + POLL_MS, this.#stopping.signal);
    }
  }

  /** The gate, and what the live generation has wrong. */
  async #compare(): Promise<void> {
    const { log, models } = this.#options;
    const { signal } = this.#stopping;
    await this.#answer(() => this.#renew('comparing'));
    for (const item of this.#going) item.rebuild = { ...item.rebuild, state: 'COMPARING', note: null };
    const items = this.#going.map(({ projection, build }) => ({ projection, generation: build }));
    const onProgress = (done: number, total: number): void => {
      this.#note(`compared ${Math.floor((100 * done) / Math.max(1, total))}%`);
    };
    const judged = await this.#answer(() => compare({ log, models, items, onProgress, signal }));
    for (const item of this.#going) {
      const verdict = judged.get(item.projection.name);
      if (verdict === undefined) continue;
      const { differences, examples, wrong } = verdict;
      item.rebuild = { ...item.rebuild, differences, examples, note: null };
      if (wrong !== null) await this.#abandon(item, 'FAILED', wrong);
      else if (item.build.choice.dryRun) await this.#abandon(item, 'CANCELLED', null);
    }
  }

  async #flip(): Promise<void> {
    const { models, clock, logger, keep = false, holdMs = HOLD_MS } = this.#options;
    const going = this.#going;
    if (going.length === 0) return;
    const itemOf = new Map(going.map((item) => [item.projection.name, item]));
    const finish = (lineage: Lineage, { name }: Projection): Lineage => {
      const item = itemOf.get(name);
      return item === undefined ? lineage : { ...lineage, last: this.#endedAs(item, 'SWAPPED', null) };
    };
    await this.#answer(() =>
      flipTo({
        models,
        clock,
        owner: this.#owner,
        targets: going.map(({ projection, build }) => ({ projection, to: build })),
        keep,
        holdMs,
        told: () => this.#tell(),
        isOurs: ({ building }) => building?.owner === this.#owner,
        waiting: () => this.#note('waits until the new generation is where the live one is'),
        finish: (lineage, { projection }) => finish(lineage, projection),
        signal: this.#stopping.signal,
      }),
    );
    const generations = await this.#answer(() => readGenerations(models));
    for (const item of this.#going) {
      const { live, last } = lineageOf(generations, item.projection);
      if (live.generation !== item.build.generation || last === null) {
        this.#over(item, this.#endedAs(item, 'FAILED', lost(item)));
        continue;
      }
      this.#over(item, last);
      const { generation, differences } = item.rebuild;
      logger.info({ projection: item.projection.name, generation, differences }, 'A rebuilt projection is live.');
    }
  }

  #over(item: Item, ended: Ended): void {
    item.rebuild = endedAs(item.projection.name, ended);
  }

  async #giveUp(error: unknown): Promise<void> {
    const cancelled = error instanceof Cancelled;
    if (!cancelled && !isShopError(error)) this.#options.logger.error({ error }, 'A rebuild failed.');
    for (const item of this.#going) {
      if (this.#released) item.rebuild = { ...item.rebuild, note: 'left for later' };
      else await this.#abandon(item, cancelled ? 'CANCELLED' : 'FAILED', cancelled ? null : (error as Error).message);
    }
  }

  /** The live generation stays; this one goes. */
  async #abandon(item: Item, state: 'FAILED' | 'CANCELLED', error: string | null): Promise<void> {
    const { models, clock, logger } = this.#options;
    const { name } = item.projection;
    let ended = this.#endedAs(item, state, error);
    const cleared = ended;
    const change = (present: Generations): Generations => {
      const lineage = lineageOf(present, item.projection);
      if (lineage.building?.owner !== this.#owner) return present;
      return withLineage(present, name, { ...abandon(lineage, clock.now()), last: cleared });
    };
    try {
      const { live, last } = lineageOf(await changeGenerations(models, change), item.projection);
      // The answer to the last step may have been lost: then it took place.
      if (live.generation === item.build.generation && last !== null) ended = last;
      else await this.#tell();
    } catch (failure) {
      // Nobody drives it any more: whoever projects gives it up in a while.
      logger.warn({ error: failure, projection: name }, 'A rebuild that ended could not be cleared away.');
    }
    this.#over(item, ended);
  }

  #endedAs({ rebuild, build }: Item, state: Ended['state'], error: string | null): Ended {
    const { generation, records, total, differences, examples } = rebuild;
    const endedAt = this.#options.clock.now();
    return { generation, state, records, total, differences, examples, error, startedAt: build.startedAt, endedAt };
  }

  /** Tells, now and then, that somebody drives this; and finds out what others say of it. */
  async #beat(): Promise<void> {
    const { clock, logger } = this.#options;
    const { signal } = this.#beating;
    for (;;) {
      await clock.until(clock.now() + HEARTBEAT_MS, signal);
      if (signal.aborted) return;
      await this.#renew().catch((error: unknown) => logger.warn({ error }, 'A rebuild could not give a sign of life.'));
    }
  }

  async #renew(phase?: Build['phase']): Promise<void> {
    const { models, clock } = this.#options;
    const generations = await changeGenerations(models, (present) =>
      this.#going.reduce((all, { projection }) => {
        const lineage = lineageOf(all, projection);
        return withLineage(all, projection.name, renew(lineage, this.#owner, clock.now(), phase));
      }, present),
    );
    for (const item of this.#going) {
      const { building, live } = lineageOf(generations, item.projection);
      if (live.generation === item.build.generation) continue;
      if (building?.owner !== this.#owner) this.#over(item, this.#endedAs(item, 'FAILED', lost(item)));
      else if (building.error !== null) await this.#abandon(item, 'FAILED', building.error);
    }
  }

  get #projections(): readonly Projection[] {
    return this.#going.map(({ projection }) => projection);
  }

  async #tell(): Promise<void> {
    await this.#options.told?.();
  }

  #note(note: string | null): void {
    for (const item of this.#going) item.rebuild = { ...item.rebuild, note };
    this.#progress();
  }

  #progress(): void {
    this.#options.onProgress?.(this.rebuilds);
  }

  #answer<T>(ask: () => Promise<T>): Promise<T> {
    const { clock, logger } = this.#options;
    return untilAnswered({ clock, logger, signal: this.#stopping.signal }, ask);
  }
}

/** Somebody wanted it to end. */
class Cancelled extends Error {}

function lost({ projection, build }: Item): string {
  return (
    `the rebuild of ${projection.name} (generation ${build.generation}) was cancelled, ` +
    'or another process has taken it over'
  );
}
