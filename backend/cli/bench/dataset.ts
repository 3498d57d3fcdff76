/** Orders for the benchmarks: what the simulator would place on one day, as events. */
import { encode, type NewRecord } from '../../events/codec.ts';
import type { OrderId, OrderPlaced, ProductId } from '../../events/events.ts';
import { sumOf } from '../../events/codec.ts';
import type { PlaceOrder } from '../../shop/commands.ts';
import { loadCatalogue } from '../../simulator/catalogue.ts';
import { simulate } from '../../simulator/simulation.ts';

const FROM = Date.UTC(2026, 10, 22);
const DAY_MS = 86_400_000;
const SEED = 7;
const CURRENCY = 'SEK';
const POLICY = { chance: 0.8, delayMs: 120_000, attempts: 1 };

/** `count` orders over one day in UTC, in time order. */
export async function* placeOrders(count: number): AsyncGenerator<PlaceOrder> {
  const catalogue = await loadCatalogue();
  const commands = simulate({
    catalogue,
    currency: CURRENCY,
    seed: SEED,
    from: FROM,
    to: FROM + DAY_MS,
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
  const catalogue = new Map((await loadCatalogue()).map((product) => [product.productId, product]));
  for await (const order of placeOrders(count)) {
    const lines = order.lines.map(({ productId, quantity }) => {
      const product = catalogue.get(productId);
      return { productId: productId as ProductId, name: product?.name ?? '', quantity, unitPrice: product?.price ?? 0 };
    });
    const orderId = (order.orderId ?? '') as OrderId;
    const event: OrderPlaced = {
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
    yield encode(event);
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
