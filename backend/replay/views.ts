/**
 * Builds and drops views of the past. The live projections have no part in it: a view is folded straight from the
 * log, into collections of its own, and nobody answers from it before it is complete.
 */
import { randomUUID } from 'node:crypto';
import { isLeaseOut } from '../../projections/generations.ts';
import type { Projection } from '../../projections/projection.ts';
import { eventsIn } from '../events/record.ts';
import { describeTopic, isTopic } from '../events/topics.ts';
import type { Clock } from '../ports/clock.ts';
import { isShopError, ShopError } from '../ports/errors.ts';
import type { Bounds, EventLog } from '../ports/event-log.ts';
import type { Logger } from '../ports/logger.ts';
import type { ReadModels } from '../ports/read-models.ts';
import { decodePosition, type Position } from '../queries/position.ts';
import { readViews, type HalfBuilt, type View, type ViewUntil } from '../queries/views.ts';
import { endsFor } from './rebuild.ts';
import { foldView } from './view-fold.ts';
import { begunView, changeViews, collectionsOf, completed, dropped, withHalf } from './view-list.ts';

export interface ViewsOptions {
  readonly log: EventLog;
  readonly models: ReadModels;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly projections: readonly Projection[];
  /** Nobody else can be building views in these read models. */
  readonly sole: boolean;
}

export interface ViewRequest {
  readonly name: string;
  readonly until: ViewUntil;
  /** Names of projections; all of them when empty. */
  readonly projections: readonly string[];
  readonly replace: boolean;
}

/** A view as it is listed. */
export interface ListedView {
  readonly name: string;
  /** HALF_BUILT: nobody is at it; the same request goes on with it. */
  readonly state: 'READY' | 'BUILDING' | 'HALF_BUILT';
  readonly until: ViewUntil;
  /** Epoch ms. */
  readonly asOf: number;
  readonly projections: readonly string[];
  /** Offsets folded, of how many. */
  readonly records: number;
  readonly total: number;
  readonly error: string | null;
}

const RENEW_EVERY_MS = 3_000;
const LAST_RECORDS = 20;
/** "orders/0:123,orders/1:80" */
const OFFSETS = /^[a-z-]+\/\d+:\d+(?:,[a-z-]+\/\d+:\d+)*$/;

export class ViewBuilder {
  readonly #options: ViewsOptions;
  readonly #running = new Map<string, { readonly stopping: AbortController; readonly done: Promise<void> }>();

  constructor(options: ViewsOptions) {
    this.#options = options;
  }

