/** Whether orders and receipts were asked for before, where memory no longer knows: in the read models. */
import { isDeepStrictEqual } from 'node:util';
import { receiptKey } from '../../projections/stock.ts';
import { eventsIn } from '../events/record.ts';
import { PARTITIONS, partitionOf } from '../events/topics.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { ReadModels } from '../ports/read-models.ts';
import { isRefused, type Item } from './batch.ts';
import { namesIn, type Loaded, type LoadOptions, type Names } from './load.ts';
import type { KnownOrder, KnownReceipt, Recent } from './recent.ts';

/** What the read models know of the items. */
export interface Stored {
  readonly storedOrders: ReadonlyMap<string, KnownOrder>;
  readonly storedReceipts: ReadonlyMap<string, KnownReceipt>;
}

/**
 * Asks for what memory no longer knows. A collection that went out of use meanwhile may have been dropped before it
 * answered; then the one that took its place is asked. Without anything to ask, the read models may be away.
 */
export async function findStored(
  { log, models, collections }: Pick<LoadOptions, 'log' | 'models' | 'collections'>,
  { orders, receipts }: Pick<Loaded, 'orders' | 'receipts'>,
  items: readonly Item[],
): Promise<Stored> {
  for (;;) {
    let asked: Names | null = null;
    const names = async (): Promise<Names> => (asked ??= namesIn(await collections()));
    const storedOrders = await findStoredOrders(models, names, items, orders);
    const storedReceipts = await findStoredReceipts(log, models, names, items, receipts);
    if (asked === null || isDeepStrictEqual(asked, namesIn(await collections()))) {
      return { storedOrders, storedReceipts };
    }
  }
}

/** One look-up for all items: placed before, and not in memory. */
async function findStoredOrders(
  models: ReadModels,
  names: () => Promise<Names>,
  items: readonly Item[],
  recent: Recent<KnownOrder>,
): Promise<Map<string, KnownOrder>> {
  const ids = new Set<string>();
  for (const { ready, outcome } of items) {
    if (outcome !== null || isRefused(ready) || !ready.repeatable || ready.command.type !== 'PlaceOrder') continue;
    const partition = partitionOf(ready.id);
    // Nothing of the partition is in the read model: then memory has all of it.
    if (recent.stored(partition) >= 0 && recent.get(ready.id, partition) === undefined) ids.add(ready.id);
  }
  const found = new Map<string, KnownOrder>();
  if (ids.size === 0) return found;
  for (const { id, parts } of await models.merged((await names()).orders, [...ids])) {
    const placed = parts['placed'];
    if (placed === undefined) continue;
    const { at, fingerprint } = placed.fields as { at: string; fingerprint: string | null };
    found.set(id, {
      id,
      at,
      fingerprint,
      position: { topic: 'orders', partition: partitionOf(id), offset: placed.position },
    });
  }
  return found;
}

/**
 * The read model has a receipt's position and quantity; what else it said stands in the log. The receipt may have
 * been for another product, so every partition is asked.
 */
async function findStoredReceipts(
  log: EventLog,
  models: ReadModels,
  names: () => Promise<Names>,
  items: readonly Item[],
  recent: Recent<KnownReceipt>,
): Promise<Map<string, KnownReceipt>> {
  const keys = new Set<string>();
  for (const { ready, outcome } of items) {
    if (outcome !== null || isRefused(ready) || !ready.repeatable || ready.command.type !== 'ReceiveStock') continue;
    if (recent.find(ready.id) === undefined) keys.add(receiptKey(ready.id));
  }
  const found = new Map<string, KnownReceipt>();
  if (keys.size === 0) return found;
  const wanted = [...keys];
  const { stock } = await names();
  for (let partition = 0; partition < PARTITIONS; partition++) {
    if (recent.stored(partition) < 0) continue;
    const documents = await models.load(stock, { topic: 'stock', partition }, wanted);
    await readReceipts(
      log,
      partition,
      documents.map((document) => document.position),
      found,
    );
  }
  return found;
}

/** Reads the receipts at these offsets in one go. */
async function readReceipts(
  log: EventLog,
  partition: number,
  offsets: readonly number[],
  found: Map<string, KnownReceipt>,
): Promise<void> {
  if (offsets.length === 0) return;
  const wanted = new Set(offsets);
  const from = offsets.reduce((a, b) => Math.min(a, b));
  const to = offsets.reduce((a, b) => Math.max(a, b)) + 1;
  for await (const batch of log.read({ topic: 'stock', partition }, from, to)) {
    const records = batch.records.filter(({ offset }) => wanted.has(offset));
    for (const { event, offset } of eventsIn({ topic: 'stock', partition, records })) {
      if (event.type !== 'StockReceived') continue;
      const { id, at, productId, quantity, reason } = event;
      found.set(id, { id, at, productId, quantity, reason, position: { topic: 'stock', partition, offset } });
    }
  }
}
