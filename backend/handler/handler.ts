/**
 * The handler: gives each order that was drawn its one OrderHandled, when it is due. Its to-do list is a
 * projection of the log; any number of handlers share the partitions out among them, each fenced by itself.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../ports/clock.ts';
import { isShopError } from '../ports/errors.ts';
import type { Batch, Bounds, EventLog, Subscription } from '../ports/event-log.ts';
import type { Logger } from '../ports/logger.ts';
import type { ReadModels } from '../ports/read-models.ts';
import { HANDLER_COLLECTION } from './low-water.ts';
import { HandledPartition } from './partition.ts';

const HANDLER_GROUP = 'shopstream-handler';

const FLUSH_INTERVAL_MS = 50;
const CHECKPOINT_INTERVAL_MS = 1_000;
const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 5_000;
/** A partition that was fenced and yet stays assigned to us this long has no other handler: it is begun again. */
const RECLAIM_AFTER_MS = 30_000;

export interface HandlerOptions {
  readonly log: EventLog;
  readonly models: ReadModels;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly flushIntervalMs?: number;
  readonly checkpointIntervalMs?: number;
  /** How long the first retry after a failure waits; each further one twice as long. */
  readonly retryFirstMs?: number;
}

export interface Handler {
  /** Resolves after stop(); rejects when the handler failed for good (LOG_MISMATCH, MISCONFIGURED, a bug). */
  readonly ended: Promise<void>;
  /**
   * Resolves when this handler has all partitions, has read the orders up to these ends, and has appended
   * whatever of them is due by then. `ends`: what `bounds('orders')` gave.
   */
  caughtUp(ends: readonly Bounds[]): Promise<void>;
  /** Waits for the appends under way, stores its checkpoints and gives the partitions up. */
  stop(): Promise<void>;
}

/** Starts handling. Rejects with UNAVAILABLE when an engine does not answer. */
export async function startHandler(options: HandlerOptions): Promise<Handler> {
  await options.models.ensureCollection(HANDLER_COLLECTION);
  const handler = new RunningHandler(options);
  await handler.start();
  return handler;
}

class RunningHandler implements Handler {
  readonly ended: Promise<void>;
  readonly #options: HandlerOptions;
  readonly #partitions = new Map<number, HandledPartition>();
  /** What was dropped and is still at its last append. */
  readonly #closing = new Set<Promise<void>>();
  /** Beginning is one at a time for each partition: of two fences at once, the older could be the later. */
  readonly #beginning = new Map<number, Promise<unknown>>();
  readonly #reclaiming = new Set<NodeJS.Timeout>();
  #subscription: Promise<Subscription> | null = null;
  #stopping: Promise<void> | null = null;
  #settle: { resolve: () => void; reject: (error: unknown) => void } = { resolve: () => {}, reject: () => {} };
  #waiting: (() => void)[] = [];

  constructor(options: HandlerOptions) {
    this.#options = options;
    this.ended = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.ended.catch(() => {});
  }

