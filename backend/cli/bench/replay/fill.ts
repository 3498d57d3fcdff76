/** A log with a long history in it, as a shop would have left it, but written without a shop. */
import { encode, type NewRecord } from '../../../events/codec.ts';
import type { ProductId, ShopEvent } from '../../../events/events.ts';
import { handledEvent, openOrderOf } from '../../../handler/open-orders.ts';
import type { EventLog } from '../../../ports/event-log.ts';
import { loadCatalogue } from '../../../simulator/catalogue.ts';
import { CURRENCY, grouped, orderEvents, type Span } from '../dataset.ts';

export interface Filled {
  readonly records: number;
  readonly seconds: number;
}

/** More than any history here sells. */
const OPENING_UNITS = 1_000_000_000;
const GROUP_SIZE = 2_000;

/**
 * Appends the products with their stock, and `orders` orders over the span, each with its OrderHandled if it was
 * drawn to be handled. All of it is of source "history", so that nobody is written to. Handled orders must be due by
 * now, or a handler would handle them, too.
 */
export async function fillHistory(
  log: EventLog,
  orders: number,
  span: Span,
  onProgress: (orders: number) => void,
): Promise<Filled> {
  const started = performance.now();
  const opening = await openingRecords(span.from);
  await log.append(opening);
  let records = opening.length;
  let done = 0;
  for await (const group of grouped(orderEvents(orders, span), GROUP_SIZE)) {
    const written = group.flatMap((event): NewRecord[] => {
      const open = openOrderOf(event, Date.parse(event.at), 0);
      return open === null ? [encode(event)] : [encode(event), encode(handledEvent(open, span.to))];
    });
    await log.append(written);
    records += written.length;
    done += group.length;
    onProgress(done);
  }
  return { records, seconds: (performance.now() - started) / 1_000 };
}

async function openingRecords(from: number): Promise<NewRecord[]> {
  const at = new Date(from).toISOString();
  const common = { version: 1, at, source: 'history' } as const;
  const events = (await loadCatalogue()).flatMap(({ productId, name, category, price }): ShopEvent[] => {
    const id = productId as ProductId;
    const listed = { productId: id, name, category, price, currency: CURRENCY };
    return [
      { type: 'ProductListed', id: `${id}/listed`, ...common, ...listed },
      {
        type: 'StockReceived',
        id: `${id}/opening`,
        ...common,
        productId: id,
        quantity: OPENING_UNITS,
        reason: 'initial',
      },
    ];
  });
  return events.map((event) => encode(event));
}
