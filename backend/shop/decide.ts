/**
 * The shop's decisions: what it knows, how events change that, and what it answers to a command. Pure:
 * time, ids and what was asked before come with the command (identity.ts, shop.ts).
 */
import { BEYOND, plus, type Sum } from '../domain/exact.ts';
import { ORDER_TOTAL_MAX, STOCK_MAX } from '../events/bounds.ts';
import { ORDER_BYTES_MAX } from './limits.ts';
import { sumOf } from '../events/codec.ts';
import type {
  OrderId,
  OrderLine,
  OrderPlaced,
  ProductId,
  ProductListed,
  ShopEvent,
  StockReceived,
} from '../events/events.ts';
import type { Command, ListProduct, PlaceOrder, ReceiveStock, Refused } from './commands.ts';

export interface ProductState {
  /** Null while nothing has listed it (its stock may be known all the same). */
  listing: { readonly name: string; readonly category: string; readonly price: number } | null;
  /** Units received less units sold. */
  available: Sum;
}

export interface ShopState {
  /** The log's one currency, ISO 4217. */
  readonly currency: string;
  readonly products: Map<string, ProductState>;
}

/** A command with everything that a decision needs and may not make up: its instant and its ids. */
export interface Ready<C extends Command = Command> {
  readonly command: C;
  /** ISO 8601 in UTC with milliseconds. */
  readonly at: string;
  /** The order's id; for the other commands the event's id. */
  readonly id: string;
  /** A digest of what was asked, where the same order may be asked for again; else null. */
  readonly fingerprint: string | null;
  /** Whether the same command may come again and must then count once. */
  readonly repeatable: boolean;
}

export const initial = (currency: string): ShopState => ({ currency, products: new Map() });

/**
 * Takes an event in. Total. It changes the state that it is given and returns it: the state is the shop's own,
 * and copying the catalogue for each of 40,000 orders a second would be most of the work.
 */
export function evolve(state: ShopState, event: ShopEvent): ShopState {
  switch (event.type) {
    case 'OrderPlaced':
      for (const { productId, quantity } of event.lines) move(state, productId, -quantity);
      return state;
    case 'StockReceived':
      move(state, event.productId, event.quantity);
      return state;
    case 'ProductListed':
      productOf(state, event.productId).listing = { name: event.name, category: event.category, price: event.price };
      return state;
    case 'OrderHandled':
    case 'LogCreated':
    case 'MinorDigitsSettled':
    case 'SimulatorConfigured':
    case 'HistoryBegun':
    case 'HistoryWritten':
    case 'ReportIssued':
      return state;
  }
}

function move(state: ShopState, productId: string, units: number): void {
  const product = productOf(state, productId);
  product.available = plus(product.available, units);
}

/** The state of a product, made on first sight: stock may be folded before the listing, and after a sale. */
export function productOf(state: ShopState, productId: string): ProductState {
  let product = state.products.get(productId);
  if (product === undefined) {
    product = { listing: null, available: 0 };
    state.products.set(productId, product);
  }
  return product;
}

/**
 * The events that the command leads to (none when there is nothing to change), or why not.
 * `stock` is put into orders as it is: the last offset of each partition of the topic stock decided on.
 */
export function decide(ready: Ready, state: ShopState, stock: number[]): readonly ShopEvent[] | Refused {
  switch (ready.command.type) {
    case 'PlaceOrder':
      return placeOrder(ready as Ready<PlaceOrder>, state, stock);
    case 'ReceiveStock':
      return receiveStock(ready as Ready<ReceiveStock>, state);
    case 'ListProduct':
      return listProduct(ready as Ready<ListProduct>, state);
  }
}

function placeOrder(ready: Ready<PlaceOrder>, state: ShopState, stock: number[]): readonly ShopEvent[] | Refused {
  const { command } = ready;
  const { customer, handling } = command;
  if (command.currency !== undefined && command.currency !== state.currency) {
    return otherCurrency(command.currency, state.currency);
  }
  const lines: OrderLine[] = [];
  for (const { productId, quantity, unitPrice, name } of command.lines) {
    const listing = state.products.get(productId)?.listing;
    if (listing === undefined || listing === null) return unknownProduct(productId);
    const price = unitPrice ?? listing.price;
    lines.push({ productId: productId as ProductId, name: name ?? listing.name, quantity, unitPrice: price });
  }
  const short = firstShort(lines, state);
  if (short !== null) return short;
  const total = sumOf(lines);
  if (total > ORDER_TOTAL_MAX) return refuse('INVALID', `the order comes to more than ${mostIn(state)}`);
  const event: OrderPlaced = {
    type: 'OrderPlaced',
    version: 1,
    id: eventIdOf(ready),
    at: ready.at,
    source: command.source,
    orderId: ready.id as OrderId,
    // Copied field by field: what else the sender may have put there is not for the log.
    customer: { id: customer.id, name: customer.name, email: customer.email, country: customer.country },
    currency: state.currency,
    lines,
    total,
    handling:
      handling === null ? null : { chance: handling.chance, delayMs: handling.delayMs, attempts: handling.attempts },
    stock,
    ...(ready.fingerprint === null ? {} : { fingerprint: ready.fingerprint }),
  };
  return tooLarge(event) ?? [event];
}

