/**
 * The shop: the one writer of orders and stock. Commands wait in a queue; what waits while an append is under
 * way is decided and appended together next. Nothing is acknowledged before it is durably in the log.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { BEYOND, type Sum } from '../domain/exact.ts';
import type { Clock } from '../ports/clock.ts';
import { isShopError, ShopError } from '../ports/errors.ts';
import type { Writer } from '../ports/event-log.ts';
import { decideBatch, type Decided, type Item, type Pending } from './batch.ts';
import { inChunks, type Chunk } from './chunks.ts';
import type { CatalogueEntry, Command, Outcome, Shop } from './commands.ts';
import { prepare } from './identity.ts';
import { APPEND_TRIES_MAX, BATCH_COMMANDS_MAX, EARLY_COMMANDS_MIN, RETRY_FIRST_MS, RETRY_MAX_MS } from './limits.ts';
import { load, type Loaded, type LoadOptions } from './load.ts';
import { findStored } from './look-up.ts';
import { Pruner } from './prune.ts';
import { SubmissionQueue, type Batch } from './queue.ts';

export interface ShopOptions extends LoadOptions {
  readonly clock: Clock;
  /** How long the first retry of a failed append waits; each further one four times as long. */
  readonly retryFirstMs?: number;
  /** Commands decided together, at the most. */
  readonly batchCommandsMax?: number;
  /** While an append is under way, so many that wait are decided already; fewer wait for more. */
  readonly earlyCommandsMin?: number;
}

export interface ShopService extends Shop {
  /** Resolves after close(); rejects with FENCED when another shop took over. */
  readonly ended: Promise<void>;
  /** Decides what waits, then gives the log up. What comes after is rejected with CLOSED. */
  close(): Promise<void>;
}

/**
 * Becomes the one shop of the log: every earlier one is fenced from then on. Resolves when it knows the stock.
 * submit() rejects with UNAVAILABLE (engine, or too much waits), STORAGE, UNKNOWN_OUTCOME (send keyed commands
 * again to learn what became of them), FENCED or CLOSED. What is rejected as a whole may be in the log in part, where it
 * took more than one append.
 */
export async function openShop(options: ShopOptions): Promise<ShopService> {
  const writer = await options.log.writer('shop');
  try {
    return new OpenShop(options, writer, await load(options, null));
  } catch (error) {
    await writer.close();
    throw error;
  }
}

class OpenShop implements ShopService {
  readonly ended: Promise<void>;
  readonly #options: ShopOptions;
  readonly #queue: SubmissionQueue;
  readonly #pruner: Pruner;
  #writer: Writer | null;
  #known: Loaded;
  /** Something was decided that may not have got into the log: what is known must be read again. */
  #doubtful = false;
  /** What the append under way, or the last one that failed, was to bring into the log. */
  #inDoubt: readonly Pending[] = [];
  /** Whether that append may have taken place all the same. */
  #outcomeUnknown = false;
  #closed: Promise<void> | null = null;

  constructor(options: ShopOptions, writer: Writer, known: Loaded) {
    this.#options = options;
    this.#writer = writer;
    this.#known = known;
    this.#pruner = new Pruner(options);
    const now = instants(options.clock);
    this.#queue = new SubmissionQueue((command) => prepare(command, now()));
    this.ended = this.#work();
    // Whoever awaits `ended` gets its error; nobody has to.
    this.ended.catch(() => {});
  }

  submit(commands: readonly Command[]): Promise<Outcome[]> {
    return this.#queue.submit(commands);
  }

  catalogue(): Promise<CatalogueEntry[]> {
    const entries: CatalogueEntry[] = [];
    const { currency, products } = this.#known.state;
    for (const [productId, { listing, available }] of products) {
      if (listing !== null) entries.push({ productId, ...listing, currency, available: sellable(available) });
    }
    return Promise.resolve(entries);
  }

