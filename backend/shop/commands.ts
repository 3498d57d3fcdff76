/**
 * What can be asked of the shop, and what it answers. A refusal is a value; an exception means that the
 * shop could not decide. The same shapes travel over the shop's internal endpoint as JSON.
 */
import Type, { type Static } from 'typebox';
import { LINES_MAX, QUANTITY_MAX } from '../events/bounds.ts';
import { CustomerSchema, HandlingPolicySchema } from '../events/events.ts';
import type { TopicPartition } from '../ports/event-log.ts';

const id = Type.String({ minLength: 1, maxLength: 100 });
const key = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: 100,
    description: 'Idempotency key: the same command sent again gets the same answer.',
  }),
);
const at = Type.Optional(
  Type.String({ description: 'When it happened, ISO 8601 in UTC with milliseconds; now when absent.' }),
);
const source = Type.Union([Type.Literal('live'), Type.Literal('history'), Type.Literal('import')]);
const amount = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const quantity = Type.Integer({ minimum: 1, maximum: QUANTITY_MAX });
const currency = Type.String({ pattern: '^[A-Z]{3}$' });

export const PlaceOrderSchema = Type.Object({
  type: Type.Literal('PlaceOrder'),
  key,
  /** Chosen by who asks (import, history); derived from the key, or new, when absent. */
  orderId: Type.Optional(id),
  at,
  source,
  customer: CustomerSchema,
  currency: Type.Optional(currency),
  /** A line without a price sells at the list price, one without a name bears the product's. */
  lines: Type.Array(
    Type.Object({
      productId: id,
      quantity,
      unitPrice: Type.Optional(amount),
      name: Type.Optional(Type.String({ maxLength: 500 })),
    }),
    { minItems: 1, maxItems: LINES_MAX },
  ),
  handling: Type.Union([HandlingPolicySchema, Type.Null()]),
});

export const ReceiveStockSchema = Type.Object({
  type: Type.Literal('ReceiveStock'),
  key,
  at,
  source,
  productId: id,
  quantity,
  reason: Type.Union([Type.Literal('initial'), Type.Literal('restock')]),
});

/** Lists a product, or changes its name, category or price; nothing happens when it is listed just so. */
export const ListProductSchema = Type.Object({
  type: Type.Literal('ListProduct'),
  at,
  source,
  productId: id,
  name: Type.String({ maxLength: 500 }),
  category: Type.String({ maxLength: 500 }),
  price: amount,
  currency,
});

export type PlaceOrder = Static<typeof PlaceOrderSchema>;
export type ReceiveStock = Static<typeof ReceiveStockSchema>;
export type ListProduct = Static<typeof ListProductSchema>;
export type Command = PlaceOrder | ReceiveStock | ListProduct;

export type RefusalReason =
  /** Less is available than asked for. */
  | 'SOLD_OUT'
  | 'UNKNOWN_PRODUCT'
  /** The idempotency key or order id was used before, for something else. */
  | 'CONFLICT'
  /** The log has another currency. */
  | 'OTHER_CURRENCY'
  /** The command itself is not valid. */
  | 'INVALID';

/** Where an event stands in the log. */
export interface EventPosition extends TopicPartition {
  readonly offset: number;
}

export interface Accepted {
  readonly status: 'accepted' | 'duplicate';
  /** The order's, receipt's or product's id. */
  readonly id: string;
  /** The event's instant, ISO 8601. */
  readonly at: string;
  /** Null when there was nothing to append (a product already listed just so). */
  readonly position: EventPosition | null;
}

export interface Refused {
  readonly status: 'refused';
  readonly reason: RefusalReason;
  /** One line for people. */
  readonly message: string;
  readonly productId?: string;
}

export type Outcome = Accepted | Refused;

export interface CatalogueEntry {
  readonly productId: string;
  readonly name: string;
  readonly category: string;
  /** List price in minor units. */
  readonly price: number;
  readonly currency: string;
  /** Units that can be sold now. */
  readonly available: number;
}

/** The one writer of orders and stock, in this process or behind its endpoint. */
export interface Shop {
  /** Decides the commands in the order given; resolves when what was accepted is durably in the log. */
  submit(commands: readonly Command[]): Promise<Outcome[]>;
  catalogue(): Promise<CatalogueEntry[]>;
}
