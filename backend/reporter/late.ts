/**
 * Watches the log for what changes reports that are out already, and for the days that are to have one. It reads
 * from a checkpoint of its own, which moves only when whatever was found up to there has been reported.
 */
import { QUARTER_MS, startOfQuarter } from '../../projections/quarter.ts';
import { dayOf, type Day } from '../domain/calendar.ts';
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
    if (typeof known?.['firstAt'] === 'number') this.#firstAt = known['firstAt'];
    const stored = await this.#stored();
    const isFirstTime = [...stored.orders, ...stored['handled-orders']].every((position) => position === -1);
    if (!isFirstTime) {
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
    if (topic === 'orders' && at < this.#firstAt) this.#firstAt = at;
    const day = this.#dayAt(at);
    this.#busy.add(day);
    const report = this.#options.issued.latest(day);
    if (report === null) return;
    if (offset > (report.positions[topic]?.[partition] ?? -1)) this.late.add(day);
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
      const firstAt = Math.min(this.#firstAt, Number(known?.['firstAt'] ?? Infinity));
      this.#firstAt = firstAt;
      if (firstAt === Infinity || known?.['firstAt'] === firstAt) return;
      if (await models.putMeta(META, { firstAt }, known)) return;
    }
  }

  /** Once in the life of a store; later the watch sees by itself what comes in, whatever its day. */
  async #scan(): Promise<void> {
    const { models, collections } = this.#options;
    const live = await collections();
    for await (const documents of models.scanFolded(collectionFor(live, 'order-counts'))) {
      for (const { key } of documents) {
        this.#firstAt = Math.min(this.#firstAt, startOfQuarter(key));
        this.#busy.add(this.#dayAt(startOfQuarter(key)));
      }
    }
    for await (const documents of models.scanFolded(collectionFor(live, 'handling'))) {
      for (const { key, topic } of documents) {
        if (topic === 'handled-orders') this.#busy.add(this.#dayAt(startOfQuarter(key)));
      }
    }
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

function assertWithin({ topic, partition }: TopicPartition, from: number, { low, end }: Bounds): void {
  if (from >= low && from <= end) return;
  throw new ShopError(
    'LOG_MISMATCH',
    `the reporter has read ${topic}/${partition} up to ${from}, but the log has ${low} to ${end}: it is not the log that the read models were made from`,
  );
}