  /** Begins; resolves when it has. Rejects with BAD_INPUT, UNAVAILABLE or STORAGE. */
  async build({ name, until, projections, replace }: ViewRequest): Promise<void> {
    if (this.#running.has(name)) throw new ShopError('BAD_INPUT', `the view "${name}" is being built; wait for it`);
    const { models, clock, sole } = this.#options;
    const chosen = this.#options.projections.filter(
      (each) => projections.length === 0 || projections.includes(each.name),
    );
    const owner = randomUUID();
    const now = clock.now();
    const view = { name, until, ...(await this.#spanOf(until, chosen)), startedAt: now };
    const views = await changeViews(models, (present) =>
      begunView(present, { view, projections: chosen, owner, now, replace, sole }),
    );
    const half = views.building[name];
    if (half === undefined) throw new Error(`the view ${name} was not begun`);
    const stopping = new AbortController();
    this.#running.set(name, { stopping, done: this.#run(half, stopping.signal) });
  }

  async list(): Promise<ListedView[]> {
    const { models, clock, sole } = this.#options;
    const { ready, building } = await readViews(models);
    const listed = Object.values(ready).map((view): ListedView => {
      const total = totalOf(view);
      return { ...this.#common(view), state: 'READY', records: total, total, error: null };
    });
    for (const half of Object.values(building)) {
      const isHere = this.#running.has(half.name);
      const isElsewhere = !sole && !isLeaseOut(half.renewedAt, clock.now());
      const state = half.error === null && (isHere || isElsewhere) ? 'BUILDING' : 'HALF_BUILT';
      listed.push({ ...this.#common(half), state, ...(await this.#progressOf(half)), error: half.error });
    }
    return listed.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Removes a view, complete or not; ends its being built. Rejects with BAD_INPUT when there is none. */
  async drop(name: string): Promise<void> {
    const running = this.#running.get(name);
    running?.stopping.abort(new ShopError('CLOSED', 'the view is being dropped'));
    await running?.done;
    await changeViews(this.#options.models, (present) => dropped(present, name));
    await this.#sweep();
  }

  /** Leaves what is being built as it is. */
  async stop(): Promise<void> {
    for (const { stopping, done } of [...this.#running.values()]) {
      stopping.abort(new ShopError('CLOSED', 'left for later'));
      await done;
    }
  }

  #common({ name, until, asOf, collections }: View): Pick<ListedView, 'name' | 'until' | 'asOf' | 'projections'> {
    return { name, until, asOf, projections: Object.keys(collections) };
  }

  async #progressOf(view: View): Promise<{ records: number; total: number }> {
    const checkpoints = await this.#options.models.checkpoints(collectionsOf(view));
    const least = new Map<string, number>();
    for (const { name, topics } of this.#options.projections) {
      const collection = view.collections[name]?.collection;
      if (collection === undefined) continue;
      for (const topic of topics) {
        for (const partition of (view.ends[topic] ?? []).keys()) {
          const found = checkpoints.find(
            (each) => each.collection === collection && each.topic === topic && each.partition === partition,
          );
          const id = `${topic}/${partition}`;
          least.set(id, Math.min(least.get(id) ?? Infinity, (found?.position ?? -1) + 1));
        }
      }
    }
    return { records: [...least.values()].reduce((sum, each) => sum + each, 0), total: totalOf(view) };
  }

  async #run(half: HalfBuilt, signal: AbortSignal): Promise<void> {
    const { log, models, clock, logger, projections } = this.#options;
    const { name, owner } = half;
    let renewedAt = half.renewedAt;
    const alive = async (): Promise<void> => {
      if (clock.now() - renewedAt < RENEW_EVERY_MS) return;
      renewedAt = clock.now();
      const views = await changeViews(models, (present) => withHalf(present, name, owner, { renewedAt }));
      if (views.building[name]?.owner !== owner)
        throw new ShopError('UNAVAILABLE', 'another process has taken it over');
    };
    try {
      await foldView({ log, models, view: half, projections, alive, signal });
      await changeViews(models, (present) => completed(present, name, owner));
      await this.#sweep();
    } catch (error) {
      if (!isShopError(error)) logger.error({ error, view: name }, 'A view could not be built.');
      const message = (error as Error).message;
      await changeViews(models, (present) => withHalf(present, name, owner, { error: message })).catch(
        (failure: unknown) => logger.warn({ error: failure, view: name }, 'A view that failed could not be marked.'),
      );
    } finally {
      this.#running.delete(name);
    }
  }

  /** Drops what is to be dropped; a crash on the way leaves it to the next time. */
  async #sweep(): Promise<void> {
    const { models } = this.#options;
    for (const collection of (await readViews(models)).leaving) {
      await models.dropCollection(collection);
      await changeViews(models, (present) => ({
        ...present,
        leaving: present.leaving.filter((each) => each !== collection),
      }));
    }
  }

  /** Which offsets are in, and of which instant that is. */
  async #spanOf(until: ViewUntil, projections: readonly Projection[]): Promise<Pick<View, 'asOf' | 'ends' | 'byTime'>> {
    const { log, clock } = this.#options;
    const bounds = await endsFor(log, projections);
    const ends = Object.fromEntries([...bounds].map(([topic, each]) => [topic, each.map(({ end }) => end)]));
    if (until.kind === 'instant') {
      if (until.at > clock.now()) throw new ShopError('BAD_INPUT', '--until lies in the future; a view is of the past');
      return { asOf: until.at - 1, ends, byTime: Object.keys(ends) };
    }
    const { offsets, at } = positionOf(until.text);
    for (const each of offsets) assertInLog(each, (await log.bounds(each.topic))[each.partition]);
    const named = new Set<string>(offsets.map(({ topic }) => topic));
    for (const topic of Object.keys(ends).filter((each) => named.has(each))) {
      ends[topic] = (ends[topic] ?? []).map((_, partition) => {
        const found = offsets.find((each) => each.topic === topic && each.partition === partition);
        return found === undefined ? 0 : found.offset + 1;
      });
    }
    const asOf = at > 0 ? at : await this.#latestOf(offsets);
    // What the position does not name is in up to the same instant.
    return { asOf, ends, byTime: Object.keys(ends).filter((topic) => !named.has(topic)) };
  }

  /** The latest instant of the last events up to a position. */
  async #latestOf(offsets: Position['offsets']): Promise<number> {
    let latest = 0;
    for (const { topic, partition, offset } of offsets) {
      const from = Math.max(0, offset + 1 - LAST_RECORDS);
      for await (const batch of this.#options.log.read({ topic, partition }, from, offset + 1)) {
        for (const { at } of eventsIn(batch)) latest = Math.max(latest, at);
      }
    }
    return latest;
  }
}

/** Reads a position as an answer of the API gives it, or as "orders/0:123,orders/1:80" (at 0: of no known instant). Throws BAD_INPUT. */
export function positionOf(text: string): Position {
  if (!OFFSETS.test(text)) return decodePosition(text);
  const offsets = text.split(',').map((each) => {
    const [topic = '', partition = '', offset = ''] = each.split(/[/:]/);
    if (!isTopic(topic) || Number(partition) >= describeTopic(topic).partitions) {
      throw new ShopError('BAD_INPUT', `there is no partition ${topic}/${partition}`);
    }
    return { topic, partition: Number(partition), offset: Number(offset) };
  });
  return { offsets, at: 0 };
}

function assertInLog({ topic, partition, offset }: Position['offsets'][number], bounds: Bounds | undefined): void {
  const end = bounds?.end ?? 0;
  if (offset < end) return;
  throw new ShopError('BAD_INPUT', `${topic}/${partition} has offsets up to ${end - 1} only, not ${offset}`);
}

function totalOf({ ends }: View): number {
  return Object.values(ends)
    .flat()
    .reduce((sum, end) => sum + end, 0);
}
