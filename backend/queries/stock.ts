/** The stock as of an instant: the balance of all time less what moved since. */
import { textOf } from '../../projections/field-name.ts';
import { quarterOf, startOfQuarter } from '../../projections/quarter.ts';
import { productIdOf, productKey, type StockMovements, type StockOfProduct } from '../../projections/stock.ts';
import { BEYOND, plus, type Sum } from '../domain/exact.ts';
import { boundsOf, dayOf } from '../domain/calendar.ts';
import type { FoldedDocument, KeyRange } from '../ports/read-models.ts';
import { sourcesOf } from './consistent-read.ts';
import { endOfMinute, productsBetween } from './products.ts';
import { AFTER_QUARTERS } from './windows.ts';

export interface StockBalance {
  readonly productId: string;
  /** The product's id until it is listed. */
  readonly name: string;
  /** Units received less units sold; exact to the minute. */
  readonly balance: Sum;
  readonly category: string;
  /** The list price of now in minor units; null until it is listed. */
  readonly price: number | null;
  /** Units received as opening stock, at any time. */
  readonly opening: Sum;
  /** Units sold since 00:00; exact to the minute. */
  readonly soldToday: Sum;
}

const MINUTE_MS = 60_000;

/** What stockAsOf needs, from the collection of the projection stock. */
export function stockRanges(collection: string, at: number): Record<'products' | 'movements', KeyRange> {
  const sources = [...sourcesOf('stock'), ...sourcesOf('orders')];
  const prefix = productKey('');
  return {
    // '0' follows '/', with which the prefix ends.
    products: { collection, sources, from: prefix, to: `${prefix.slice(0, -1)}0` },
    movements: { collection, sources, from: quarterOf(at), to: AFTER_QUARTERS },
  };
}

export interface StockInstant {
  /** Epoch ms. */
  readonly at: number;
  readonly timeZone: string;
}

/** Every product's balance at the end of the minute that `at` falls in, ordered by product id. */
export function stockAsOf(
  {
    products,
    movements,
    soldToday,
  }: Readonly<Record<'products' | 'movements' | 'soldToday', readonly FoldedDocument[]>>,
  { at, timeZone }: StockInstant,
): StockBalance[] {
  const midnight = boundsOf(dayOf(at, timeZone), timeZone).from;
  const sold = new Map(
    productsBetween(soldToday, midnight, endOfMinute(at)).map((each) => [each.productId, each.units]),
  );
  const later = movedAfter(movements, Math.floor(at / MINUTE_MS));
  const known = new Map<string, { listed: StockOfProduct['product']; received: Sum; sold: Sum; opening: Sum }>();
  for (const { key, body } of products) {
    const id = productIdOf(key);
    const document = body as unknown as StockOfProduct;
    const entry = known.get(id) ?? { listed: null, received: 0, sold: 0, opening: 0 };
    known.set(id, entry);
    entry.received = plus(entry.received, document.received);
    entry.sold = plus(entry.sold, document.sold);
    entry.opening = plus(entry.opening, document.opening);
    entry.listed ??= document.product;
  }
  return [...known]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([productId, { listed, received, sold: soldEver, opening }]) => ({
      productId,
      name: listed?.name ?? productId,
      balance: less(less(received, soldEver), later.get(productId) ?? 0),
      category: listed?.category ?? '',
      price: listed?.price ?? null,
      opening,
      soldToday: sold.get(productId) ?? 0,
    }));
}

/**
 * Where the sums of all that came in and of all that went out are exact, so is every difference of parts of them.
 */
function less(sum: Sum, part: Sum): Sum {
  return sum === BEYOND || part === BEYOND ? BEYOND : plus(sum, -part);
}

/**
 * Whether what came in is folded as far as the shop had seen it when it decided on what went out; `received` has the
 * last offset of each partition of the topic stock that is in. Otherwise balances are too low.
 */
export function isReceived(products: readonly FoldedDocument[], received: readonly number[]): boolean {
  return products.every(({ body }) => {
    // Documents of version 1, which answer until they are rebuilt, do not say.
    const { decidedOn = [] } = body as unknown as Partial<StockOfProduct>;
    return decidedOn.every((offset, partition) => offset <= (received[partition] ?? -1));
  });
}

/** The currency that a listed product is priced in; null while none is listed. */
export function currencyOf(products: readonly FoldedDocument[]): string | null {
  for (const { body } of products) {
    const { product } = body as unknown as StockOfProduct;
    if (product !== null) return product.currency;
  }
  return null;
}

/** Units moved after the minute, by product id. */
function movedAfter(movements: readonly FoldedDocument[], minute: number): Map<string, Sum> {
  const moved = new Map<string, Sum>();
  for (const { key, body } of movements) {
    const start = startOfQuarter(key) / MINUTE_MS;
    for (const [field, { minutes }] of Object.entries((body as unknown as StockMovements).products)) {
      const id = textOf(field);
      for (const slot in minutes) {
        if (start + Number(slot) > minute) moved.set(id, plus(moved.get(id) ?? 0, minutes[slot] ?? 0));
      }
    }
  }
  return moved;
}
