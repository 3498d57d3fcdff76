/**
 * The projector: read → fold → write → checkpoint → announce, exactly once, without database transactions.
 *
 * Each document bears the position that it was folded to, and is replaced only on top of the position that
 * this process folded it from. The checkpoint is written after the documents. A crash in between loses
 * nothing: the fold resumes at the checkpoint, and a document that is past a record ignores it.
 *
 * What keeps it right: whenever the reading of a partition is not continuous (it was assigned anew, a write
 * was rejected or its outcome is unknown, a batch starts elsewhere than expected), its memory is dropped AND
 * it is read again from its checkpoint, as one step (`#rewind`). Either half alone would lose events or
 * never end: memory that skipped records another process had folded would go on from a gap; kept memory
 * would be rejected for ever.
 */
import type { Recorded } from '../backend/events/codec.ts';
import { judge } from '../backend/events/record.ts';
import type { TruthTopic } from '../backend/events/topics.ts';
import type { Clock } from '../backend/ports/clock.ts';
import { deferred } from '../backend/ports/deferred.ts';
import { isShopError, ShopError } from '../backend/ports/errors.ts';
import type { Batch, EventLog, LogRecord, Subscription, TopicPartition } from '../backend/ports/event-log.ts';
import type { Logger } from '../backend/ports/logger.ts';
import type { ReadModelUpdate } from '../backend/ports/announcements.ts';
import type { ReadModels } from '../backend/ports/read-models.ts';
import { createFold, updateOf, type Fold, type Taken } from './fold.ts';
import { assertWithin, nameOf, positionIn } from './positions.ts';
import type { Projection } from './projection.ts';

/** A record that could not be decoded. */
export interface Undecodable extends TopicPartition {
  readonly record: LogRecord;
  readonly cause: string;
}

export interface ProjectorOptions {
  readonly log: EventLog;
  readonly models: ReadModels;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The members of a group share the partitions out. */
  readonly group: string;
  /** They share one read and one decode. */
  readonly projections: readonly { readonly projection: Projection; readonly collection: string }[];
  /** Puts records aside that cannot be decoded; resolves when that is durable. */
  readonly deadLetters: (records: readonly Undecodable[]) => Promise<void>;
  /** Told what has been stored, after it was. */
  readonly announce?: (updates: readonly ReadModelUpdate[]) => void;
  /** Told when the fold of a projection threw, so that it stands still from here on. */
  readonly failed?: (failure: {
    readonly collection: string;
    readonly position: number;
    readonly error: Error;
  }) => void;
}

export interface Projector {
  /** Resolves after stop(); rejects when it can't go on: the log is not what the checkpoints say, or every fold failed. */
  readonly ended: Promise<void>;
  /** The projections whose fold threw, with the error. The others go on. */
  readonly failures: ReadonlyMap<string, Error>;
  /** Stores what is folded, and leaves the group. */
  stop(): Promise<void>;
}

/** Between two flushes while it keeps up with the log: what a reader sees is at the most this old. */
const FLUSH_INTERVAL_MS = 15;
/** Between two flushes while it catches up: a document that changes a thousand times is written once. */
const CATCH_UP_FLUSH_INTERVAL_MS = 150;
/** A partition with more records than this before it is catching up. */
const CATCH_UP_RECORDS_MIN = 5_000;
/** Reading waits while more documents than this wait for a flush. */
const PENDING_DOCUMENTS_MAX = 8_000;
const COMMIT_INTERVAL_MS = 500;
const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 5_000;

/** One partition of one topic, as this process holds it. Replaced, never mended, when the reading starts anew. */
interface Held extends TopicPartition {
  readonly topic: TruthTopic;
  readonly folds: readonly Fold[];
  /** The offset that the next batch must start at. */
  expected: number;
}

export async function startProjector(options: ProjectorOptions): Promise<Projector> {
  for (const { projection, collection } of options.projections) {
    const indexes = projection.kind === 'merged' ? projection.indexes : undefined;
    await options.models.ensureCollection(collection, indexes);
  }
  const projector = new RunningProjector(options);
  await projector.start();
  return projector;
}

class RunningProjector implements Projector {
  readonly #options: ProjectorOptions;
  readonly #held = new Map<string, Held>();
  readonly #drops = new Map<string, number>();
  readonly #stopping = new AbortController();
  readonly #ended = deferred();
  readonly failures = new Map<string, Error>();
  #subscription: Subscription | undefined;
  #dirty = deferred();
  #flushed = deferred();
  #behind = false;
  #retryMs = RETRY_MS_MIN;
  #flushing: Promise<void> = Promise.resolve();
  readonly #uncommitted = new Map<string, { readonly at: TopicPartition; readonly next: number }>();

