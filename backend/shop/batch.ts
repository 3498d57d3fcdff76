/** Deciding a run of commands together: which events they lead to, and what each will be answered. */
import type { OrderPlaced, ProductListed, ShopEvent, StockReceived } from '../events/events.ts';
import { partitionOf } from '../events/topics.ts';
import type { Accepted, Outcome, ReceiveStock, Refused } from './commands.ts';
import { decide, evolve, refuse, type Ready, type ShopState } from './decide.ts';
import type { FilledPosition, Known, KnownOrder, KnownReceipt, Recent } from './recent.ts';

/** A command of the batch on its way. */
export interface Item {
  readonly ready: Ready | Refused;
  /** Final: what the command refers to is in the log, or nothing had to be. */
  outcome: Outcome | null;
}

/** An event to append; its offset goes into `position`, which the outcomes refer to. */
export interface Pending {
  readonly event: OrderPlaced | ProductListed | StockReceived;
  readonly position: FilledPosition;
  readonly item: Item;
  /** The item's answer from the moment the event is in the log. */
  readonly outcome: Accepted;
}

export interface Decided {
  /** What each item becomes once everything is appended; in the order of the items. */
  readonly outcomes: readonly Outcome[];
  /** To be appended first: orders may sell what these bring. */
  readonly stock: readonly Pending[];
  readonly orders: readonly Pending[];
  /** Stands in every order of the batch; to be brought up to date before they are encoded. */
  readonly stockSeen: number[];
}

/** What is known of ids that were used before. */
export interface Knowledge {
  readonly state: ShopState;
  readonly orders: Recent<KnownOrder>;
  readonly receipts: Recent<KnownReceipt>;
  /** From the read models, by id. */
  readonly storedOrders: ReadonlyMap<string, KnownOrder>;
  readonly storedReceipts: ReadonlyMap<string, KnownReceipt>;
}

/** Decides the items in their order; each sees what those before it changed. */
export function decideBatch(items: readonly Item[], knowledge: Knowledge): Decided {
  const outcomes: Outcome[] = [];
  const stock: Pending[] = [];
  const orders: Pending[] = [];
  const stockSeen: number[] = [];
  for (const item of items) {
    const { ready } = item;
    if (item.outcome !== null) {
      outcomes.push(item.outcome);
      continue;
    }
    if (isRefused(ready)) {
      outcomes.push(ready);
      continue;
    }
    const before = ready.repeatable ? askedBefore(ready, knowledge) : null;
    if (before !== null) {
      outcomes.push(before);
      continue;
    }
    const decision = decide(ready, knowledge.state, stockSeen);
    if ('status' in decision) {
      outcomes.push(decision);
      continue;
    }
    const event = decision[0];
    if (event === undefined) {
      outcomes.push({ status: 'accepted', id: idOf(ready), at: ready.at, position: null });
      continue;
    }
    evolve(knowledge.state, event);
    const pending = pend(event, item, ready);
    (pending.position.topic === 'orders' ? orders : stock).push(pending);
    if (ready.repeatable) remember(ready, pending, knowledge);
    outcomes.push(pending.outcome);
  }
  return { outcomes, stock, orders, stockSeen };
}

function pend(event: ShopEvent, item: Item, ready: Ready): Pending {
  if (event.type !== 'OrderPlaced' && event.type !== 'ProductListed' && event.type !== 'StockReceived') {
    throw new TypeError(`the shop does not decide on ${event.type}`);
  }
  const position: FilledPosition =
    event.type === 'OrderPlaced'
      ? { topic: 'orders', partition: partitionOf(event.orderId), offset: -1 }
      : { topic: 'stock', partition: partitionOf(event.productId), offset: -1 };
  return { event, item, position, outcome: { status: 'accepted', id: idOf(ready), at: ready.at, position } };
}

/** The answer to a command that was asked before: the first one's, or a conflict when it was another. */
function askedBefore(ready: Ready, knowledge: Knowledge): Outcome | null {
  const { id, command } = ready;
  if (command.type === 'PlaceOrder') {
    const known = knowledge.orders.get(id, partitionOf(id)) ?? knowledge.storedOrders.get(id);
    if (known === undefined) return null;
    if (known.fingerprint === ready.fingerprint) return duplicate(id, known);
    return refuse('CONFLICT', `order ${id} was placed before, with other content`);
  }
  if (command.type !== 'ReceiveStock') return null;
  const known = knowledge.receipts.find(id) ?? knowledge.storedReceipts.get(id);
  if (known === undefined) return null;
  if (isSameReceipt(command, known)) return duplicate(id, known);
  return { ...refuse('CONFLICT', `receipt ${id} was for something else`), productId: command.productId };
}

function isSameReceipt(command: ReceiveStock, known: KnownReceipt): boolean {
  return (
    known.productId === command.productId &&
    known.quantity === command.quantity &&
    known.reason === command.reason &&
    (command.at === undefined || command.at === known.at)
  );
}

function duplicate(id: string, { at, position }: Known): Outcome {
  return { status: 'duplicate', id, at, position };
}

function remember(ready: Ready, { event, position }: Pending, knowledge: Knowledge): void {
  const { id, at, fingerprint } = ready;
  if (event.type === 'OrderPlaced') knowledge.orders.add({ id, at, fingerprint, position });
  else if (event.type === 'StockReceived') {
    const { productId, quantity, reason } = event;
    knowledge.receipts.add({ id, at, position, productId, quantity, reason });
  }
}

/** What an outcome calls the thing: the order, the receipt, the product. */
function idOf(ready: Ready): string {
  return ready.command.type === 'ListProduct' ? ready.command.productId : ready.id;
}

export function isRefused(ready: Ready | Refused): ready is Refused {
  return 'status' in ready;
}
