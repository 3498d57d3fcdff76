/** Simulated history: the orders of a span of the past, written as fast as the shop takes them. */
import type { HandlingPolicy } from '../events/events.ts';
import { ShopError } from '../ports/errors.ts';
import type { Command, RefusalReason, Shop } from '../shop/commands.ts';
import type { Catalogue } from './catalogue.ts';
import { averageRate, simulate, type Volume } from './simulation.ts';

/** Commands that go to the shop at once. */
const BATCH_SIZE = 1_000;
const RATE_PER_SECOND_MAX = 100_000;

/** `total` is null when it is not known beforehand. */
export type OnProgress = (done: number, total: number | null, note?: string) => void;

export interface HistoryOptions {
  readonly shop: Shop;
  readonly catalogue: Catalogue;
  /** The log's currency. */
  readonly currency: string;
  readonly seed: number;
  /** First instant, epoch ms. */
  readonly from: number;
  /** The instant after the last one, epoch ms. */
  readonly to: number;
  readonly volume: Volume;
  readonly timeZone: string;
  readonly handling: HandlingPolicy | null;
  /** Part of every id; derived from what is above when absent. */
  readonly namespace?: string;
  /** Called with the orders written so far, after each batch. */
  readonly onProgress?: OnProgress;
  /** Stops after the batch in hand. */
  readonly signal?: AbortSignal;
  readonly batchSize?: number;
}

export interface HistoryCounts {
  /** Orders that are in the log now and were not before. */
  orders: number;
  restocks: number;
  /** Orders and receipts that were there already. */
  duplicates: number;
  refused: Partial<Record<RefusalReason, number>>;
  /** False when it was stopped before the end. */
  complete: boolean;
}

/**
 * Writes the history. It brings its own goods, and sells no others: so what it sends depends on its
 * arguments alone, and the same run again, also after a crash in the middle, adds only what is missing.
 * Products that are listed already stay as they are.
 *
 * Throws BAD_INPUT for an impossible span or volume or another currency than the log's, and whatever the
 * shop throws; then the same run again goes on where this one ended.
 */
export async function writeHistory(options: HistoryOptions): Promise<HistoryCounts> {
  const { shop, signal, onProgress, volume } = options;
  assertPossible(options);
  const listed = new Map((await shop.catalogue()).map((entry) => [entry.productId, entry]));
  const other = [...listed.values()].find((entry) => entry.currency !== options.currency);
  if (other !== undefined) throw otherCurrency(options.currency, other.currency);
  const counts: HistoryCounts = { orders: 0, restocks: 0, duplicates: 0, refused: {}, complete: true };
  const total = 'orders' in volume ? volume.orders : null;
  const { seed, catalogue, currency, from, to, timeZone, handling, namespace } = options;
  const commands = simulate({
    seed,
    catalogue,
    currency,
    available: new Map(),
    from,
    to,
    volume,
    timeZone,
    handling,
    source: 'history',
    ...(namespace === undefined ? {} : { namespace }),
  });

  let done = 0;
  let underWay: Promise<void> = Promise.resolve();
  const batches = inBatches(withoutListed(commands, listed), options.batchSize ?? BATCH_SIZE);
  for (const batch of batches) {
    // One batch is made while the one before is under way; two under way could overtake each other.
    await underWay;
    if (signal?.aborted === true) {
      counts.complete = false;
      break;
    }
    underWay = submit(shop, batch, counts, options.currency).then(() => {
      for (const command of batch) if (command.type === 'PlaceOrder') done++;
      onProgress?.(done, total, batch.at(-1)?.at?.slice(0, 10));
    });
    // The failure is thrown where it is awaited; this only keeps it from being called unhandled until then.
    underWay.catch(() => {});
  }
  await underWay;
  return counts;
}

async function submit(shop: Shop, batch: Command[], counts: HistoryCounts, currency: string): Promise<void> {
  const outcomes = await shop.submit(batch);
  for (const [index, outcome] of outcomes.entries()) {
    const type = batch[index]?.type;
    if (outcome.status === 'refused') {
      if (outcome.reason === 'OTHER_CURRENCY') throw otherCurrency(currency, 'another');
      counts.refused[outcome.reason] = (counts.refused[outcome.reason] ?? 0) + 1;
    } else if (type === 'ListProduct') continue;
    else if (outcome.status === 'duplicate') counts.duplicates++;
    else if (type === 'PlaceOrder') counts.orders++;
    else counts.restocks++;
  }
}

function* withoutListed(commands: Iterable<Command>, listed: ReadonlyMap<string, unknown>): Generator<Command> {
  for (const command of commands) if (command.type !== 'ListProduct' || !listed.has(command.productId)) yield command;
}

function* inBatches(commands: Iterable<Command>, size: number): Generator<Command[]> {
  let batch: Command[] = [];
  for (const command of commands) {
    batch.push(command);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function assertPossible({ from, to, volume }: HistoryOptions): void {
  if (!Number.isFinite(from) || !Number.isFinite(to) || to <= from) {
    throw new ShopError('BAD_INPUT', 'the span of the history is empty: its end must be after its start');
  }
  if ('orders' in volume && (!Number.isInteger(volume.orders) || volume.orders < 0)) {
    throw new ShopError('BAD_INPUT', `the number of orders must be a whole number from 0 up, not ${volume.orders}`);
  }
  const rate = averageRate(volume, from, to);
  if (!(rate >= 0 && rate <= RATE_PER_SECOND_MAX)) {
    throw new ShopError('BAD_INPUT', `${rate} orders a second are not between 0 and ${RATE_PER_SECOND_MAX}`);
  }
}

function otherCurrency(asked: string, found: string): ShopError {
  return new ShopError('BAD_INPUT', `the log is in ${found} currency, not in ${asked}: use the log's own`);
}
