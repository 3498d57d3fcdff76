/**
 * Follows the handled orders from a checkpoint of its own. What has been done with a record is known by the
 * checkpoint alone, which is stored after it; so after a crash, or where two processes meet, some records
 * are done again, and what is done must bear that.
 */
import type { Recorded } from '../events/codec.ts';
import { judge } from '../events/record.ts';
import type { OrderHandled } from '../events/events.ts';
import { PARTITIONS } from '../events/topics.ts';
import type { Clock } from '../ports/clock.ts';
import { systemClock } from '../ports/clock.ts';
import type { Batch, Bounds, EventLog, LogRecord, Subscription } from '../ports/event-log.ts';
import type { Logger } from '../ports/logger.ts';
import type { ReadModels } from '../ports/read-models.ts';
import { insist } from './insist.ts';

const TOPIC = 'handled-orders';
const POLL_MS = 20;

export interface FollowOptions {
  readonly log: EventLog;
  readonly models: ReadModels;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly group: string;
  /** Where the checkpoints are kept; it holds no documents. */
  readonly collection: string;
  /** By partition: records up to this position are of no concern. */
  readonly since: readonly number[];
  /** Events are handed over in runs of at most so many, with a checkpoint after each. */
  readonly runMax: number;
  readonly wanted: (event: OrderHandled) => boolean;
  /**
   * Does what is to be done, again and again if need be, until `signal` aborts; then it may leave the rest. Whether
   * it did all of it.
   */
  readonly act: (orders: readonly HandledOrder[], signal: AbortSignal) => Promise<boolean>;
}

export type HandledOrder = Recorded<OrderHandled>;

export interface Follower {
  readonly ended: Promise<void>;
  /** Resolves when the checkpoints, whoever stores them, have reached these ends of handled-orders. */
  caughtUp(ends: readonly Bounds[]): Promise<void>;
  stop(): Promise<void>;
}

interface Held {
  /** The offset of the next batch. */
  expected: number;
  /** As stored; −1 for none. */
  checkpoint: number;
}

/** A run of records ends at `position`; `orders` are those of it that are wanted. */
interface Run {
  readonly orders: readonly HandledOrder[];
  readonly position: number;
}

export async function follow(options: FollowOptions): Promise<Follower> {
  await options.models.ensureCollection(options.collection);
  const follower = new RunningFollower(options);
  await follower.start();
  return follower;
}

/** The stored checkpoint of each partition; −1 for none. */
export async function checkpointsOf(models: ReadModels, collection: string): Promise<number[]> {
  const positions = Array.from({ length: PARTITIONS }, () => -1);
  for (const { topic, partition, position } of await models.checkpoints([collection])) {
    if (topic === TOPIC) positions[partition] = position;
  }
  return positions;
}

class RunningFollower implements Follower {
  ended: Promise<void> = Promise.resolve();
  readonly #options: FollowOptions;
  readonly #held = new Map<number, Held>();
  readonly #stopping = new AbortController();
  #subscription: Promise<Subscription> | null = null;

  constructor(options: FollowOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#subscription = this.#options.log.subscribe({
      group: this.#options.group,
      topics: [TOPIC],
      assigned: ({ partition }) => this.#begin(partition),
      revoked: ({ partition }) => void this.#held.delete(partition),
      batch: (batch) => this.#take(batch),
    });
    this.ended = (await this.#subscription).ended;
    this.ended.catch(() => {});
  }

  async caughtUp(ends: readonly Bounds[]): Promise<void> {
    const { models, collection, since } = this.#options;
    const poll = async (): Promise<void> => {
      while (!this.#stopping.signal.aborted) {
        const positions = await checkpointsOf(models, collection);
        if (ends.every(({ end }, partition) => reached(positions, since, partition) >= end - 1)) return;
        await systemClock.until(systemClock.now() + POLL_MS, this.#stopping.signal);
      }
    };
    const failed = this.ended.then(() => new Promise<never>(() => {}));
    await Promise.race([poll(), failed]);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await (await this.#subscription)?.stop();
  }

  /** Takes the partition up at its checkpoint; nothing of before is trusted. Resolves to the offset to read from. */
  async #begin(partition: number): Promise<number> {
    const { models, collection, since } = this.#options;
    const positions = await this.#persist('read', () => checkpointsOf(models, collection));
    const expected = reached(positions ?? [], since, partition) + 1;
    this.#held.set(partition, { expected, checkpoint: positions?.[partition] ?? -1 });
    return expected;
  }

  async #rewind(partition: number): Promise<void> {
    const offset = await this.#begin(partition);
    (await this.#subscription)?.seek({ topic: TOPIC, partition }, offset);
  }

  async #take(batch: Batch): Promise<void> {
    const { partition } = batch;
    const held = this.#held.get(partition);
    const signal = this.#stopping.signal;
    if (held === undefined || signal.aborted) return;
    if (batch.from !== held.expected) {
      await this.#rewind(partition);
      return;
    }
    for (const { orders, position } of this.#runsOf(batch)) {
      if (signal.aborted) return;
      const done = orders.length === 0 || (await this.#options.act(orders, signal));
      // What was done is done again by whoever has the partition now; its checkpoint is the one that counts.
      if (!done || this.#held.get(partition) !== held) return;
      const stored = await this.#persist('store', () => this.#checkpoint(partition, held.checkpoint, position));
      if (stored === undefined || this.#held.get(partition) !== held) return;
      if (!stored) {
        await this.#rewind(partition);
        return;
      }
      held.checkpoint = position;
      held.expected = position + 1;
    }
    (await this.#subscription)?.commit({ topic: TOPIC, partition }, batch.next);
  }

  *#runsOf({ records, next, partition }: Batch): Generator<Run> {
    let orders: HandledOrder[] = [];
    for (const record of records) {
      const order = handledOrderIn(record, partition);
      if (typeof order === 'string') {
        const place = { topic: TOPIC, partition, offset: record.offset, cause: order };
        this.#options.logger.debug(place, 'Skipped a record that cannot be read.');
      } else if (this.#options.wanted(order.event)) orders.push(order);
      if (orders.length < this.#options.runMax) continue;
      yield { orders, position: record.offset };
      orders = [];
    }
    yield { orders, position: next - 1 };
  }

  async #checkpoint(partition: number, previous: number, position: number): Promise<boolean> {
    if (position === previous) return true;
    const { models, collection } = this.#options;
    const [outcome] = await models.flush([
      { collection, topic: TOPIC, partition, documents: [], parts: [], previous, position },
    ]);
    return outcome === 'stored';
  }

  /** Undefined when it was stopped meanwhile. */
  #persist<T>(what: 'read' | 'store', action: () => Promise<T>): Promise<T | undefined> {
    const { clock, logger } = this.#options;
    return insist(
      { clock, logger, failing: `Could not ${what} a checkpoint of the mailer.` },
      this.#stopping.signal,
      action,
    );
  }
}

/** The handled order that a record is about; the cause why not, where it cannot be read. */
export function handledOrderIn(record: LogRecord, partition: number): HandledOrder | string {
  const judged = judge(TOPIC, partition, record);
  if (!judged.ok) return judged.cause;
  const { event, ...place } = judged.recorded;
  return event.type === 'OrderHandled' ? { event, ...place } : event.type;
}

function reached(positions: readonly number[], since: readonly number[], partition: number): number {
  return Math.max(positions[partition] ?? -1, since[partition] ?? -1);
}
