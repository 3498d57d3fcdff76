/**
 * A shop in memory that keeps the rules of the contract (backend/shop/commands.ts) and nothing else: what
 * the tests of the simulator and of the import sell to, and read afterwards.
 */
import type { ShopError } from '../ports/errors.ts';
import { fingerprintOf } from '../shop/identity.ts';
import type {
  CatalogueEntry,
  Command,
  ListProduct,
  Outcome,
  PlaceOrder,
  ReceiveStock,
  Refused,
  Shop,
} from '../shop/commands.ts';

const digestOf = (command: PlaceOrder | ReceiveStock): string =>
  command.type === 'PlaceOrder' ? fingerprintOf(command) : `${command.productId} ${command.quantity}`;

export class MemoryShop implements Shop {
  readonly orders: PlaceOrder[] = [];
  readonly receipts: ReceiveStock[] = [];
  readonly listings: ListProduct[] = [];
  /** Commands in every request, in the order they came. */
  readonly requests: (readonly Command[])[] = [];
  readonly products = new Map<string, { listing: ListProduct; available: number }>();
  readonly fingerprints = new Map<string, string>();
  /** Thrown by every call while set. */
  failure: ShopError | null = null;
  /** Awaited before each answer. */
  delay: () => Promise<void> = () => Promise.resolve();

  readonly currency: string;

  constructor(currency = 'SEK') {
    this.currency = currency;
  }

  async submit(commands: readonly Command[]): Promise<Outcome[]> {
    if (this.failure !== null) throw this.failure;
    this.requests.push(commands);
    const outcomes = commands.map((command) => this.#decide(command));
    await this.delay();
    return outcomes;
  }

  catalogue(): Promise<CatalogueEntry[]> {
    if (this.failure !== null) return Promise.reject(this.failure);
    return Promise.resolve(
      [...this.products.values()].map(({ listing, available }) => {
        const { productId, name, category, price, currency } = listing;
        return { productId, name, category, price, currency, available };
      }),
    );
  }

  #decide(command: Command): Outcome {
    const currency = 'currency' in command ? command.currency : undefined;
    if (currency !== undefined && currency !== this.currency) {
      return refused('OTHER_CURRENCY', `the log is in ${this.currency}, not in ${currency}`);
    }
    if (command.type === 'ListProduct') return this.#list(command);
    const key = command.type === 'PlaceOrder' ? (command.orderId ?? command.key) : command.key;
    if (key !== undefined) {
      const known = this.fingerprints.get(key);
      if (known === digestOf(command)) return { status: 'duplicate', id: key, at: command.at ?? '', position: null };
      if (known !== undefined) return refused('CONFLICT', `${key} was used before`);
    }
    const refusal = command.type === 'PlaceOrder' ? this.#sell(command) : this.#receive(command);
    if (refusal !== null) return refusal;
    if (key !== undefined) this.fingerprints.set(key, digestOf(command));
    return { status: 'accepted', id: key ?? String(this.orders.length), at: command.at ?? '', position: null };
  }

  #list(listing: ListProduct): Outcome {
    const known = this.products.get(listing.productId);
    this.products.set(listing.productId, { listing, available: known?.available ?? 0 });
    this.listings.push(listing);
    return { status: 'accepted', id: listing.productId, at: listing.at ?? '', position: null };
  }

  #receive(receipt: ReceiveStock): Refused | null {
    const product = this.products.get(receipt.productId);
    if (product === undefined) return refused('UNKNOWN_PRODUCT', receipt.productId);
    product.available += receipt.quantity;
    this.receipts.push(receipt);
    return null;
  }

  #sell(order: PlaceOrder): Refused | null {
    const wanted = new Map<string, number>();
    for (const { productId, quantity } of order.lines) wanted.set(productId, (wanted.get(productId) ?? 0) + quantity);
    for (const [productId, quantity] of wanted) {
      const product = this.products.get(productId);
      if (product === undefined) return refused('UNKNOWN_PRODUCT', productId);
      if (product.available < quantity) return refused('SOLD_OUT', productId);
    }
    for (const [productId, quantity] of wanted) {
      const product = this.products.get(productId);
      if (product !== undefined) product.available -= quantity;
    }
    this.orders.push(order);
    return null;
  }
}

function refused(reason: Refused['reason'], message: string): Refused {
  return { status: 'refused', reason, message };
}
