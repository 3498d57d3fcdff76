/**
 * What a number is made of: the events of the log that it adds up, beside what the read models say. The read models
 * are read first, with the position that they stand at; then the log up to that very position. So the two must be
 * equal, also while the shop runs.
 */
import { BEYOND, plus, type Sum } from '../domain/exact.ts';
import type { Recorded } from '../events/codec.ts';
import { describeTopic, type Topic, type TruthTopic } from '../events/topics.ts';
import { ShopError } from '../ports/errors.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { ReadModels } from '../ports/read-models.ts';
import type { TopicPositions } from '../queries/consistent-read.ts';
import { projectionOf, readSpan, type SpanFigureName, type SpanOptions } from '../queries/span.ts';
import { readRecorded } from '../verify/records.ts';

/** One event that the number is made of. */
export interface Contribution {
  readonly topic: Topic;
  readonly partition: number;
  readonly offset: number;
  /** The event's own time, ISO 8601 in UTC. */
  readonly at: string;
  readonly source: 'live' | 'history' | 'import';
  /** The order's id; that of the product for goods received. */
  readonly id: string;
  /** What it adds: a count, or an amount in minor units. */
  readonly adds: number;
}

export interface Explanation {
  readonly figure: SpanFigureName;
  /** The first instant, and the first one after it, ISO 8601 in UTC; a stock is of everything before `to`. */
  readonly from: string | null;
  readonly to: string;
  readonly productId: string | null;
  /** How many events it is made of, and what they add up to. */
  readonly count: number;
  readonly sum: Sum;
  /** What the read models say for the same span at the same position. */
  readonly readModels: Sum;
  readonly projection: string;
  /** Whether both are that exactly: what cannot be given is not equal to anything. */
  readonly equal: boolean;
  /** The position of both: topic to the last offset of each partition, −1 for none. */
  readonly positions: TopicPositions;
  /** The events, by time; no more of them than were asked for. */
  readonly events: readonly Contribution[];
}

export interface ExplainOptions extends SpanOptions {
  readonly log: EventLog;
  readonly models: ReadModels;
  readonly figure: SpanFigureName;
  /** How many events are listed; they are all counted. */
  readonly eventsMax: number;
  /** Offsets read, of how many. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** What an event adds to a figure; null when it is of no concern, whenever it was. */
type Adding = (recorded: Recorded, productId: string | null) => number | null;

const ADDING: Readonly<Record<SpanFigureName, Adding>> = {
  orders: ({ event }) => (event.type === 'OrderPlaced' ? 1 : null),
  sales: ({ event }) => (event.type === 'OrderPlaced' ? event.total : null),
  handled: ({ event }) => (event.type === 'OrderHandled' ? 1 : null),
  units: unitsSold,
  stock: (recorded, productId) => {
    const { event } = recorded;
    if (event.type === 'StockReceived') return event.productId === productId ? event.quantity : null;
    const sold = unitsSold(recorded, productId);
    return sold === null ? null : -sold;
  },
};

function unitsSold({ event }: Recorded, productId: string | null): number | null {
  if (event.type !== 'OrderPlaced') return null;
  const own = event.lines.filter((line) => line.productId === productId);
  return own.length === 0 ? null : own.reduce((sum, { quantity }) => sum + quantity, 0);
}

/**
 * Adds the span's events up, and reads what the read models have for it. Rejects with LOG_MISMATCH when the log's
 * beginning is gone, UNAVAILABLE, the engines' own errors or the signal's reason.
 */
export async function explain(options: ExplainOptions): Promise<Explanation> {
  const { models, figure, from, to, productId } = options;
  const { value, positions } = await readSpan(models, figure, options);
  const { count, sum, events } = await addUp(options, positions);
  return {
    figure,
    from: figure === 'stock' ? null : new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    productId,
    count,
    sum,
    readModels: value,
    projection: projectionOf(figure),
    equal: sum !== BEYOND && sum === value,
    positions,
    events,
  };
}

async function addUp(
  { log, figure, from, to, productId, eventsMax, onProgress, signal }: ExplainOptions,
  positions: TopicPositions,
): Promise<{ count: number; sum: Sum; events: readonly Contribution[] }> {
  const adding = ADDING[figure];
  // A stock is of all that came before.
  const since = figure === 'stock' ? -Infinity : from;
  const parts = await partsOf(log, positions);
  const total = parts.reduce((offsets, part) => offsets + part.end, 0);
  const earliest = new Earliest(eventsMax);
  let count = 0;
  let sum: Sum = 0;
  let done = 0;
  for (const { topic, partition, end } of parts) {
    const batches = readRecorded(log, { topic, partition }, 0, end, (batch) => {
      signal?.throwIfAborted();
      done += batch.next - batch.from;
      onProgress?.(done, total);
    });
    for await (const recorded of batches) {
      for (const each of recorded) {
        if (each.at < since || each.at >= to) continue;
        const adds = adding(each, productId);
        if (adds === null) continue;
        count += 1;
        sum = plus(sum, adds);
        earliest.add(each, adds);
      }
    }
  }
  return { count, sum, events: earliest.list() };
}

interface Part {
  readonly topic: TruthTopic;
  readonly partition: number;
  /** The first offset that is not in. */
  readonly end: number;
}

/** What is to be read: from the beginning of each partition up to its position. */
async function partsOf(log: EventLog, positions: TopicPositions): Promise<Part[]> {
  const parts: Part[] = [];
  for (const [name, offsets] of Object.entries(positions)) {
    const topic = name as Topic;
    if (!describeTopic(topic).truth) continue;
    const bounds = await log.bounds(topic);
    for (const [partition, position] of offsets.entries()) {
      const { low = 0, end = 0 } = bounds[partition] ?? {};
      if (low > 0) {
        const message = `${topic}/${partition} does not begin with offset 0 any more: what came before cannot be explained; see the topic's retention`;
        throw new ShopError('LOG_MISMATCH', message);
      }
      // Read models that are ahead of the log are for verify to tell; here they show as a difference.
      parts.push({ topic: topic as TruthTopic, partition, end: Math.min(end, position + 1) });
    }
  }
  return parts;
}

/** The earliest of many events, by their own time; no more in memory than twice as many as are wanted. */
class Earliest {
  readonly #max: number;
  #kept: { readonly at: number; readonly contribution: Contribution }[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  add({ event, at, topic, partition, offset }: Recorded, adds: number): void {
    const id = 'orderId' in event ? event.orderId : 'productId' in event ? event.productId : event.id;
    const contribution = { topic, partition, offset, at: event.at, source: event.source, id, adds };
    this.#kept.push({ at, contribution });
    if (this.#kept.length > 2 * this.#max + 1) this.#trim();
  }

  list(): Contribution[] {
    this.#trim();
    return this.#kept.map(({ contribution }) => contribution);
  }

  #trim(): void {
    this.#kept.sort((a, b) => a.at - b.at || (placeOf(a.contribution) < placeOf(b.contribution) ? -1 : 1));
    if (this.#kept.length > this.#max) this.#kept.length = this.#max;
  }
}

function placeOf({ topic, partition, offset }: Contribution): string {
  return `${topic}/${partition}/${String(offset).padStart(16, '0')}`;
}
