/** Made-up events for tests, valid unless told otherwise. */
import type { Recorded } from '../backend/events/codec.ts';
import type {
  HandlingPolicy,
  OrderHandled,
  OrderId,
  OrderLine,
  OrderPlaced,
  ProductId,
  ProductListed,
  ShopEvent,
  StockReceived,
} from '../backend/events/events.ts';
import { EVENTS, sumOf } from '../backend/events/codec.ts';
import { partitionOf } from '../backend/events/topics.ts';

export interface PlacedOptions {
  readonly orderId?: string;
  readonly at?: string;
  /** Product id, quantity and unit price of each line. */
  readonly lines?: readonly (readonly [productId: string, quantity: number, unitPrice: number])[];
  readonly handling?: HandlingPolicy | null;
  readonly source?: OrderPlaced['source'];
}

const AT = '2026-11-22T12:00:00.000Z';
const customer = { id: 'c-1', name: 'Åsa Öberg', email: 'asa.oberg@example.com', country: 'SE' };

function linesOf(lines: PlacedOptions['lines'] = [['P-1', 1, 100]]): OrderLine[] {
  return lines.map(([productId, quantity, unitPrice]) => ({
    productId: productId as ProductId,
    name: `Product ${productId}`,
    quantity,
    unitPrice,
  }));
}

export function placed(options: PlacedOptions = {}): OrderPlaced {
  const { orderId = 'o-1', at = AT, handling = null, source = 'live' } = options;
  const lines = linesOf(options.lines);
  return {
    type: 'OrderPlaced',
    version: 1,
    id: `${orderId}/placed`,
    at,
    source,
    orderId: orderId as OrderId,
    customer,
    currency: 'SEK',
    lines,
    total: sumOf(lines),
    handling,
    stock: [-1, -1, -1, -1, -1, -1],
  };
}

export function handled(order: OrderPlaced, at: string, attempt = 1): OrderHandled {
  const { orderId, source, customer: who, currency, lines, total } = order;
  return {
    type: 'OrderHandled',
    version: 1,
    id: `${orderId}/handled`,
    at,
    source,
    orderId,
    placedAt: order.at,
    attempt,
    customer: who,
    currency,
    lines,
    total,
  };
}

export function listed(productId: string, price = 100, at = AT): ProductListed {
  return {
    type: 'ProductListed',
    version: 1,
    id: `${productId}/listed`,
    at,
    source: 'live',
    productId: productId as ProductId,
    name: `Product ${productId}`,
    category: 'Things',
    price,
    currency: 'SEK',
  };
}

export function received(
  productId: string,
  quantity: number,
  reason: StockReceived['reason'] = 'restock',
  at = AT,
): StockReceived {
  return {
    type: 'StockReceived',
    version: 1,
    id: `${productId}/received/${at}/${quantity}`,
    at,
    source: 'live',
    productId: productId as ProductId,
    quantity,
    reason,
  };
}

/** The event as it comes out of the log at an offset. */
export function recorded<E extends ShopEvent>(event: E, offset = 0): Recorded<E> {
  const { topic, keyOf } = EVENTS[event.type];
  return { event, at: Date.parse(event.at), topic, partition: partitionOf(keyOf(event as never)), offset };
}
