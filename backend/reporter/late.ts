/**
 * Watches the log for what changes reports that are out already, and for the days that are to have one. It reads
 * from a checkpoint of its own, which moves only when whatever was found up to there has been reported.
 */
import { ALL_TIME } from '../../projections/handling.ts';
import { QUARTER_MS, startOfQuarter } from '../../projections/quarter.ts';
import { dayOf, type Day } from '../domain/calendar.ts';
import { HAPPENED_MAX, HAPPENED_MIN } from '../events/bounds.ts';
import type { Recorded } from '../events/codec.ts';
import { eventsIn } from '../events/record.ts';
import { PARTITIONS } from '../events/topics.ts';
import { ShopError } from '../ports/errors.ts';
import type { Bounds, EventLog, TopicPartition } from '../ports/event-log.ts';
import type { Flush, ReadModels } from '../ports/read-models.ts';
import { collectionFor, type Collections } from '../queries/collections.ts';
import type { IssuedReports } from './issued.ts';

/** Holds the checkpoints; it has no documents. */
const REPORTER_COLLECTION = 'reporter-v1';
/** When the first order was placed: `{ firstAt: epoch ms }`. */
const META = 'reporter';

const CACHED_DAYS_MAX = 50_000;

export const REPORTED_TOPICS = ['orders', 'handled-orders'] as const;
type ReportedTopic = (typeof REPORTED_TOPICS)[number];
type Positions = Record<ReportedTopic, number[]>;

export interface LateOptions {
  readonly log: EventLog;
  readonly models: ReadModels;
  readonly timeZone: string;
  /** Projection name to its live collection, as of now. */
  readonly collections: () => Promise<Collections>;
  readonly issued: IssuedReports;
}

export class LateWatch {
  readonly #options: LateOptions;
  /** Read up to here. */
  #positions: Positions | null = null;
  #firstAt = Infinity;
  /** Reported days that something came in for later. */
  readonly late = new Set<Day>();
  /** Days so far off that they have no report, on which something is said to have happened. */
  readonly outside = new Set<Day>();
  /** Days on which something was placed or handled; those that have a report may be missing. */
  readonly #busy = new Set<Day>();
  readonly #days = new Map<number, Day>();

  constructor(options: LateOptions) {
    this.#options = options;
  }

  /** The day of the first order; null when there is none. */
  get firstDay(): Day | null {
    return this.#firstAt === Infinity ? null : this.#dayAt(this.#firstAt);
  }

  /** Whether something was placed or handled on the day. */
  isBusy(day: Day): boolean {
    const report = this.#options.issued.latest(day);
    return this.#busy.has(day) || (report !== null && report.orders + report.handledOrders > 0);
  }

  /** Whether nothing is known yet: then begin() is called, with read models that have reached the ends. */
  get isNew(): boolean {
    return this.#positions === null;
  }

  async begin(ends: ReadonlyMap<string, readonly Bounds[]>): Promise<void> {
    const { models, issued } = this.#options;
    await models.ensureCollection(REPORTER_COLLECTION);
    const known = await models.getMeta(META);
    this.#firstAt = firstIn(known);
    const stored = await this.#stored();
    const isFirstTime = [...stored.orders, ...stored['handled-orders']].every((position) => position === -1);
    if (!isFirstTime) {
      // An earlier version has taken for the first what is too far off to have a report.
      if (known !== null && this.#firstAt === Infinity) await this.#scan();
      this.#positions = stored;
      return;
    }
    await this.#scan();
    const reports = [...issued.all()];
    const positionOf = (topic: ReportedTopic, partition: number): number =>
      Math.min(
        (ends.get(topic)?.[partition]?.end ?? 0) - 1,
        ...reports.map((report) => report.positions[topic]?.[partition] ?? -1),
      );
    const all = (topic: ReportedTopic): number[] =>
      Array.from({ length: PARTITIONS }, (_, partition) => positionOf(topic, partition));
    this.#positions = { orders: all('orders'), 'handled-orders': all('handled-orders') };
  }

  /** Reads on to the ends. */
  async read(ends: ReadonlyMap<string, readonly Bounds[]>): Promise<void> {
    const positions = this.#positions;
    if (positions === null) throw new Error('the watch has not begun');
    for (const topic of REPORTED_TOPICS) {
      for (const [partition, bounds] of (ends.get(topic) ?? []).entries()) {
        const from = (positions[topic][partition] ?? -1) + 1;
        assertWithin({ topic, partition }, from, bounds);
        if (from === bounds.end) continue;
        for await (const batch of this.#options.log.read({ topic, partition }, from, bounds.end)) {
          for (const recorded of eventsIn(batch)) this.#look(topic, recorded);
          positions[topic][partition] = batch.next - 1;
        }
      }
    }
  }

  #look(topic: ReportedTopic, { at, partition, offset }: Recorded): void {
    const day = this.#saw(at, topic);
    if (day === null) return;
    const report = this.#options.issued.latest(day);
    if (report === null) return;
    if (offset > (report.positions[topic]?.[partition] ?? -1)) this.late.add(day);
  }