  constructor(options: ProjectorOptions) {
    this.#options = options;
    this.#ended.promise.catch(() => {});
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  async start(): Promise<void> {
    const topics = [...new Set(this.#options.projections.flatMap(({ projection }) => projection.topics))];
    this.#subscription = await this.#options.log.subscribe({
      group: this.#options.group,
      topics,
      assigned: (partition) => this.#assigned(partition),
      revoked: (partition) => this.#drop(partition),
      batch: (batch) => this.#batch(batch),
    });
    this.#subscription.ended.then(
      () => this.#stopping.abort(),
      (error: unknown) => this.#fail(error),
    );
    this.#flushing = this.#flushLoop();
    this.#flushing.catch((error: unknown) => this.#fail(error));
    void this.#commitLoop();
  }

  async stop(): Promise<void> {
    await this.#subscription?.stop();
    this.#stopping.abort();
    this.#dirty.resolve();
    await this.#flushing.catch(() => {});
    this.#flushed.resolve();
    await this.#flush().catch((error: unknown) => this.#options.logger.warn({ error }, 'The last flush failed.'));
    this.#held.clear();
    this.#ended.resolve();
  }

  #fail(error: unknown): void {
    this.#stopping.abort();
    this.#dirty.resolve();
    this.#flushed.resolve();
    this.#ended.reject(error);
  }

  // Reading

  async #assigned(partition: TopicPartition): Promise<number> {
    const drops = this.#drop(partition);
    const held = await this.#fromCheckpoints(partition);
    this.#hold(held, drops);
    return held.expected;
  }

  /** Forgets the partition's memory; returns how often that has happened to it. */
  #drop(partition: TopicPartition): number {
    const name = nameOf(partition);
    const drops = (this.#drops.get(name) ?? 0) + 1;
    this.#drops.set(name, drops);
    this.#held.delete(name);
    return drops;
  }

  /** Takes fresh memory up, unless it has been overtaken: dropped again while it was made. */
  #hold(held: Held, drops: number): boolean {
    if (this.#drops.get(nameOf(held)) !== drops) return false;
    this.#held.set(nameOf(held), held);
    return true;
  }

  /** Drops the partition's memory and reads it again from its checkpoint: one step, never half of it. */
  async #rewind(partition: TopicPartition, why: string): Promise<void> {
    const { topic, partition: number } = partition;
    this.#options.logger.debug({ topic, partition: number, why }, 'Reading again from the checkpoint.');
    const drops = this.#drop(partition);
    const held = await this.#fromCheckpoints(partition);
    if (this.#hold(held, drops)) this.#subscription?.seek(partition, held.expected);
  }

  /** Fresh folds at their checkpoints. The store may be away for a while; the log must hold what is to be read. */
  async #fromCheckpoints(partition: TopicPartition): Promise<Held> {
    const topic = partition.topic as TruthTopic;
    const { log, models, projections } = this.#options;
    const concerned = projections.filter(
      ({ projection }) => projection.topics.includes(topic) && !this.failures.has(projection.name),
    );
    const { folds, bounds } = await this.#untilAnswered(async () => {
      const checkpoints = await models.checkpoints(concerned.map(({ collection }) => collection));
      const created = concerned.map(({ projection, collection }) => {
        const position = positionIn(checkpoints, collection, partition);
        return createFold(projection, collection, partition, position, models);
      });
      return { folds: await Promise.all(created), bounds: await log.bounds(topic) };
    });
    const expected = Math.min(...folds.map((fold) => fold.checkpoint)) + 1;
    assertWithin(partition, expected, bounds[partition.partition]);
    return { topic, partition: partition.partition, folds, expected };
  }

  async #batch(batch: Batch): Promise<void> {
    const held = this.#held.get(nameOf(batch));
    // Without memory the partition is not ours (any more), or about to be read again from its checkpoint.
    if (held === undefined) return;
    if (batch.from !== held.expected) {
      await this.#rewind(batch, `a batch starts at ${batch.from} instead of ${held.expected}`);
      return;
    }
    const records = await this.#decode(batch);
    const through = batch.next - 1;
    const steps = await this.#untilAnswered(() =>
      Promise.all(held.folds.map((fold) => this.#guarded(fold, () => fold.prepare(records, through)))),
    );
    // While the documents came, the partition may have gone.
    if (this.#held.get(nameOf(batch)) !== held || held.expected !== batch.from) return;
    held.folds.forEach((fold, index) => this.#foldWith(fold, steps[index]));
    held.expected = batch.next;
    this.#behind = batch.end - batch.next > CATCH_UP_RECORDS_MIN;
    this.#dirty.resolve();
    while (this.#pending() > PENDING_DOCUMENTS_MAX && !this.#stopping.signal.aborted) await this.#flushed.promise;
  }

  async #decode(batch: Batch): Promise<Recorded[]> {
    const recorded: Recorded[] = [];
    const undecodable: Undecodable[] = [];
    const { partition } = batch;
    const topic = batch.topic as TruthTopic;
    for (const record of batch.records) {
      const judged = judge(topic, partition, record);
      if (judged.ok) recorded.push(judged.recorded);
      else undecodable.push({ topic, partition, record, cause: judged.cause });
    }
    // Put aside before the checkpoint can pass them: a crash reports them twice rather than never.
    if (undecodable.length > 0) await this.#untilAnswered(() => this.#options.deadLetters(undecodable));
    return recorded;
  }

  // A fold that throws is a bug in its projection: it stops, and the others go on.

  async #guarded(fold: Fold, prepare: () => Promise<() => void>): Promise<(() => void) | undefined> {
    if (this.failures.has(fold.projection.name)) return undefined;
    try {
      return await prepare();
    } catch (error) {
      if (isShopError(error)) throw error;
      this.#foldFailed(fold, error);
      return undefined;
    }
  }

  #foldWith(fold: Fold, step: (() => void) | undefined): void {
    if (step === undefined || this.failures.has(fold.projection.name)) return;
    try {
      step();
    } catch (error) {
      this.#foldFailed(fold, error);
    }
  }

  #foldFailed(fold: Fold, cause: unknown): void {
    const { name } = fold.projection;
    const message = `the projection ${name} cannot fold what follows position ${fold.position}; mend it, raise its version and start again`;
    const error = new ShopError('FOLD_FAILED', message, { cause });
    this.failures.set(name, error);
    this.#options.failed?.({ collection: fold.collection, position: fold.position, error });
    this.#options.logger.error({ projection: name, position: fold.position, error: cause }, error.message);
    if (this.failures.size === this.#options.projections.length) this.#fail(error);
  }

  // Writing

  async #flushLoop(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#dirty.promise;
      this.#dirty = deferred();
      const started = clock.now();
      await this.#flush();
      this.#flushed.resolve();
      this.#flushed = deferred();
      await clock.until(started + (this.#behind ? CATCH_UP_FLUSH_INTERVAL_MS : FLUSH_INTERVAL_MS), signal);
    }
  }

  async #flush(): Promise<void> {
    const taken: (Taken & { readonly held: Held; readonly fold: Fold })[] = [];
    for (const held of this.#held.values()) {
      for (const fold of held.folds) {
        const own = this.failures.has(fold.projection.name) ? null : fold.take();
        if (own !== null) taken.push({ held, fold, ...own });
      }
    }
    if (taken.length === 0) return;
    const lost = new Set<Held>();
    const stored: ReadModelUpdate[] = [];
    try {
      const outcomes = await this.#options.models.flush(taken.map(({ flush }) => flush));
      taken.forEach(({ held, fold, flush, changed }, index) => {
        if (outcomes[index] === 'stored') {
          fold.settle(flush);
          stored.push(updateOf({ flush, changed }));
        } else lost.add(held);
      });
      this.#retryMs = RETRY_MS_MIN;
    } catch (error) {
      if (!isShopError(error, 'UNAVAILABLE') && !isShopError(error, 'STORAGE')) throw error;
      this.#options.logger.warn({ error, retryMs: this.#retryMs }, 'The read models cannot be written; trying again.');
      for (const { held } of taken) lost.add(held);
      await this.#backOff();
    }
    if (stored.length > 0) this.#options.announce?.(stored);
    for (const held of new Set(taken.map((each) => each.held))) if (!lost.has(held)) this.#noteCommit(held);
    for (const held of lost) {
      if (this.#held.get(nameOf(held)) === held) await this.#rewind(held, 'a write was rejected');
    }
  }

  #pending(): number {
    let pending = 0;
    for (const { folds } of this.#held.values()) for (const fold of folds) pending += fold.pending;
    return pending;
  }

  /** Kafka's own tools are told how far the slowest projection is. Nothing here ever reads it back. */
  #noteCommit(held: Held): void {
    const going = held.folds.filter((fold) => !this.failures.has(fold.projection.name));
    const next = Math.min(...going.map((fold) => fold.checkpoint)) + 1;
    if (Number.isFinite(next)) this.#uncommitted.set(nameOf(held), { at: held, next });
  }

  async #commitLoop(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      if (this.#uncommitted.size === 0) await this.#flushed.promise;
      for (const { at, next } of this.#uncommitted.values()) this.#subscription?.commit(at, next);
      this.#uncommitted.clear();
      await clock.until(clock.now() + COMMIT_INTERVAL_MS, signal);
    }
  }

  /** Asks again, more and more seldom, while the store or the log is away. */
  async #untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        const away = isShopError(error, 'UNAVAILABLE') || isShopError(error, 'STORAGE');
        if (!away || this.#stopping.signal.aborted) throw error;
        this.#options.logger.warn({ error, retryMs: this.#retryMs }, 'No answer; asking again.');
        await this.#backOff();
      }
    }
  }

  async #backOff(): Promise<void> {
    const { clock } = this.#options;
    await clock.until(clock.now() + this.#retryMs, this.#stopping.signal);
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX);
  }
}
