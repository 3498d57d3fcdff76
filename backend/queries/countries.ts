/** Orders and sales by the customer's country, and by hour of a day. */
import type { CountrySales } from '../../projections/country-sales.ts';
import { textOf } from '../../projections/field-name.ts';
import { QUARTER_MS, quarterOf, startOfQuarter } from '../../projections/quarter.ts';
import { boundsOf, type Day } from '../domain/calendar.ts';
import { BEYOND, plus, type Sum } from '../domain/exact.ts';
import type { FoldedDocument } from '../ports/read-models.ts';
import { collectionFor, type Collections } from './collections.ts';
import {
  byProjection,
  readConsistently,
  sourcesOf,
  type ProjectionPositions,
  type Readable,
} from './consistent-read.ts';
import { endOfMinute } from './products.ts';

/** One hour of a day; where days are not of whole hours the last one is shorter. */
export interface CountryHour {
  /** The first instant, and the first one after it, epoch ms. */
  readonly from: number;
  readonly to: number;
  readonly orders: number;
  /** In minor units. */
  readonly sales: Sum;
}

export interface CountryOfDay {
  /** As orders have it; empty for those that name none. */
  readonly country: string;
  readonly orders: number;
  /** In minor units. */
  readonly sales: Sum;
  /** Every hour of the day, also those without an order: 23 to 25 of them. */
  readonly hours: readonly CountryHour[];
}

export interface CountriesOfDay {
  readonly day: Day;
  /** Those with an order, by sales, the largest first; then by name. */
  readonly countries: readonly CountryOfDay[];
  readonly positions: ProjectionPositions;
}

export interface CountriesOptions {
  readonly timeZone: string;
  readonly collections: Collections;
  /** Only what was ordered by the end of the minute that this instant falls in, epoch ms. */
  readonly until?: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Orders and sales of a local day by country. Rejects with UNAVAILABLE. */
export async function readSalesByCountry(
  models: Readable,
  day: Day,
  { timeZone, collections, until }: CountriesOptions,
): Promise<CountriesOfDay> {
  const { from, to } = boundsOf(day, timeZone);
  const { documents, positions } = await readConsistently(models, {
    ordered: {
      collection: collectionFor(collections, 'country-sales'),
      sources: sourcesOf('orders'),
      from: quarterOf(from),
      to: quarterOf(to + QUARTER_MS - 1),
    },
  });
  const end = until === undefined ? to : Math.min(to, endOfMinute(until));
  const hoursOf = hoursBetween(documents.ordered, from, to, end);
  return { day, countries: countriesOf(hoursOf), positions: byProjection(collections, positions) };
}

type Hour = { -readonly [K in keyof CountryHour]: CountryHour[K] };

/** The hours of `from` to `to` by country, with what was ordered before `end`; all of them whole minutes, epoch ms. */
function hoursBetween(
  documents: readonly FoldedDocument[],
  from: number,
  to: number,
  end: number,
): Map<string, readonly Hour[]> {
  const found = new Map<string, readonly Hour[]>();
  for (const { key, body } of documents) {
    const start = startOfQuarter(key);
    for (const [field, { minutes }] of Object.entries((body as unknown as CountrySales).countries)) {
      for (const slot in minutes) {
        const minute = start + Number(slot) * MINUTE_MS;
        if (minute < from || minute >= end) continue;
        const hours = found.get(field) ?? emptyHours(from, to);
        found.set(field, hours);
        const hour = hours[Math.floor((minute - from) / HOUR_MS)];
        const [orders, sales] = minutes[slot] ?? [0, 0];
        if (hour === undefined) continue;
        hour.orders += orders;
        hour.sales = plus(hour.sales, sales);
      }
    }
  }
  return found;
}

function emptyHours(from: number, to: number): Hour[] {
  return Array.from({ length: Math.ceil((to - from) / HOUR_MS) }, (_, index) => {
    const start = from + index * HOUR_MS;
    return { from: start, to: Math.min(to, start + HOUR_MS), orders: 0, sales: 0 };
  });
}

function countriesOf(hoursOf: ReadonlyMap<string, readonly Hour[]>): CountryOfDay[] {
  return [...hoursOf]
    .map(([field, hours]) => ({
      country: textOf(field),
      orders: hours.reduce((sum, { orders }) => sum + orders, 0),
      sales: hours.reduce((sum: Sum, { sales }) => plus(sum, sales), 0),
      hours,
    }))
    .sort((a, b) => bySales(b) - bySales(a) || (a.country < b.country ? -1 : 1));
}

/** What is beyond comes first. */
function bySales({ sales }: CountryOfDay): number {
  return sales === BEYOND ? Number.MAX_VALUE : sales;
}
