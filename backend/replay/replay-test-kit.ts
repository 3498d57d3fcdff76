/** For tests of rebuilding: processes that project and rebuild, over one log and one store that outlive them. */
import { setImmediate as turn } from 'node:timers/promises';
import { caughtUp, endsOf } from '../../projections/caught-up.ts';
import {
  collectionIn,
  collectionsOf,
  lineageOf,
  readGenerations,
  type Lineage,
} from '../../projections/generations.ts';
import { handling } from '../../projections/handling.ts';
import { MemoryModels, MemoryStore } from '../../projections/model/memory-models.ts';
import { orderCounts } from '../../projections/order-counts.ts';
import { orders } from '../../projections/orders.ts';
import type { Projection } from '../../projections/projection.ts';
import { sales } from '../../projections/sales.ts';
import { MemoryLog } from '../adapters/memory/memory-log.ts';
import { MemoryStore as LogStore } from '../adapters/memory/memory-store.ts';
import { encode } from '../events/codec.ts';
import type { OrderId, OrderPlaced, ProductId } from '../events/events.ts';
import { systemClock, type Clock } from '../ports/clock.ts';
import { ShopError } from '../ports/errors.ts';
import type { EventLog } from '../ports/event-log.ts';
import { silentLogger } from '../ports/logger.ts';
import type { ReadModels } from '../ports/read-models.ts';
import { readConsistently, sourcesOf } from '../queries/consistent-read.ts';
import { verify, type Verification } from '../verify/verify.ts';
import { Following } from './follow.ts';
import { withFlush } from './hold.ts';
import { isOver, type Rebuild } from './rebuild.ts';
import { Replays } from './replays.ts';

export const REBUILT: readonly Projection[] = [orderCounts, sales, handling, orders];
const LOOK_EVERY_MS = 20;

/** The machine's clock, which a test may put forward. */
export class ShiftedClock implements Clock {
  #shift = 0;

  now(): number {
    return Date.now() + this.#shift;
  }

  until(instant: number, signal?: AbortSignal): Promise<void> {
    return systemClock.until(instant - this.#shift, signal);
  }

  advance(ms: number): void {
    this.#shift += ms;
  }
}

/** Where the log and the read models come from. */
export interface Ground {
  /** Handles as a process of its own would have. */
  log(): Promise<EventLog>;
  models(): Promise<ReadModels>;
}

export function memoryGround(store = new MemoryStore()): Ground & { readonly store: MemoryStore } {
  const logs = new LogStore();
  return {
    store,
    log: () => Promise.resolve(new MemoryLog(logs)),
    // Every read and write is a turn of its own, so that others get between any two.
    models: () => Promise.resolve(new MemoryModels(store, { before: () => turn(), fails: () => false })),
  };
}

export interface ProcessOptions {
  readonly projections?: readonly Projection[];
  readonly sole?: boolean;
  /** Whether it folds; else it only drives rebuilds. */
  readonly projects?: boolean;
  readonly holdMs?: number;
  /** Asked before each use of the read models: whether the process has been killed by then. */
  readonly isKilled?: () => boolean;
  /** How long it takes to store into a collection, beyond what it takes anyway. */
  readonly slowMs?: (collection: string) => number;
}

/** One process: it projects, and rebuilds. */
export interface Process {
  readonly models: ReadModels;
  readonly following: Following;
  readonly replays: Replays;
  stop(): Promise<void>;
}

export class ReplayWorld {
  readonly clock = new ShiftedClock();
  readonly ground: Ground;
  readonly log: EventLog;
  readonly models: ReadModels;
  #placed = 0;

  private constructor(ground: Ground, log: EventLog, models: ReadModels) {
    this.ground = ground;
    this.log = log;
    this.models = models;
  }

  static async on(ground: Ground = memoryGround()): Promise<ReplayWorld> {
    const log = await ground.log();
    await log.ensureTopics();
    return new ReplayWorld(ground, log, await ground.models());
  }

  async process(options: ProcessOptions = {}): Promise<Process> {
    const {
      projections = REBUILT,
      sole = true,
      projects = true,
      holdMs = 0,
      isKilled = () => false,
      slowMs = () => 0,
    } = options;
    const { clock } = this;
    const log = await this.ground.log();
    const models = killable(slow(await this.ground.models(), slowMs), isKilled);
    const base = { log, models, clock, logger: silentLogger, projections };
    const following = new Following({ ...base, deadLetters: () => Promise.resolve(), lookEveryMs: LOOK_EVERY_MS });
    following.ended.catch(() => {});
    const told = projects ? (): Promise<void> => following.look() : async (): Promise<void> => {};
    const replays = new Replays({ ...base, sole, told, holdMs });
    const stop = async (): Promise<void> => {
      await replays.stop();
      await following.stop();
    };
    try {
      if (projects) await following.start();
      await replays.open();
    } catch (error) {
      await stop();
      throw error;
    }
    return { models, following, replays, stop };
  }

