/**
 * The stock: what was received less what was sold, for each product; and both by minute, so that the
 * balance of any past instant is today's less what moved since. The assignment's fourth consumer.
 */
import { plus, type Sum } from '../backend/domain/exact.ts';
import type { Recorded } from '../backend/events/codec.ts';
import { fieldOf } from './field-name.ts';
import type { FoldedProjection } from './projection.ts';
import { minuteOf, quarterOf } from './quarter.ts';

/** Key `product/<id>`. From the topic stock: what it is and what came in; from the topic orders: what went out. */
export interface StockOfProduct {
  product: { name: string; category: string; price: number; currency: string } | null;
  /** Units received as opening stock. */
  opening: Sum;
  /** Units received, opening stock included. */
  received: Sum;
  sold: Sum;
  /**
   * What the shop had seen of the topic stock when it decided on the last order of it: the last offset of each
   * partition. What came in up to there had come in before anything of this went out.
   */
  decidedOn: number[];
}

/** Key: a quarter. Units received less units sold. */
export interface StockMovements {
  /** By product id as a field name, then by minute within the quarter (0 to 14). */
  products: Record<string, { units: Sum; minutes: Record<string, Sum> }>;
}

/** Key `receipt/<event id>`: so that the shop recognises a receipt that is sent again. */
export interface StockReceipt {
  quantity: number;
}

export type StockDocument = StockOfProduct | StockMovements | StockReceipt;

const PRODUCT = 'product/';
const RECEIPT = 'receipt/';

export const productKey = (productId: string): string => PRODUCT + productId;
export const receiptKey = (eventId: string): string => RECEIPT + eventId;
export const productIdOf = (key: string): string => key.slice(PRODUCT.length);

export const stock: FoldedProjection<StockDocument> = {
  kind: 'folded',
  name: 'stock',
  version: 2,
  topics: ['stock', 'orders'],
  keysOf: ({ event, at }) => {
    switch (event.type) {
      case 'OrderPlaced':
        return [...new Set(event.lines.map((line) => productKey(line.productId))), quarterOf(at)];
      case 'StockReceived':
        return [productKey(event.productId), receiptKey(event.id), quarterOf(at)];
      case 'ProductListed':
        return [productKey(event.productId)];
      case 'OrderHandled':
      case 'LogCreated':
      case 'MinorDigitsSettled':
      case 'SimulatorConfigured':
      case 'HistoryBegun':
      case 'HistoryWritten':
      case 'ReportIssued':
        return [];
    }
  },
  initial: (key) => {
    if (key.startsWith(PRODUCT)) return { product: null, opening: 0, received: 0, sold: 0, decidedOn: [] };
    return key.startsWith(RECEIPT) ? { quantity: 0 } : { products: {} };
  },
  evolve: (document, recorded, key) => {
    if ('sold' in document) evolveProduct(document, recorded, key);
    else if ('quantity' in document) evolveReceipt(document, recorded);
    else evolveMovements(document, recorded);
  },
};

function evolveProduct(document: StockOfProduct, { event }: Recorded, key: string): void {
  if (event.type === 'OrderPlaced') {
    const id = productIdOf(key);
    for (const line of event.lines) if (line.productId === id) document.sold = plus(document.sold, line.quantity);
    document.decidedOn = [...event.stock];
  } else if (event.type === 'StockReceived') {
    document.received = plus(document.received, event.quantity);
    if (event.reason === 'initial') document.opening = plus(document.opening, event.quantity);
  } else if (event.type === 'ProductListed') {
    const { name, category, price, currency } = event;
    document.product = { name, category, price, currency };
  }
}

function evolveReceipt(document: StockReceipt, { event }: Recorded): void {
  if (event.type === 'StockReceived') document.quantity = event.quantity;
}

function evolveMovements(document: StockMovements, { event, at }: Recorded): void {
  const minute = minuteOf(at);
  if (event.type === 'OrderPlaced') {
    for (const line of event.lines) move(document, line.productId, minute, -line.quantity);
  } else if (event.type === 'StockReceived') {
    move(document, event.productId, minute, event.quantity);
  }
}

function move(document: StockMovements, productId: string, minute: number, units: number): void {
  const moved = (document.products[fieldOf(productId)] ??= { units: 0, minutes: {} });
  moved.units = plus(moved.units, units);
  moved.minutes[minute] = plus(moved.minutes[minute] ?? 0, units);
}
