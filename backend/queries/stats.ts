/** Every figure at once, as of an instant. */
import { BEYOND, beyondText, type Sum } from '../domain/exact.ts';
import type { ProjectionPositions, Readable } from './consistent-read.ts';
import {
  handledToday,
  handledWindows,
  openOrders,
  ordersToday,
  readFigure,
  salesLastHour,
  salesToday,
  type FigureOptions,
  type HandledWindows,
  type RangeName,
} from './figures.ts';
import { currencyOf, stockAsOf, type StockBalance } from './stock.ts';

/** The projections that the figures are read from. */
export const STATS_PROJECTIONS: readonly string[] = ['order-counts', 'sales', 'products-sold', 'handling', 'stock'];

/** Counts, and amounts in minor units, with the names that other programs rely on. */
export interface Stats extends HandledWindows {
  /** The instant that the figures are of, ISO 8601 in UTC. */
  readonly at: string;
  readonly timeZone: string;
  readonly currency: string;
  readonly ordersToday: number;
  readonly salesToday: Sum;
  readonly salesLastHour: Sum;
  /** Drawn to be handled and placed, and not handled, by the instant. */
  readonly openOrders: number;
  /** Ordered by product id. */
  readonly stock: readonly StockBalance[];
  readonly positions: ProjectionPositions;
}

export interface StatsOptions extends FigureOptions {
  /** The log's currency; what the listed products say goes before it. */
  readonly currency: string;
}

/** The figures that are worth comparing with those of another day at the same time. */
export type ComparedStats = Pick<
  Stats,
  'at' | 'ordersToday' | 'salesToday' | 'salesLastHour' | 'handledToday' | 'openOrders'
>;

/** A figure that cannot be given, by the name that programs know, and why. */
export interface Ungiven {
  readonly figure: string;
  readonly message: string;
}

/** The figures that cannot be given, as they would not be exact. */
export function ungivenIn({ salesToday, salesLastHour, stock }: Stats): Ungiven[] {
  const figures: [string, Sum][] = [
    ['salesToday', salesToday],
    ['salesLastHour', salesLastHour],
    ...stock.flatMap(({ productId, balance, opening, soldToday }): [string, Sum][] => [
      [`balance of ${productId}`, balance],
      [`opening of ${productId}`, opening],
      [`soldToday of ${productId}`, soldToday],
    ]),
  ];
  return figures.flatMap(([figure, sum]) => (sum === BEYOND ? [{ figure, message: beyondText(figure) }] : []));
}

const COMPARED = ['orderCounts', 'sales', 'drawn', 'handled', 'totals'] as const satisfies readonly RangeName[];
const ALL = [...COMPARED, 'products', 'movements', 'soldToday'] as const satisfies readonly RangeName[];

/**
 * Reads the figures as of `at`, with what is known now: orders that came in late count where they belong.
 *
 * Exact to the second; the stock to the minute: movements of the minute that `at` falls in are in, later
 * ones are not. Products listed after `at` are there, with what they had then. Until anything has been
 * folded all figures are 0 and the stock is empty.
 *
 * An instant in the past costs a look at every quarter since. Rejects with UNAVAILABLE.
 */
export async function readStats(models: Readable, options: StatsOptions): Promise<Stats> {
  const { at, timeZone } = options;
  const { value, positions } = await readFigure(models, options, ALL, (documents, moment) => ({
    currency: currencyOf(documents.products) ?? options.currency,
    ordersToday: ordersToday(documents, moment),
    salesToday: salesToday(documents, moment),
    salesLastHour: salesLastHour(documents, moment),
    ...handledWindows(documents, moment),
    openOrders: openOrders(documents, moment),
    stock: stockAsOf(documents, { at, timeZone }),
  }));
  return { at: new Date(at).toISOString(), timeZone, ...value, positions };
}

/** Some of the figures, for less work. Rejects with UNAVAILABLE. */
export async function readComparedStats(models: Readable, options: FigureOptions): Promise<ComparedStats> {
  const { value } = await readFigure(models, options, COMPARED, (documents, moment) => ({
    ordersToday: ordersToday(documents, moment),
    salesToday: salesToday(documents, moment),
    salesLastHour: salesLastHour(documents, moment),
    handledToday: handledToday(documents, moment),
    openOrders: openOrders(documents, moment),
  }));
  return { at: new Date(options.at).toISOString(), ...value };
}