/** All lines are checked together: the same product may stand on two of them. */
function firstShort(lines: readonly OrderLine[], state: ShopState): Refused | null {
  if (lines.length === 1) return short(lines[0], lines[0]?.quantity ?? 0, state);
  const wanted = new Map<string, number>();
  for (const line of lines) {
    const units = (wanted.get(line.productId) ?? 0) + line.quantity;
    wanted.set(line.productId, units);
    const refused = short(line, units, state);
    if (refused !== null) return refused;
  }
  return null;
}

function short(line: OrderLine | undefined, units: number, state: ShopState): Refused | null {
  if (line === undefined) return null;
  const available = state.products.get(line.productId)?.available ?? 0;
  if (available === BEYOND) return tooMuchStock(line.productId);
  if (available >= units) return null;
  return {
    ...refuse('SOLD_OUT', `${line.productId}: ${units} asked for, ${Math.max(0, available)} available`),
    productId: line.productId,
  };
}

/** Only an order of many lines can come near the size of a record, so only such a one is measured. */
const LINES_ALWAYS_SMALL = 200;

function tooLarge(event: OrderPlaced): Refused | null {
  if (event.lines.length <= LINES_ALWAYS_SMALL) return null;
  const bytes = Buffer.byteLength(JSON.stringify(event));
  if (bytes <= ORDER_BYTES_MAX) return null;
  return refuse('INVALID', `the order takes ${bytes} bytes, more than the ${ORDER_BYTES_MAX} of one record`);
}

function receiveStock(ready: Ready<ReceiveStock>, state: ShopState): readonly ShopEvent[] | Refused {
  const { productId, quantity, reason, source } = ready.command;
  const product = state.products.get(productId);
  if (product === undefined || product.listing === null) return unknownProduct(productId);
  if (product.available === BEYOND || product.available + quantity > STOCK_MAX) return tooMuchStock(productId);
  const event: StockReceived = {
    type: 'StockReceived',
    version: 1,
    id: eventIdOf(ready),
    at: ready.at,
    source,
    productId: productId as ProductId,
    quantity,
    reason,
  };
  return [event];
}

function listProduct(ready: Ready<ListProduct>, state: ShopState): readonly ShopEvent[] | Refused {
  const { productId, name, category, price, currency, source } = ready.command;
  if (currency !== state.currency) return otherCurrency(currency, state.currency);
  if (price > ORDER_TOTAL_MAX) return refuse('INVALID', `${productId}: the price is more than ${mostIn(state)}`);
  const listed = state.products.get(productId)?.listing;
  if (listed?.name === name && listed.category === category && listed.price === price) return [];
  const event: ProductListed = {
    type: 'ProductListed',
    version: 1,
    id: eventIdOf(ready),
    at: ready.at,
    source,
    productId: productId as ProductId,
    name,
    category,
    price,
    currency,
  };
  return [event];
}

/** The id of the event that accepts the command. */
function eventIdOf(ready: Ready): string {
  return ready.command.type === 'PlaceOrder' ? `${ready.id}/placed` : ready.id;
}

export function refuse(reason: Refused['reason'], message: string): Refused {
  return { status: 'refused', reason, message };
}

function unknownProduct(productId: string): Refused {
  return { ...refuse('UNKNOWN_PRODUCT', `${productId} is not in the catalogue`), productId };
}

function tooMuchStock(productId: string): Refused {
  const message = `${productId}: more than ${STOCK_MAX} units would be in stock, the most that there may be of a product`;
  return { ...refuse('INVALID', message), productId };
}

/** The most that an order, and so a unit, may come to. */
function mostIn({ currency }: ShopState): string {
  return `${ORDER_TOTAL_MAX} minor units (${currency}), the most that one order may come to`;
}

function otherCurrency(asked: string, own: string): Refused {
  return refuse('OTHER_CURRENCY', `the shop sells in ${own}, not in ${asked}`);
}