  /** Appends so many orders. */
  async place(count: number): Promise<void> {
    const writer = await this.log.writer('test');
    const placed = Array.from({ length: count }, () => encode(orderAt(this.#placed++)));
    await writer.append(placed);
    await writer.close();
  }

  /** Waits until the live generations hold everything. */
  async folded(projections: readonly Projection[] = REBUILT): Promise<void> {
    const generations = await readGenerations(this.models);
    const followed = projections.map((each) => ({
      collection: collectionIn(each.name, lineageOf(generations, each).live),
      topics: each.topics,
    }));
    const ends = await endsOf(
      this.log,
      projections.flatMap(({ topics }) => topics),
    );
    const there = await caughtUp({ models: this.models, clock: systemClock, followed, ends, stalledMs: 20_000 });
    if (!there) throw new Error('the live generations do not reach the end of the log');
  }

  async lineage(projection: Projection): Promise<Lineage> {
    return lineageOf(await readGenerations(this.models), projection);
  }

  /** The live generations against the independent fold. */
  async verified(projections: readonly Projection[] = REBUILT): Promise<Verification> {
    const collections = collectionsOf(await readGenerations(this.models), projections);
    return verify({ log: this.log, models: this.models, collections });
  }
}

/** Waits until a rebuild is over. */
export async function over(replays: Replays, projection: Projection): Promise<Rebuild> {
  return found(replays, (rebuild) => rebuild.projection === projection.name && isOver(rebuild));
}

/** Waits until the list has such a rebuild. */
export function found(replays: Replays, matches: (rebuild: Rebuild) => boolean): Promise<Rebuild> {
  return new Promise((resolve) => {
    const look = (): boolean => {
      const match = replays.list().find(matches);
      if (match !== undefined) resolve(match);
      return match !== undefined;
    };
    if (look()) return;
    const end = replays.onChange(() => {
      if (look()) end();
    });
  });
}

/** Waits until it holds. */
export async function eventually(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await systemClock.until(systemClock.now() + LOOK_EVERY_MS);
}

/**
 * Reads as a client does, again and again: each answer takes the pointer once. Tells what is wrong: an answer that
 * is not what the log says at its positions, that mixes generations, or that steps back behind the one before.
 */
export class Reader {
  readonly wrong: string[] = [];
  /** Generations of the answers, as they followed one another. */
  readonly seen: string[] = [];
  answers = 0;
  readonly #world: ReplayWorld;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #before: readonly number[] = [];

  constructor(world: ReplayWorld) {
    this.#world = world;
    this.#running = this.#read();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #read(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const { models } = this.#world;
      const read = [orderCounts, sales];
      const generations = await readGenerations(models);
      const lives = read.map((each) => lineageOf(generations, each).live.generation).join(' ');
      if (this.seen.at(-1) !== lives) this.seen.push(lives);
      const collections = collectionsOf(generations, read);
      const range = (name: string) => ({
        collection: collections[name] ?? '',
        sources: sourcesOf('orders'),
        from: '',
        to: '\u{10ffff}',
      });
      const ranges = { counts: range('order-counts'), sales: range('sales') };
      const { documents, positions } = await readConsistently(models, ranges);
      const at = (name: string): readonly number[] => positions[collections[name] ?? '']?.orders ?? [];
      const sum = (of: readonly { readonly body: Readonly<Record<string, unknown>> }[]): number =>
        of.reduce((total, { body }) => total + Number(body['total']), 0);
      await this.#expect('order-counts', sum(documents.counts), at('order-counts'), 1);
      await this.#expect('sales', sum(documents.sales), at('sales'), ORDER_TOTAL);
      const now = [...at('order-counts'), ...at('sales')];
      const back = now.findIndex((position, index) => position < (this.#before[index] ?? -1));
      if (back !== -1)
        this.wrong.push(`answer ${this.answers} steps back from ${this.#before.join()} to ${now.join()}`);
      this.#before = now;
      this.answers += 1;
    }
  }

  async #expect(name: string, sum: number, positions: readonly number[], each: number): Promise<void> {
    let expected = 0;
    for (const [partition, position] of positions.entries()) {
      if (position < 0) continue;
      for await (const { records } of this.#world.log.read({ topic: 'orders', partition }, 0, position + 1)) {
        expected += records.length * each;
      }
    }
    if (sum !== expected)
      this.wrong.push(`answer ${this.answers}: ${name} ${sum} at ${positions.join()}, not ${expected}`);
  }
}

const ORDER_TOTAL = 250;

function orderAt(index: number): OrderPlaced {
  return {
    type: 'OrderPlaced',
    version: 1,
    id: `event-${index}`,
    at: new Date(Date.UTC(2026, 10, 22) + index * 1_000).toISOString(),
    source: 'live',
    orderId: `order-${index}` as OrderId,
    customer: { id: 'c', name: 'C', email: 'c@example.com', country: 'SE' },
    currency: 'SEK',
    lines: [{ productId: 'P-1' as ProductId, name: 'P', quantity: 1, unitPrice: ORDER_TOTAL }],
    total: ORDER_TOTAL,
    handling: null,
    stock: [],
  };
}

/** Read models that take their time to store. */
function slow(models: ReadModels, slowMs: (collection: string) => number): ReadModels {
  const flush: ReadModels['flush'] = async (flushes) => {
    const ms = Math.max(0, ...flushes.map(({ collection }) => slowMs(collection)));
    if (ms > 0) await systemClock.until(systemClock.now() + ms);
    return models.flush(flushes);
  };
  return withFlush(models, flush);
}

/** Read models of a process that may be killed: then nothing that it wants happens any more. */
function killable(models: ReadModels, isKilled: () => boolean): ReadModels {
  return new Proxy(models, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...parameters: unknown[]): unknown => {
        const killed = new ShopError('CLOSED', 'the process was killed');
        if (isKilled()) {
          if (String(name).startsWith('scan')) throw killed;
          return Promise.reject(killed);
        }
        return Reflect.apply(value, target, parameters);
      };
    },
  });
}
