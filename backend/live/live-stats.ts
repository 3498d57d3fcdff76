/** The figures of now, for everybody who watches: read once for each frame, whoever and how many they are. */
import { ALL_TIME } from '../../projections/handling.ts';
import { quarterOf } from '../../projections/quarter.ts';
import { productKey } from '../../projections/stock.ts';
import { addDays, boundsOf, dayOf, sameTimeOn, type Day } from '../domain/calendar.ts';
import type { ReadModelUpdate } from '../ports/announcements.ts';
import type { ReadModels } from '../ports/read-models.ts';
import { collectionFor, type Collections } from '../queries/collections.ts';
import { sourcesOf, type Readable } from '../queries/consistent-read.ts';
import { readSeries, type Bucket } from '../queries/series.ts';
import { readComparedStats, readStats, type ComparedStats, type Stats } from '../queries/stats.ts';
import { AFTER_QUARTERS } from '../queries/windows.ts';
import { Mirror, type Coverage } from './mirror.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const LATEST_MINUTES = 3;

export interface LiveStats extends Stats {
  /** The same at this time of the day before. */
  readonly yesterday: ComparedStats;
  /** The last three minutes, the running one last. */
  readonly latestMinutes: readonly Bucket[];
}

export interface LiveStatsOptions {
  readonly models: Pick<ReadModels, 'range' | 'load' | 'checkpoints'>;
  readonly collections: () => Promise<Collections>;
  readonly timeZone: string;
  readonly currency: string;
}

/** What belongs to the figures but is only worked out where it is asked for. */
export interface StatsExtras {
  readonly yesterday: () => Promise<ComparedStats>;
  readonly latestMinutes: () => Promise<readonly Bucket[]>;
}

export interface ExtrasOptions {
  readonly at: number;
  readonly timeZone: string;
  readonly collections: Collections;
}

export function statsExtras(models: Readable, { at, timeZone, collections }: ExtrasOptions): StatsExtras {
  const minute = Math.floor(at / MINUTE_MS) * MINUTE_MS;
  return {
    yesterday: () => readComparedStats(models, { at: sameTimeOn(at, -1, timeZone), timeZone, collections }),
    latestMinutes: async () => {
      const from = minute - (LATEST_MINUTES - 1) * MINUTE_MS;
      const series = await readSeries(models, {
        from,
        to: minute + MINUTE_MS,
        bucket: 'MINUTE',
        timeZone,
        collections,
      });
      return series.buckets;
    },
  };
}

export class LiveStatsSource {
  readonly #options: LiveStatsOptions;
  #mirror: { readonly mirror: Mirror; readonly day: Day; readonly collections: Collections } | null = null;

  constructor(options: LiveStatsOptions) {
    this.#options = options;
  }

  /** Takes announcements in. Whether they concern the figures. */
  note(updates: readonly ReadModelUpdate[]): boolean {
    return this.#mirror?.mirror.note(updates) ?? false;
  }

  /** Forgets everything: nobody watches, and keeping it current would be work. */
  rest(): void {
    this.#mirror = null;
  }

  /** The figures as of `now`, and whether there is already more than they show. Rejects with UNAVAILABLE. */
  async look(now: number): Promise<{ readonly stats: LiveStats; readonly isBehind: boolean }> {
    const { timeZone, currency } = this.#options;
    const { mirror, collections } = await this.#mirrorFor(now);
    await mirror.refresh();
    const options = { at: now, timeZone, collections };
    const extras = statsExtras(mirror, options);
    const stats = await readStats(mirror, { ...options, currency });
    return {
      stats: { ...stats, yesterday: await extras.yesterday(), latestMinutes: await extras.latestMinutes() },
      isBehind: mirror.isBehind,
    };
  }

  /** A new one each day and for each generation: what it holds follows from both. */
  async #mirrorFor(now: number): Promise<{ readonly mirror: Mirror; readonly collections: Collections }> {
    const { models, timeZone } = this.#options;
    const collections = await this.#options.collections();
    const day = dayOf(now, timeZone);
    const known = this.#mirror;
    if (known !== null && known.day === day && isSame(known.collections, collections)) return known;
    const mirror = new Mirror(models, coveragesOf(collections, day, timeZone));
    this.#mirror = { mirror, day, collections };
    return this.#mirror;
  }
}

/** Everything since yesterday's midnight, and the two hours before it that windows reach back. */
function coveragesOf(collections: Collections, day: Day, timeZone: string): Coverage[] {
  const { from: yesterday } = boundsOf(addDays(day, -1), timeZone);
  const recent = { from: quarterOf(yesterday - 2 * HOUR_MS), to: AFTER_QUARTERS };
  const orders = sourcesOf('orders');
  const prefix = productKey('');
  const cover = (projection: string, sources: Coverage['sources'], ...more: Coverage['ranges']): Coverage => ({
    collection: collectionFor(collections, projection),
    sources,
    ranges: [recent, ...more],
  });
  return [
    cover('order-counts', orders),
    cover('sales', orders),
    cover('products-sold', orders),
    cover('handling', [...orders, ...sourcesOf('handled-orders')], { from: ALL_TIME, to: `${ALL_TIME}\0` }),
    cover('stock', [...orders, ...sourcesOf('stock')], { from: prefix, to: `${prefix.slice(0, -1)}0` }),
  ];
}

function isSame(a: Collections, b: Collections): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
