/**
 * The simulated shop floor: which goods can be sold, what customers put in their baskets, and when new
 * goods are ordered and come. It decides what to ask of the shop and never asks for what is not there.
 */
import type { CatalogueProduct, EventSource, HandlingPolicy } from '../events/events.ts';
import type { ListProduct, PlaceOrder, ReceiveStock } from '../shop/commands.ts';
import type { Catalogue } from './catalogue.ts';
import { customersOf } from './customers.ts';
import { chooseIndex, cumulate, integerBetween, type Random, type Streams } from './random.ts';

/** Orders a day that the catalogue's stock figures are meant for; more orders get proportionally more goods. */
const CATALOGUE_ORDERS_A_DAY = 40_000;
/** The most that the shop takes in at once. */
const DELIVERY_UNITS_MAX = 1_000_000_000;
/** How long new goods take to come. */
const DELIVERY_MS_MIN = 5 * 60_000;
const DELIVERY_MS_MAX = 30 * 60_000;

/** How likely an order has one line, two, … and a line one unit, two, … */
const LINES = cumulate([55, 27, 12, 6]);
const QUANTITIES = cumulate([80, 13, 4, 2, 0.6, 0.4]);
/** How often a customer who is offered a product twice looks at another one. */
const SECOND_LOOKS_MAX = 4;

export interface TradeOptions {
  readonly seed: number;
  readonly streams: Streams;
  readonly catalogue: Catalogue;
  readonly currency: string;
  readonly source: EventSource;
  /** The average that is expected; stock figures grow with it. */
  readonly ratePerSecond: number;
  readonly handling: HandlingPolicy | null;
}

/** Goods on their way. */
export interface Delivery {
  readonly productId: string;
  readonly quantity: number;
  /** When they come, epoch ms. */
  readonly at: number;
}

interface Shelf {
  readonly product: CatalogueProduct;
  available: number;
  ordered: boolean;
}

export class Trade {
  readonly #options: TradeOptions;
  readonly #customer: () => PlaceOrder['customer'];
  readonly #shelves: ReadonlyMap<string, Shelf>;
  /** In order of arrival. */
  #deliveries: Delivery[] = [];
  #onOffer: { readonly shelves: readonly Shelf[]; readonly cumulative: readonly number[] } | null = null;
  #scale = 1;
  #handling: HandlingPolicy | null;

  constructor(options: TradeOptions) {
    this.#options = options;
    this.#customer = customersOf(options.seed, options.streams.customers);
    this.#shelves = new Map(
      options.catalogue.map((product) => [product.productId, { product, available: 0, ordered: false }]),
    );
    this.#handling = options.handling;
    this.expect(options.ratePerSecond);
  }

  /** Another average rate: what is ordered from now on is as much more, or less. */
  expect(ratePerSecond: number): void {
    this.#scale = Math.max(1, (ratePerSecond * 86_400) / CATALOGUE_ORDERS_A_DAY);
  }

  set handling(policy: HandlingPolicy | null) {
    this.#handling = policy;
  }

  /** The commands that list a product and bring its opening stock in, when the shop does not know it. */
  opening(product: CatalogueProduct): { list: ListProduct; receive: ReceiveStock | null } {
    const { productId, name, category, price } = product;
    const { source, currency } = this.#options;
    const quantity = this.#scaled(product.initialStock);
    return {
      list: { type: 'ListProduct', source, productId, name, category, price, currency },
      receive: quantity === 0 ? null : { type: 'ReceiveStock', source, productId, quantity, reason: 'initial' },
    };
  }

  /** What the shop says can be sold of a product; orders goods at `now` where that is little. */
  stocked(productId: string, available: number, now: number): void {
    const shelf = this.#shelves.get(productId);
    if (shelf === undefined) return;
    this.#setAvailable(shelf, available);
    this.#orderGoods(shelf, now);
  }

  /** Takes in the deliveries that have come by `now`, in order; their goods are on sale then. */
  *deliveriesBy(now: number): Generator<Delivery> {
    for (let first = this.#deliveries[0]; first !== undefined && first.at <= now; first = this.#deliveries[0]) {
      yield this.#unpack(first, first.at);
    }
  }

  /** The next delivery comes now, whenever it was due. Undefined when none is under way. */
  hurryDelivery(now: number): Delivery | undefined {
    const first = this.#deliveries[0];
    return first === undefined ? undefined : this.#unpack({ ...first, at: now }, now);
  }

  /** When the next delivery comes, epoch ms; Infinity when none is under way. */
  get nextDeliveryAt(): number {
    return this.#deliveries[0]?.at ?? Infinity;
  }

  /** The order of a customer who comes at `now`; null when everything is sold out. */
  order(now: number): PlaceOrder | null {
    const { baskets } = this.#options.streams;
    // Drawn even when nothing is left, so that the customers who come later stay the same.
    const customer = this.#customer();
    const wanted = chooseIndex(LINES, baskets()) + 1;
    const lines: { productId: string; quantity: number }[] = [];
    for (let line = 0; line < wanted; line++) {
      const shelf = this.#choose(baskets, lines);
      const quantity = chooseIndex(QUANTITIES, baskets()) + 1;
      if (shelf === null) break;
      const taken = Math.min(quantity, shelf.available);
      lines.push({ productId: shelf.product.productId, quantity: taken });
      this.#setAvailable(shelf, shelf.available - taken);
      this.#orderGoods(shelf, now);
    }
    if (lines.length === 0) return null;
    return { type: 'PlaceOrder', source: this.#options.source, customer, lines, handling: this.#handling };
  }

  #choose(random: Random, basket: readonly { productId: string }[]): Shelf | null {
    for (let look = 0; look < SECOND_LOOKS_MAX; look++) {
      const { shelves, cumulative } = (this.#onOffer ??= this.#offer());
      if (shelves.length === 0) return null;
      const shelf = shelves[chooseIndex(cumulative, random())];
      if (shelf !== undefined && !basket.some((line) => line.productId === shelf.product.productId)) return shelf;
    }
    return null;
  }

  #offer(): { shelves: Shelf[]; cumulative: number[] } {
    const shelves = [...this.#shelves.values()].filter((shelf) => shelf.available > 0);
    return { shelves, cumulative: cumulate(shelves.map((shelf) => shelf.product.popularity)) };
  }

  #setAvailable(shelf: Shelf, available: number): void {
    if (available > 0 !== shelf.available > 0) this.#onOffer = null;
    shelf.available = available;
  }

  #orderGoods(shelf: Shelf, now: number): void {
    const { productId, restockLevel, restockQuantity } = shelf.product;
    if (shelf.ordered || shelf.available > this.#scaled(restockLevel)) return;
    shelf.ordered = true;
    const at = now + integerBetween(this.#options.streams.deliveries, DELIVERY_MS_MIN, DELIVERY_MS_MAX);
    const delivery = { productId, quantity: Math.max(1, this.#scaled(restockQuantity)), at };
    const later = this.#deliveries.findIndex((each) => each.at > at);
    this.#deliveries.splice(later === -1 ? this.#deliveries.length : later, 0, delivery);
  }

  #unpack(delivery: Delivery, now: number): Delivery {
    this.#deliveries.shift();
    const shelf = this.#shelves.get(delivery.productId);
    if (shelf !== undefined) {
      shelf.ordered = false;
      this.#setAvailable(shelf, shelf.available + delivery.quantity);
      this.#orderGoods(shelf, now);
    }
    return delivery;
  }

  #scaled(units: number): number {
    return Math.min(DELIVERY_UNITS_MAX, Math.round(units * this.#scale));
  }
}
