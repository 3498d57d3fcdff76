/** The figures of now, for everybody who watches: read once for each frame, whoever and how many they are. */
import { ALL_TIME } from '../../projections/handling.ts';
import { quarterOf } from '../../projections/quarter.ts';
import { productKey } from '../../projections/stock.ts';
import { addDays, boundsOf, dayOf, sameTimeOn, type Day } from '../domain/calendar.ts';
import type { ReadModelUpdate } from '../ports/announcements.ts';
import { ShopError } from '../ports/errors.ts';
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

/** A mirror, and what it was made for: what it holds follows from both. */
interface Mirrored {
  readonly mirror: Mirror;
  readonly day: Day;
  readonly collections: Collections;
}

/** Beyond this many refreshes whoever watches is told that the figures cannot be read. */
const FIRST_TRIES_MAX = 20;

export class LiveStatsSource {
  readonly #options: LiveStatsOptions;
  #shown: Mirrored | null = null;
  /** Takes the place of what is shown when it is whole, and as far: nobody who watches steps back. */
  #coming: Mirrored | null = null;

  constructor(options: LiveStatsOptions) {
    this.#options = options;
  }

  /** Takes announcements in. Whether they concern the figures. */
  note(updates: readonly ReadModelUpdate[]): boolean {
    const [shown = false, coming = false] = [this.#shown, this.#coming].map((each) => each?.mirror.note(updates));
    return shown || coming;
  }

  /** Forgets everything: nobody watches, and keeping it current would be work. */
  rest(): void {
    this.#shown = null;
    this.#coming = null;
  }

  /** The figures as of `now`, and whether there is already more than they show. Rejects with UNAVAILABLE. */
  async look(now: number): Promise<{ readonly stats: LiveStats; readonly isBehind: boolean }> {
    const { timeZone, currency } = this.#options;
    const { mirror, collections } = await this.#refreshed(now);
    const options = { at: now, timeZone, collections };
    const extras = statsExtras(mirror, options);
    const stats = await readStats(mirror, { ...options, currency, renew: () => mirror.refresh() });
    return {
      stats: { ...stats, yesterday: await extras.yesterday(), latestMinutes: await extras.latestMinutes() },
      isBehind: mirror.isBehind || this.#coming !== null,
    };
  }

  /** A new one each day and for each generation. The one before goes on until the new one can follow it. */
  async #refreshed(now: number): Promise<Mirrored> {
    const { models, timeZone } = this.#options;
    const collections = await this.#options.collections();
    const day = dayOf(now, timeZone);
    const fits = (each: Mirrored): boolean => each.day === day && isSame(each.collections, collections);
    const shown = this.#shown;
    if (shown !== null && fits(shown)) {
      this.#coming = null;
      await shown.mirror.refresh();
      return shown;
    }
    const coming: Mirrored =
      this.#coming !== null && fits(this.#coming)
        ? this.#coming
        : { mirror: new Mirror(models, coveragesOf(collections, day, timeZone)), day, collections };
    this.#coming = coming;
    if (await isReady(coming.mirror, shown?.mirror ?? null)) {
      this.#shown = coming;
      this.#coming = null;
      return coming;
    }
    if (shown === null) {
      throw new ShopError('UNAVAILABLE', 'the read models did not come to rest; see that a projector runs');
    }
    await shown.mirror.refresh();
    return shown;
  }
}

/** Whether it can take the place of the one before, or be the first, after it was refreshed. */
async function isReady(mirror: Mirror, before: Mirror | null): Promise<boolean> {
  if (before !== null) {
    await mirror.refresh();
    return mirror.hasReached(before);
  }
  for (let tries = 0; tries < FIRST_TRIES_MAX && !mirror.isComplete; tries++) await mirror.refresh();
  return mirror.isComplete;
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
