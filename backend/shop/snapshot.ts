/** The stock as its read model has it, at one position for each topic-partition. */
import { setTimeout as pause } from 'node:timers/promises';
import { productIdOf, productKey, type StockOfProduct } from '../../projections/stock.ts';
import { BEYOND, plus } from '../domain/exact.ts';
import { PARTITIONS } from '../events/topics.ts';
import type { TopicPartition } from '../ports/event-log.ts';
import type { Logger } from '../ports/logger.ts';
import type { FoldedDocument, ReadModels } from '../ports/read-models.ts';
import { productOf, type ShopState } from './decide.ts';
import { SNAPSHOT_PAUSE_MS, SNAPSHOT_TRIES_MAX } from './limits.ts';
import { nothingSeen, type Seen, type ShopTopic } from './positions.ts';

const FIRST_PRODUCT = productKey('');
/** The first key after every `product/…`: '0' follows '/'. */
const AFTER_PRODUCTS = `${FIRST_PRODUCT.slice(0, -1)}0`;

/**
 * Puts the stored stock into `state` and returns the positions that it stands at; −1 where nothing is stored
 * yet, or where the projector would not hold still: that partition is then folded from its beginning.
 */
export async function takeSnapshot(
  models: ReadModels,
  collection: string,
  state: ShopState,
  logger: Logger,
): Promise<Seen> {
  const seen = nothingSeen();
  let unsettled: readonly TopicPartition[] = everySource();
  for (let tries = 0; tries < SNAPSHOT_TRIES_MAX && unsettled.length > 0; tries++) {
    if (tries > 0) await pause(SNAPSHOT_PAUSE_MS);
    unsettled = await readSettled(models, collection, unsettled, state, seen);
  }
  if (unsettled.length > 0) {
    const partitions = unsettled.map(({ topic, partition }) => `${topic}/${partition}`);
    logger.warn({ collection, partitions }, 'The stock was being written all the time; reading the log instead.');
  }
  return seen;
}

/**
 * Checkpoints first, then documents. The checkpoint is stored after the documents that it covers, so a
 * document past it means that a flush was under way, and a partition without one stands exactly at it.
 * Returns the partitions that have to be read again.
 */
async function readSettled(
  models: ReadModels,
  collection: string,
  sources: readonly TopicPartition[],
  state: ShopState,
  seen: Seen,
): Promise<TopicPartition[]> {
  const positions = new Map<string, number>();
  for (const each of await models.checkpoints([collection])) positions.set(nameOf(each), each.position);
  const started = sources.filter((source) => positions.has(nameOf(source)));
  if (started.length === 0) return [];
  const documents = await models.range({ collection, sources: started, from: FIRST_PRODUCT, to: AFTER_PRODUCTS });
  const bySource = groupBySource(documents);
  const again: TopicPartition[] = [];
  for (const source of started) {
    const position = positions.get(nameOf(source)) ?? -1;
    const own = bySource.get(nameOf(source)) ?? [];
    if (own.some((document) => document.position > position)) again.push(source);
    else {
      for (const document of own) add(state, document);
      seen[source.topic as ShopTopic][source.partition] = position;
    }
  }
  return again;
}

function add(state: ShopState, document: FoldedDocument): void {
  const { product, received, sold } = document.body as unknown as StockOfProduct;
  const own = productOf(state, productIdOf(document.key));
  own.available = plus(own.available, sold === BEYOND ? sold : plus(received, -sold));
  if (product !== null) own.listing = { name: product.name, category: product.category, price: product.price };
}

function groupBySource(documents: readonly FoldedDocument[]): Map<string, FoldedDocument[]> {
  const groups = new Map<string, FoldedDocument[]>();
  for (const document of documents) {
    const own = groups.get(nameOf(document));
    if (own === undefined) groups.set(nameOf(document), [document]);
    else own.push(document);
  }
  return groups;
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;

function everySource(): TopicPartition[] {
  const sources: TopicPartition[] = [];
  for (const topic of ['stock', 'orders'] as const) {
    for (let partition = 0; partition < PARTITIONS; partition++) sources.push({ topic, partition });
  }
  return sources;
}
