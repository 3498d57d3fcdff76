/**
 * From accepted lines to orders, products and opening stock. Everything here is a function of the set of
 * lines: in which order the file has them makes no difference to anything that is sent.
 */
import { createHash } from 'node:crypto';
import type { HandlingPolicy } from '../events/events.ts';
import type { ListProduct, PlaceOrder, ReceiveStock } from '../shop/commands.ts';
import { LINES_MAX, ORDER_TOTAL_MAX, QUANTITY_MAX } from '../events/bounds.ts';
import { fingerprintOf } from '../shop/identity.ts';
import type { RejectReason } from './format.ts';
import type { OrderLine } from './order-line.ts';

/** Below the largest record that can be read, by room for what the shop adds. */
const ORDER_BYTES_MAX = 900_000;
/** An order of no more lines than this cannot be too large, however long its names. */
const LINES_SURELY_SMALL = 250;
const KEY_LENGTH_MAX = 100;

const CATEGORY = 'Imported';

/** One order, with the file's lines that it is made of. */
export interface Invoice {
  readonly number: string;
  readonly order: PlaceOrder & { readonly orderId: string; readonly at: string };
  /** Epoch ms. */
  readonly at: number;
  /** Minor units. */
  readonly total: number;
  readonly fileLines: readonly number[];
}

export interface RejectedInvoice {
  readonly reason: RejectReason;
  readonly fileLines: readonly number[];
}

/** The lines of each invoice, in the order in which the invoices first came. */
export type LinesByInvoice = ReadonlyMap<string, readonly OrderLine[]>;

export interface OrderTerms {
  readonly currency: string;
  readonly handling: HandlingPolicy | null;
}

/** The orders in the order of their instants, and the invoices that cannot be one. */
export function invoicesOf(
  lines: LinesByInvoice,
  terms: OrderTerms,
): { invoices: Invoice[]; rejected: RejectedInvoice[] } {
  const invoices: Invoice[] = [];
  const rejected: RejectedInvoice[] = [];
  for (const [number, own] of lines) {
    const invoice = invoiceOf(number, own, terms);
    if (typeof invoice === 'string') rejected.push({ reason: invoice, fileLines: own.map(({ line }) => line) });
    else invoices.push(invoice);
  }
  invoices.sort((a, b) => a.at - b.at || compare(a.number, b.number));
  return { invoices, rejected };
}

function invoiceOf(number: string, lines: readonly OrderLine[], terms: OrderTerms): Invoice | RejectReason {
  if (lines.length > LINES_MAX) return 'invoice with too many lines';
  const sorted = [...lines].sort(byContent);
  let total = 0;
  let at = Infinity;
  for (const line of sorted) {
    total += line.quantity * line.unitPrice;
    at = Math.min(at, line.at);
  }
  if (total > ORDER_TOTAL_MAX) return 'invoice total too large';
  const orderId = `INV-${number}`;
  const instant = new Date(at).toISOString();
  const order = {
    type: 'PlaceOrder' as const,
    key: orderId,
    orderId,
    at: instant,
    source: 'import' as const,
    customer: customerOf(number, lines),
    currency: terms.currency,
    // A line without a description has no name: then the shop gives it the product's.
    lines: sorted.map(({ stockCode, quantity, unitPrice, description }) =>
      description === null
        ? { productId: stockCode, quantity, unitPrice }
        : { productId: stockCode, quantity, unitPrice, name: description },
    ),
    handling: terms.handling,
  };
  if (lines.length > LINES_SURELY_SMALL && Buffer.byteLength(JSON.stringify(order)) > ORDER_BYTES_MAX) {
    return 'invoice too large';
  }
  return { number, order, at, total, fileLines: lines.map(({ line }) => line) };
}

function byContent(a: OrderLine, b: OrderLine): number {
  return (
    compare(a.stockCode, b.stockCode) ||
    a.unitPrice - b.unitPrice ||
    a.quantity - b.quantity ||
    compare(a.description ?? '', b.description ?? '') ||
    a.at - b.at
  );
}

/** The first line of the file that names one counts: shops that write an order's head once leave it empty below. */
function customerOf(invoice: string, lines: readonly OrderLine[]): PlaceOrder['customer'] {
  const country = lines.find((line) => line.country !== '')?.country ?? '';
  const customer = lines.find((line) => line.customer !== null)?.customer ?? null;
  if (customer === null) {
    return { id: `guest-${invoice}`, name: 'Guest', email: addressOf('guest', invoice), country };
  }
  return { id: customer, name: `Customer ${customer}`, email: addressOf('customer', customer), country };
}

