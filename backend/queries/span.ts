/** One figure over any span of time, by the same sums as every other answer. */
import { QUARTER_MS, quarterOf } from '../../projections/quarter.ts';
import type { Sum } from '../domain/exact.ts';
import type { Topic } from '../events/topics.ts';
import type { FoldedDocument } from '../ports/read-models.ts';
import { collectionFor, type Collections } from './collections.ts';
import { readConsistently, sourcesOf, type Readable, type TopicPositions } from './consistent-read.ts';
import { readFigure } from './figures.ts';
import { productsBetween } from './products.ts';
import { stockAsOf } from './stock.ts';
import { secondAt, sumOfSeconds } from './windows.ts';

export type SpanFigureName = 'orders' | 'sales' | 'handled' | 'units' | 'stock';

export interface SpanOptions {
  /** The first instant, and the first one after it, epoch ms: whole seconds; for `units` and `stock` whole minutes. */
  readonly from: number;
  readonly to: number;
  /** For `units` and `stock`. */
  readonly productId: string | null;
  readonly timeZone: string;
  readonly collections: Collections;
}

export interface SpanFigure {
  /** A count, or an amount in minor units. */
  readonly value: Sum;
  /** Up to where in the log it stands. */
  readonly positions: TopicPositions;
}

const READ_FROM: Readonly<Record<Exclude<SpanFigureName, 'stock'>, readonly [projection: string, topic: Topic]>> = {
  orders: ['order-counts', 'orders'],
  sales: ['sales', 'orders'],
  handled: ['handling', 'handled-orders'],
  units: ['products-sold', 'orders'],
};

/** The projection that a figure is read from. */
export function projectionOf(figure: SpanFigureName): string {
  return figure === 'stock' ? 'stock' : READ_FROM[figure][0];
}

/**
 * Reads a figure of the span: orders, sales, handled orders, units sold of a product; or what there was of a
 * product at its end. Rejects with UNAVAILABLE.
 */
export async function readSpan(models: Readable, figure: SpanFigureName, options: SpanOptions): Promise<SpanFigure> {
  if (figure === 'stock') return readBalance(models, options);
  const { from, to, productId, collections } = options;
  const [projection, topic] = READ_FROM[figure];
  const collection = collectionFor(collections, projection);
  const keys = { from: quarterOf(from), to: quarterOf(to + QUARTER_MS - 1) };
  const read = await readConsistently(models, { span: { collection, sources: sourcesOf(topic), ...keys } });
  const { span } = read.documents;
  const value =
    figure === 'units' ? unitsOf(span, options, productId) : sumOfSeconds(span, secondAt(from), secondAt(to - 1));
  return { value, positions: read.positions[collection] ?? {} };
}

function unitsOf(
  documents: readonly FoldedDocument[],
  { from, to }: Pick<SpanOptions, 'from' | 'to'>,
  id: string | null,
): Sum {
  return productsBetween(documents, from, to).find(({ productId }) => productId === id)?.units ?? 0;
}

async function readBalance(models: Readable, options: SpanOptions): Promise<SpanFigure> {
  const { to, productId, timeZone } = options;
  const asked = { ...options, at: to - 1 };
  const { value, positions } = await readFigure(
    models,
    asked,
    ['products', 'movements', 'soldToday'],
    (documents) =>
      stockAsOf(documents, { at: to - 1, timeZone }).find((each) => each.productId === productId)?.balance ?? 0,
  );
  return { value, positions: positions['stock'] ?? {} };
}