  close(): Promise<void> {
    this.#queue.end(new ShopError('CLOSED', 'the shop was closed'));
    this.#closed ??= this.ended.catch(() => {});
    return this.#closed;
  }

  async #work(): Promise<void> {
    const { batchCommandsMax = BATCH_COMMANDS_MAX, earlyCommandsMin = EARLY_COMMANDS_MIN } = this.#options;
    let before: Promise<void> = Promise.resolve();
    try {
      for (;;) {
        await Promise.race([before, this.#queue.holds(earlyCommandsMin)]);
        const batch = await this.#queue.take(batchCommandsMax);
        if (batch === null) break;
        const early = this.#inDoubt.length > 0 ? await this.#decideEarly(batch.items) : null;
        await before.catch((error: unknown) => {
          batch.reject(error as Error);
          throw error;
        });
        before = this.#settle(batch, early);
        // Its failure is noticed above, but not at once.
        before.catch(() => {});
      }
      await before;
    } catch (error) {
      this.#queue.fail(error as Error);
      throw error;
    } finally {
      await this.#dropWriter();
    }
  }

  /** Brings the batch into the log or tells its senders why not. Throws only when the shop is at its end. */
  async #settle(batch: Batch, early: Early | null): Promise<void> {
    let isOwnUnknown = false;
    for (let tries = 1; ; tries++) {
      try {
        const behind = await this.#attempt(batch.items, tries === 1 ? early : null);
        if (behind === null) batch.resolve();
        else batch.reject(behind);
        return;
      } catch (error) {
        const { logger, retryFirstMs = RETRY_FIRST_MS } = this.#options;
        if (isShopError(error, 'FENCED')) {
          const fenced = new ShopError('FENCED', 'another shop took over; this one ends', { cause: error });
          batch.reject(fenced);
          throw fenced;
        }
        isOwnUnknown ||= isShopError(error, 'UNKNOWN_OUTCOME');
        if (tries === APPEND_TRIES_MAX || !isPassing(error)) {
          logger.error({ error, tries }, 'Orders could not be appended; their senders are told.');
          batch.reject(isOwnUnknown && this.#outcomeUnknown ? unknownOutcome(error) : (error as Error));
          return;
        }
        logger.warn({ error, tries }, 'An append failed; reading the log again before the next try.');
        await pause(Math.min(RETRY_MAX_MS, retryFirstMs * 4 ** (tries - 1)));
      }
    }
  }

  /** Resolves to null when every item has its outcome, or to why the shop can't tell yet. */
  async #attempt(items: readonly Item[], early: Early | null): Promise<ShopError | null> {
    if (this.#doubtful) await this.#beginAgain();
    // What was decided early was decided on what was known then.
    const isGood = early !== null && early.known === this.#known;
    const decided = isGood ? early.decided : await this.#decide(items);
    if (decided instanceof ShopError) return decided;
    try {
      await this.#append(decided, isGood ? early.chunks : null);
    } catch (error) {
      this.#doubtful = true;
      this.#outcomeUnknown = isShopError(error, 'UNKNOWN_OUTCOME');
      throw error;
    }
    for (const [index, item] of items.entries()) item.outcome ??= decided.outcomes[index] ?? null;
    return null;
  }

  /** Decides on what is known, as if everything decided before got into the log. */
  async #decide(items: readonly Item[]): Promise<Decided | ShopError> {
    const known = this.#known;
    const { state, orders, receipts } = known;
    const behind = await this.#pruner.catchUp(known, items);
    if (behind !== null) return behind;
    const stored = await findStored(this.#options, known, items);
    try {
      return decideBatch(items, { state, orders, receipts, ...stored });
    } catch (error) {
      this.#doubtful = true;
      throw error;
    }
  }

  /**
   * Decides the next batch while the one before is being appended, so that neither waits for the other. If that
   * one fails, this is void: what is known will be read again. Null when it can't be done now.
   */
  async #decideEarly(items: readonly Item[]): Promise<Early | null> {
    const known = this.#known;
    const bringsStock = this.#inDoubt[0]?.position.topic === 'stock';
    try {
      const decided = await this.#decide(items);
      if (decided instanceof ShopError) return null;
      // Offsets of stock that is on its way are not known yet, and belong into the orders.
      if (bringsStock || decided.stock.length > 0) return { known, decided, chunks: null };
      decided.stockSeen.push(...known.seen.stock);
      return { known, decided, chunks: [...inChunks(decided.orders)] };
    } catch (error) {
      this.#options.logger.debug({ error }, 'The next orders could not be decided early.');
      return null;
    }
  }