  /** Something happened: resolves to its day, or to null when it is too far off to have a report. */
  #saw(at: number, topic: ReportedTopic): Day | null {
    const day = this.#dayAt(at);
    if (!isNear(at)) {
      this.outside.add(day);
      return null;
    }
    if (topic === 'orders') this.#firstAt = Math.min(this.#firstAt, at);
    this.#busy.add(day);
    return day;
  }

  /** Everything found up to here has been reported: the next start goes on from here. */
  async store(): Promise<void> {
    const { models } = this.#options;
    if (this.#positions === null) return;
    await this.#storeFirst();
    const stored = await this.#stored();
    const flushes: Flush[] = [];
    for (const topic of REPORTED_TOPICS) {
      for (const [partition, position] of this.#positions[topic].entries()) {
        const previous = stored[topic][partition] ?? -1;
        if (position <= previous) continue;
        const nothing = { documents: [], parts: [] };
        flushes.push({ collection: REPORTER_COLLECTION, topic, partition, ...nothing, previous, position });
      }
    }
    // A rejected one means that another reporter has stored how far it is, which is as good.
    if (flushes.length > 0) await models.flush(flushes);
  }

  async #storeFirst(): Promise<void> {
    const { models } = this.#options;
    for (;;) {
      const known = await models.getMeta(META);
      const firstAt = Math.min(this.#firstAt, firstIn(known));
      this.#firstAt = firstAt;
      if (firstAt === Infinity || known?.['firstAt'] === firstAt) return;
      if (await models.putMeta(META, { firstAt }, known)) return;
    }
  }

  /** Once in the life of a store; later the watch sees by itself what comes in, whatever its day. */
  async #scan(): Promise<void> {
    const { models, collections } = this.#options;
    for await (const { at, topic } of activity(models, await collections())) this.#saw(at, topic);
  }

  async #stored(): Promise<Positions> {
    const none = (): number[] => Array.from({ length: PARTITIONS }, () => -1);
    const positions: Positions = { orders: none(), 'handled-orders': none() };
    for (const { topic, partition, position } of await this.#options.models.checkpoints([REPORTER_COLLECTION])) {
      if (topic === 'orders' || topic === 'handled-orders') positions[topic][partition] = position;
    }
    return positions;
  }

  /** Days begin with a quarter of an hour in every time zone in use. */
  #dayAt(instant: number): Day {
    const quarter = Math.floor(instant / QUARTER_MS);
    const known = this.#days.get(quarter);
    if (known !== undefined) return known;
    const day = dayOf(quarter * QUARTER_MS, this.#options.timeZone);
    if (this.#days.size >= CACHED_DAYS_MAX) this.#days.clear();
    this.#days.set(quarter, day);
    return day;
  }
}

/** The quarters of an hour in which something was placed or handled, by their first instants, as the read models have it. */
async function* activity(
  models: ReadModels,
  collections: Collections,
): AsyncGenerator<{ readonly at: number; readonly topic: ReportedTopic }> {
  for await (const documents of models.scanFolded(collectionFor(collections, 'order-counts'))) {
    for (const { key } of documents) yield { at: startOfQuarter(key), topic: 'orders' };
  }
  for await (const documents of models.scanFolded(collectionFor(collections, 'handling'))) {
    for (const { key, topic } of documents) {
      if (topic === 'handled-orders' && key !== ALL_TIME) yield { at: startOfQuarter(key), topic };
    }
  }
}

export interface Activity {
  /** The quarter in which the first order was placed, epoch ms; Infinity when there is none. */
  readonly firstAt: number;
  /** First instants of the quarters in which something was placed or handled, and which can have a report. */
  readonly quarters: ReadonlySet<number>;
}

/** When something happened, as the read models have it. */
export async function readActivity(models: ReadModels, collections: Collections): Promise<Activity> {
  let firstAt = Infinity;
  const quarters = new Set<number>();
  for await (const { at, topic } of activity(models, collections)) {
    if (!isNear(at)) continue;
    if (topic === 'orders') firstAt = Math.min(firstAt, at);
    quarters.add(at);
  }
  return { firstAt, quarters };
}

const dateOf = (instant: number): string => new Date(instant).toISOString().slice(0, 10);

/** Somebody else's records may be dated anyhow. */
export const OUTSIDE = `reports are of the days from ${dateOf(HAPPENED_MIN)} to ${dateOf(HAPPENED_MAX)}`;

function isNear(at: number): boolean {
  return at >= HAPPENED_MIN && at <= HAPPENED_MAX;
}

function firstIn(meta: Readonly<Record<string, unknown>> | null): number {
  const at = Number(meta?.['firstAt'] ?? Infinity);
  return isNear(at) ? at : Infinity;
}

function assertWithin({ topic, partition }: TopicPartition, from: number, { low, end }: Bounds): void {
  if (from >= low && from <= end) return;
  throw new ShopError(
    'LOG_MISMATCH',
    `the reporter has read ${topic}/${partition} up to ${from}, but the log has ${low} to ${end}: it is not the log that the read models were made from`,
  );
}