/** A mail address that nobody owns. What it cannot hold is told apart by a digest. */
function addressOf(kind: string, id: string): string {
  const plain = id
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 40);
  const digest = plain === id ? '' : `-${createHash('sha256').update(id).digest('hex').slice(0, 8)}`;
  return `${kind}-${plain}${digest}@example.com`.replace('--', '-');
}

export interface Product {
  readonly productId: string;
  /** The description that most of its lines have; the code when none has one. */
  readonly name: string;
  /** The price that most of its lines have, in minor units. */
  readonly price: number;
}

/** The products of all these lines, by id. */
export function productsOf(lines: LinesByInvoice): Map<string, Product> {
  const byProduct = new Map<string, { names: Tally<string>; prices: Tally<number> }>();
  for (const own of lines.values()) {
    for (const { stockCode, description, unitPrice, at } of own) {
      let tally = byProduct.get(stockCode);
      if (tally === undefined) byProduct.set(stockCode, (tally = { names: new Map(), prices: new Map() }));
      if (description !== null) count(tally.names, description, at);
      count(tally.prices, unitPrice, at);
    }
  }
  const products = new Map<string, Product>();
  for (const [productId, { names, prices }] of byProduct) {
    products.set(productId, { productId, name: top(names) ?? productId, price: top(prices) ?? 0 });
  }
  return products;
}

/** Listings of these products, each at the instant of the first order of it. */
export function listingsOf(
  orders: readonly Invoice[],
  products: ReadonlyMap<string, Product>,
  terms: { readonly currency: string; readonly isListed: (productId: string) => boolean },
): ListProduct[] {
  const listings: ListProduct[] = [];
  for (const [productId, { at }] of unitsOf(orders)) {
    if (terms.isListed(productId)) continue;
    const { name, price } = products.get(productId) ?? { name: productId, price: 0 };
    const { currency } = terms;
    listings.push({ type: 'ListProduct', at, source: 'import', productId, name, category: CATEGORY, price, currency });
  }
  return listings;
}

/**
 * The stock that just the missing orders of a batch sell, at the instant of the first one of each product. The keys
 * follow from all orders of the batch. So a batch that was cut off is recognised by the shop when it comes again.
 */
export function receiptsOf(batch: readonly Invoice[], missing: readonly Invoice[]): ReceiveStock[] {
  const hash = createHash('sha256');
  for (const { order } of batch) hash.update(`${order.orderId} ${fingerprintOf({ ...order, handling: null })}\n`);
  const digest = hash.digest('hex');
  const receipts: ReceiveStock[] = [];
  for (const [productId, { at, units }] of unitsOf(missing)) {
    for (let left = units, part = 1; left > 0; left -= QUANTITY_MAX, part++) {
      const key = receiptKey(digest, productId, part);
      const quantity = Math.min(left, QUANTITY_MAX);
      receipts.push({ type: 'ReceiveStock', key, at, source: 'import', productId, quantity, reason: 'initial' });
    }
  }
  return receipts;
}

/** Units of each product in these orders, which are in the order of time, and the instant of its first one. */
function unitsOf(orders: readonly Invoice[]): Map<string, { at: string; units: number }> {
  const needed = new Map<string, { at: string; units: number }>();
  for (const { order } of orders) {
    for (const { productId, quantity } of order.lines) {
      const known = needed.get(productId);
      if (known === undefined) needed.set(productId, { at: order.at, units: quantity });
      else known.units += quantity;
    }
  }
  return needed;
}

/** The same for the same orders, product and part. */
function receiptKey(digest: string, productId: string, part: number): string {
  const suffix = part === 1 ? '' : `/${part}`;
  const key = `import/${digest.slice(0, 16)}/${productId}${suffix}`;
  if (key.length <= KEY_LENGTH_MAX) return key;
  return `import/${digest.slice(0, 16)}/${createHash('sha256').update(productId).digest('hex').slice(0, 32)}${suffix}`;
}

/** How often each value came, and when first. */
type Tally<T> = Map<T, { times: number; first: number }>;

function count<T>(tally: Tally<T>, value: T, at: number): void {
  const known = tally.get(value);
  if (known === undefined) tally.set(value, { times: 1, first: at });
  else {
    known.times++;
    known.first = Math.min(known.first, at);
  }
}

/** The value that came most often; of several the one that came first, of those the lowest. Null of none. */
function top<T extends string | number>(tally: Tally<T>): T | null {
  let best: T | null = null;
  for (const [value, { times, first }] of tally) {
    const than = best === null ? undefined : tally.get(best);
    const order = than === undefined ? 1 : times - than.times || than.first - first;
    if (order > 0 || (order === 0 && best !== null && value < best)) best = value;
  }
  return best;
}

/** By code units: the same on every machine, whatever its language. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