  /**
   * Fence, read, and see which of the events whose append failed are in the log all the same. The other commands
   * are decided again, on what is known now.
   */
  async #beginAgain(): Promise<void> {
    await this.#dropWriter();
    this.#writer = await this.#options.log.writer('shop');
    const eventIds = new Set(this.#inDoubt.map(({ event }) => event.id));
    this.#known = await load(this.#options, { after: this.#known.seen, eventIds });
    for (const { event, item, outcome } of this.#inDoubt) {
      const position = this.#known.found.get(event.id);
      if (position !== undefined) item.outcome = { ...outcome, position };
    }
    this.#inDoubt = [];
    this.#outcomeUnknown = false;
    this.#doubtful = false;
  }

  async #append(decided: Decided, chunks: readonly Chunk[] | null): Promise<void> {
    for (const chunk of inChunks(decided.stock)) await this.#appendChunk(chunk);
    // Now the offsets of the stock that these orders may sell are known.
    if (chunks === null) decided.stockSeen.push(...this.#known.seen.stock);
    for (const chunk of chunks ?? inChunks(decided.orders)) await this.#appendChunk(chunk);
  }

  /** What is appended has its outcome at once, whatever becomes of the rest. */
  async #appendChunk({ records, run }: Chunk): Promise<void> {
    if (this.#writer === null) throw new ShopError('UNAVAILABLE', 'the shop has no writer');
    this.#inDoubt = run;
    const offsets = await this.#writer.append(records);
    this.#inDoubt = [];
    const { seen } = this.#known;
    for (const [index, { position, item, outcome }] of run.entries()) {
      const offset = offsets[index];
      if (offset === undefined) throw new ShopError('UNKNOWN_OUTCOME', 'the log did not say where an event is');
      position.offset = offset;
      item.outcome = outcome;
      seen[position.topic === 'orders' ? 'orders' : 'stock'][position.partition] = offset;
    }
  }

  async #dropWriter(): Promise<void> {
    const writer = this.#writer;
    this.#writer = null;
    // A writer that failed may fail to close, too; the next one fences it anyway.
    await writer?.close().catch(() => {});
  }
}

/** Decided while the batch before was under way. */
interface Early {
  /** What it was decided on. */
  readonly known: Loaded;
  readonly decided: Decided;
  /** The orders, encoded; null while the stock that they depend on is not in the log. */
  readonly chunks: readonly Chunk[] | null;
}

/** Nothing can be sold of what there is too much of to be counted. */
function sellable(available: Sum): number {
  return available === BEYOND ? 0 : Math.max(0, available);
}

/** The present instant as text, written anew only when a millisecond has passed. */
function instants(clock: Clock): () => string {
  let written = NaN;
  let text = '';
  return () => {
    const now = clock.now();
    if (now !== written) text = new Date(now).toISOString();
    written = now;
    return text;
  };
}

function unknownOutcome(cause: unknown): ShopError {
  const message = 'whether the commands got into the log is not known; send those that bear keys again to learn it';
  return new ShopError('UNKNOWN_OUTCOME', message, { cause });
}

/** Whether trying again may help. */
function isPassing(error: unknown): boolean {
  return isShopError(error, 'UNKNOWN_OUTCOME') || isShopError(error, 'UNAVAILABLE') || isShopError(error, 'STORAGE');
}
