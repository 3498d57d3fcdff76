/** Orders for the benchmarks: what the simulator would place on one day, as events. */
import { encode, type NewRecord } from '../../events/codec.ts';
import type { OrderId, OrderPlaced, ProductId } from '../../events/events.ts';
import { sumOf } from '../../events/codec.ts';
import type { PlaceOrder } from '../../shop/commands.ts';
import { loadCatalogue } from '../../simulator/catalogue.ts';
import { simulate } from '../../simulator/simulation.ts';

/** From one instant to before another, epoch ms. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

const DAY: Span = { from: Date.UTC(2026, 10, 22), to: Date.UTC(2026, 10, 23) };
const SEED = 7;
export const CURRENCY = 'SEK';
const POLICY = { chance: 0.8, delayMs: 120_000, attempts: 1 };

/** `count` orders over the span (a day in UTC when absent), in time order. */
export async function* placeOrders(count: number, { from, to } = DAY): AsyncGenerator<PlaceOrder> {
  const catalogue = await loadCatalogue();
  const commands = simulate({
    catalogue,
    currency: CURRENCY,
    seed: SEED,
    from,
    to,
    volume: { orders: count },
    timeZone: 'UTC',
    handling: POLICY,
    source: 'history',
    available: new Map(catalogue.map(({ productId }) => [productId, Number.MAX_SAFE_INTEGER])),
  });
  for (const command of commands) if (command.type === 'PlaceOrder') yield command;
}

/** The same as the shop would write them. */
export async function* orderRecords(count: number): AsyncGenerator<NewRecord> {
  for await (const event of orderEvents(count)) yield encode(event);
}

/** The same, not encoded yet. */
export async function* orderEvents(count: number, span = DAY): AsyncGenerator<OrderPlaced> {
  const catalogue = new Map((await loadCatalogue()).map((product) => [product.productId, product]));
  for await (const order of placeOrders(count, span)) {
    const lines = order.lines.map(({ productId, quantity }) => {
      const product = catalogue.get(productId);
      return { productId: productId as ProductId, name: product?.name ?? '', quantity, unitPrice: product?.price ?? 0 };
    });
    const orderId = (order.orderId ?? '') as OrderId;
    yield {
      type: 'OrderPlaced',
      version: 1,
      id: `${orderId}/placed`,
      at: order.at ?? '',
      source: 'history',
      orderId,
      customer: order.customer,
      currency: CURRENCY,
      lines,
      total: sumOf(lines),
      handling: order.handling,
      stock: [9, 9, 9, 9, 9, 9],
    };
  }
}

/** In groups of `size`. */
export async function* grouped<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let group: T[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
