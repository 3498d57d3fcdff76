/** For tests: makes events and folds them into read models with the projections' own functions. */
import { PROJECTIONS } from '../../projections/index.ts';
import type { FoldedProjection, MergedProjection } from '../../projections/projection.ts';
import { encode, sumOf, type Recorded } from '../events/codec.ts';
import type {
  OrderHandled,
  OrderId,
  OrderLine,
  OrderPlaced,
  ProductId,
  ReportIssued,
  ShopEvent,
} from '../events/events.ts';
import type { Body, Flush, FoldedWrite, PartWrite, ReadModels } from '../ports/read-models.ts';
import type { Collections } from './collections.ts';

export const FOLDED: readonly FoldedProjection[] = PROJECTIONS.filter((each) => each.kind === 'folded');

/** Collections of all folded projections, apart from those of other prefixes. */
export function collectionsFor(prefix: string): Collections {
  return Object.fromEntries(FOLDED.map(({ name }) => [name, `${prefix}-${name}`]));
}

const iso = (at: number): string => new Date(at).toISOString();

const CUSTOMER = { id: 'c-1', name: 'Åsa Öberg', email: 'asa@example.com', country: 'Sweden' };
const ALWAYS = { chance: 1, delayMs: 1_000, attempts: 1 };

export function line(productId: string, quantity: number, unitPrice: number): OrderLine {
  return { productId: productId as ProductId, name: `The ${productId}`, quantity, unitPrice };
}

export function placed(orderId: string, at: number, more: Partial<OrderPlaced> = {}): OrderPlaced {
  const lines = more.lines ?? [line('p-1', 1, 100)];
  return {
    type: 'OrderPlaced',
    version: 1,
    id: `${orderId}/placed`,
    at: iso(at),
    source: 'live',
    orderId: orderId as OrderId,
    customer: CUSTOMER,
    currency: 'SEK',
    total: sumOf(lines),
    handling: ALWAYS,
    stock: [],
    ...more,
    lines,
  };
}

export function handled(orderId: string, at: number, more: Partial<OrderHandled> = {}): OrderHandled {
  const lines = more.lines ?? [line('p-1', 1, 100)];
  return {
    type: 'OrderHandled',
    version: 1,
    id: `${orderId}/handled`,
    at: iso(at),
    source: 'live',
    orderId: orderId as OrderId,
    placedAt: iso(at - 1_000),
    attempt: 1,
    customer: CUSTOMER,
    currency: 'SEK',
    total: sumOf(lines),
    ...more,
    lines,
  };
}

export function reportIssued(day: string, revision: number, more: Partial<ReportIssued> = {}): ReportIssued {
  const from = Date.parse(`${day}T00:00:00.000Z`);
  return {
    type: 'ReportIssued',
    version: 1,
    id: `${day}/r${revision}`,
    at: iso(from + 86_400_000 + revision * 1_000),
    source: 'live',
    day,
    timeZone: 'UTC',
    from: iso(from),
    to: iso(from + 86_400_000),
    currency: 'SEK',
    revision,
    orders: 3,
    sales: 700,
    handledOrders: 2,
    products: [{ productId: 'p-1' as ProductId, name: 'The p-1', units: 7, amount: 700 }],
    positions: { orders: [1, 2, 0, -1, -1, 3], 'handled-orders': [0, 0, 0, 0, -1, -1] },
    changes: [],
    ...more,
  };
}

/** Gives events offsets, as a log with holes would: every third offset of a partition does not exist. */
export class Recorder {
  readonly #ends = new Map<string, number>();

  record(event: ShopEvent, partition?: number): Recorded {
    const encoded = encode(event);
    const { topic } = encoded as { topic: Recorded['topic'] };
    const to = partition ?? encoded.partition;
    const source = `${topic}/${to}`;
    const end = this.#ends.get(source) ?? 0;
    const offset = end % 3 === 2 ? end + 1 : end;
    this.#ends.set(source, offset + 1);
    return { event, at: Date.parse(event.at), topic, partition: to, offset };
  }
}

/** The flushes that bring the read models from their checkpoints to the last of `records`. */
async function flushesOf(
  models: ReadModels,
  projection: FoldedProjection,
  collection: string,
  records: readonly Recorded[],
): Promise<Flush[]> {
  const flushes: Flush[] = [];
  const checkpoints = await models.checkpoints([collection]);
  const sources = new Map(records.map((each) => [`${each.topic}/${each.partition}`, each]));
  for (const { topic, partition } of sources.values()) {
    if (!projection.topics.includes(topic)) continue;
    const own = records.filter((each) => each.topic === topic && each.partition === partition);
    const keys = [...new Set(own.flatMap((each) => projection.keysOf(each)))];
    const stored = await models.load(collection, { topic, partition }, keys);
    const writes = new Map<string, FoldedWrite>();
    for (const recorded of own) {
      for (const key of projection.keysOf(recorded)) {
        const before = stored.find((each) => each.key === key);
        const write: FoldedWrite = writes.get(key) ?? {
          key,
          previous: before?.position ?? null,
          position: recorded.offset,
          body: before === undefined ? (projection.initial(key) as Body) : structuredClone(before.body),
        };
        projection.evolve(write.body, recorded, key);
        writes.set(key, { ...write, position: recorded.offset });
      }
    }
    const previous = checkpoints.find((each) => each.topic === topic && each.partition === partition)?.position ?? -1;
    const position = Math.max(...own.map((each) => each.offset));
    flushes.push({ collection, topic, partition, documents: [...writes.values()], parts: [], previous, position });
  }
  return flushes;
}

/** Folds records, those of a partition in order, into all the collections. */
export async function foldInto(
  models: ReadModels,
  collections: Collections,
  records: readonly Recorded[],
): Promise<void> {
  const flushes: Flush[] = [];
  for (const projection of FOLDED) {
    const collection = collections[projection.name];
    if (collection === undefined) continue;
    await models.ensureCollection(collection);
    flushes.push(...(await flushesOf(models, projection, collection, records)));
  }
  const outcomes = await models.flush(flushes);
  if (outcomes.includes('rejected')) throw new Error('a flush of the test was rejected');
}

/** Folds records, those of a partition in order, into the collection of a merged projection. */
export async function foldMerged(
  models: ReadModels,
  projection: MergedProjection,
  collection: string,
  records: readonly Recorded[],
): Promise<void> {
  await models.ensureCollection(collection, projection.indexes);
  const flushes = new Map<string, Flush & { parts: PartWrite[] }>();
  const checkpoints = await models.checkpoints([collection]);
  for (const recorded of records) {
    const { topic, partition, offset } = recorded;
    const part = projection.partOf(recorded);
    if (part === null) continue;
    const previous = checkpoints.find((each) => each.topic === topic && each.partition === partition)?.position ?? -1;
    const parts = flushes.get(`${topic}/${partition}`)?.parts ?? [];
    parts.push({ ...part, position: offset });
    const flush = { collection, topic, partition, documents: [], parts, previous, position: offset };
    flushes.set(`${topic}/${partition}`, flush);
  }
  const outcomes = await models.flush([...flushes.values()]);
  if (outcomes.includes('rejected')) throw new Error('a flush of the test was rejected');
}