  get #retryFirstMs(): number {
    return this.#options.retryFirstMs ?? RETRY_FIRST_MS;
  }

  async start(): Promise<void> {
    this.#subscription = this.#options.log.subscribe({
      group: HANDLER_GROUP,
      topics: ['orders'],
      assigned: ({ partition }) => this.#assigned(partition),
      revoked: ({ partition }) => this.#drop(partition),
      batch: (batch) => this.#take(batch),
    });
    const subscription = await this.#subscription;
    subscription.ended.then(
      () => this.stop(),
      (error: unknown) => this.#end(error),
    );
  }

  async #take(batch: Batch): Promise<void> {
    const handled = this.#partitions.get(batch.partition);
    if (handled === undefined) return;
    await handled.take(batch);
    // What has been read, for Kafka's own tools; where to go on is the low-water mark's business.
    (await this.#subscription)?.commit(batch, batch.next);
  }

  async #assigned(partition: number): Promise<number> {
    try {
      return await this.#begin(partition);
    } catch (error) {
      // Taken from us again while it was begun: then nobody reads from the offset that is given here.
      if (!this.#partitions.has(partition)) return 0;
      throw error;
    }
  }

  /** Begins the partition, again and again if need be; resolves to the offset of orders to read from. */
  #begin(partition: number): Promise<number> {
    this.#drop(partition);
    const handled = this.#newPartition(partition);
    this.#partitions.set(partition, handled);
    return this.#inTurn(partition, () => this.#beginOnce(partition, handled, this.#retryFirstMs));
  }

  #inTurn<T>(partition: number, action: () => Promise<T>): Promise<T> {
    const before = this.#beginning.get(partition) ?? Promise.resolve();
    const turn = before.then(action, action);
    this.#beginning.set(partition, turn);
    return turn;
  }

  async #beginOnce(partition: number, handled: HandledPartition, retryMs: number): Promise<number> {
    try {
      return await handled.begin();
    } catch (error) {
      const isOurs = this.#partitions.get(partition) === handled && this.#stopping === null;
      if (!isOurs || !isPassing(error)) throw error;
      this.#options.logger.warn({ error, partition }, 'The handling of a partition could not begin; trying again.');
    }
    await pause(retryMs);
    const another = this.#newPartition(partition);
    this.#drop(partition);
    this.#partitions.set(partition, another);
    return this.#beginOnce(partition, another, Math.min(RETRY_MAX_MS, retryMs * 2));
  }

  #newPartition(partition: number): HandledPartition {
    const { flushIntervalMs = FLUSH_INTERVAL_MS, checkpointIntervalMs = CHECKPOINT_INTERVAL_MS } = this.#options;
    const handled: HandledPartition = new HandledPartition({
      ...this.#options,
      flushIntervalMs,
      checkpointIntervalMs,
      partition,
      changed: () => this.#changed(),
      failed: (error) => void this.#failed(partition, handled, error),
    });
    return handled;
  }

  async #failed(partition: number, handled: HandledPartition, error: unknown): Promise<void> {
    const { logger } = this.#options;
    if (this.#partitions.get(partition) !== handled || this.#stopping !== null) return;
    if (isShopError(error, 'FENCED')) {
      logger.warn({ partition }, 'Another handler took the partition over.');
      const timer = setTimeout(() => {
        this.#reclaiming.delete(timer);
        if (this.#partitions.get(partition) === handled) void this.#beginAgain(partition);
      }, RECLAIM_AFTER_MS);
      timer.unref();
      this.#reclaiming.add(timer);
    } else if (isPassing(error)) {
      logger.warn({ error, partition }, 'An append failed; the partition is read again.');
      await pause(this.#retryFirstMs);
      if (this.#partitions.get(partition) === handled) await this.#beginAgain(partition);
    } else this.#end(error);
  }

  async #beginAgain(partition: number): Promise<void> {
    try {
      if (this.#stopping !== null) return;
      const from = await this.#begin(partition);
      const subscription = await this.#subscription;
      if (this.#partitions.has(partition)) subscription?.seek({ topic: 'orders', partition }, from);
    } catch (error) {
      // It failed because it was taken from us meanwhile, or for good.
      if (this.#partitions.has(partition) && this.#stopping === null) this.#end(error);
    }
  }

  #drop(partition: number): void {
    const handled = this.#partitions.get(partition);
    if (handled === undefined) return;
    this.#partitions.delete(partition);
    handled.drop();
    this.#close(handled);
  }

  #close(handled: HandledPartition): void {
    const closing: Promise<void> = handled.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  async caughtUp(ends: readonly Bounds[]): Promise<void> {
    while (!ends.every(({ end }, partition) => this.#partitions.get(partition)?.isCaughtUp(end) ?? false)) {
      const change = new Promise<void>((resolve) => this.#waiting.push(resolve));
      await Promise.race([change, this.ended.then(() => Promise.reject(new Error('the handler was stopped')))]);
    }
  }

  #changed(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop().then(this.#settle.resolve, this.#settle.reject);
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    for (const timer of this.#reclaiming) clearTimeout(timer);
    const partitions = [...this.#partitions.values()];
    this.#partitions.clear();
    for (const handled of partitions) this.#close(handled);
    await this.#subscription?.then((subscription) => subscription.stop()).catch(() => {});
    await Promise.allSettled(this.#beginning.values());
    await Promise.all(this.#closing);
  }

  /** The handler fails for good. */
  #end(error: unknown): void {
    if (this.#stopping !== null) return;
    this.#options.logger.error({ error }, 'The handler stops.');
    this.#stopping = this.#stop().then(
      () => this.#settle.reject(error),
      () => this.#settle.reject(error),
    );
  }
}

/** Whether the trouble may pass by itself. */
function isPassing(error: unknown): boolean {
  const codes = ['UNAVAILABLE', 'UNKNOWN_OUTCOME', 'STORAGE', 'FENCED'] as const;
  return codes.some((code) => isShopError(error, code));
}
