/**
 * One order's document, made again from the log: its parts as its events make them. The document is replaced only
 * if it still is what was looked at, so that whoever folds meanwhile never loses anything.
 */
import { isDeepStrictEqual } from 'node:util';
import { orders } from '../../projections/orders.ts';
import { describeTopic, partitionOf } from '../events/topics.ts';
import { ShopError } from '../ports/errors.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { MergedDocument, ReadModels } from '../ports/read-models.ts';
import { readRecorded, type TruthPartition } from '../verify/records.ts';

type Parts = MergedDocument['parts'];

/** One field that was not as it had to be. */
export interface Mended {
  /** "placed.total"; "placed" where the whole part was missing or one too many. */
  readonly path: string;
  /** JSON values; undefined for what is not there. */
  readonly before?: unknown;
  readonly after?: unknown;
}

export interface OrderOptions {
  readonly log: EventLog;
  readonly models: ReadModels;
  /** The collection of the live generation of `orders`, as of now. */
  readonly collection: () => Promise<string>;
  readonly orderId: string;
  readonly signal?: AbortSignal;
}

const TRIES_MAX = 20;

/**
 * Reads the order's partition of each topic, and stores its document as it must be. Resolves to what was changed;
 * empty when it was right. Rejects with BAD_INPUT when neither the log nor the read model has such an order.
 */
export async function mendOrder(options: OrderOptions): Promise<Mended[]> {
  const { models, collection, orderId } = options;
  const mended = new Parted();
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const name = await collection();
    // The document first: whatever is in it, the log has by the time that it is read.
    const before = await read(models, name, orderId);
    const after = await mended.readOn(options);
    if (before === null && after === null) {
      throw new ShopError('BAD_INPUT', `the log has no order "${orderId}", and the read model has none either`);
    }
    if (isDeepStrictEqual(before, after)) return [];
    if (await models.putMerged(name, orderId, after, before)) return differencesOf(before ?? {}, after ?? {});
  }
  throw new ShopError('UNAVAILABLE', `the order "${orderId}" is being changed all the time; try again`);
}

async function read(models: ReadModels, collection: string, id: string): Promise<Parts | null> {
  const [document] = await models.merged(collection, [id]);
  return document?.parts ?? null;
}

/** The order's parts as the log has them, read once and then on from where it was. */
class Parted {
  readonly #next = new Map<string, number>();
  readonly #parts: Record<string, Parts[string]> = {};

  /** Null while the log has no event of the order. */
  async readOn({ log, orderId, signal }: OrderOptions): Promise<Parts | null> {
    for (const topic of orders.topics) {
      const partition = partitionOf(orderId, describeTopic(topic).partitions);
      await this.#readPartition(log, { topic, partition }, orderId, signal);
    }
    return Object.keys(this.#parts).length === 0 ? null : { ...this.#parts };
  }

  async #readPartition(
    log: EventLog,
    source: TruthPartition,
    orderId: string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { low, end } = (await log.bounds(source.topic))[source.partition] ?? { low: 0, end: 0 };
    const from = Math.max(low, this.#next.get(source.topic) ?? 0);
    if (from >= end) return;
    for await (const events of readRecorded(log, source, from, end)) {
      signal?.throwIfAborted();
      for (const recorded of events) {
        const own = orders.partOf(recorded);
        if (own?.id === orderId) this.#parts[own.part] = { position: recorded.offset, fields: own.fields };
      }
    }
    this.#next.set(source.topic, end);
  }
}

/** Field by field; a part that was missing, or was one too many, as a whole. */
function differencesOf(before: Parts, after: Parts): Mended[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name): Mended[] => {
    const was = before[name];
    const is = after[name];
    if (was === undefined || is === undefined) return [{ path: name, ...values(was?.fields, is?.fields) }];
    const position =
      was.position === is.position ? [] : [{ path: `${name}.position`, ...values(was.position, is.position) }];
    const fields = [...new Set([...Object.keys(was.fields), ...Object.keys(is.fields)])].sort();
    const changed = fields.filter((field) => !isDeepStrictEqual(was.fields[field], is.fields[field]));
    return [
      ...position,
      ...changed.map((field) => ({ path: `${name}.${field}`, ...values(was.fields[field], is.fields[field]) })),
    ];
  });
}

function values(before: unknown, after: unknown): Pick<Mended, 'before' | 'after'> {
  return { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
}
