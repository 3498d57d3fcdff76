/**
 * The published language: every event as it stands in the log. A published type is never edited, only
 * added to; a shape that must change gets a new `version` and an upcaster (codec.ts).
 *
 * Amounts are integers in the currency's minor unit. Instants are ISO 8601 in UTC with milliseconds.
 */
import Type, { type Static } from 'typebox';
import { LINES_MAX, QUANTITY_MAX } from './bounds.ts';

export type OrderId = string & { readonly __brand: 'OrderId' };
export type ProductId = string & { readonly __brand: 'ProductId' };

const TEXT_MAX = 500;
export const MINOR_DIGITS_MAX = 4;

/** No leap seconds: neither Kafka nor JavaScript has them. The format refuses days that do not exist. */
export const INSTANT_PATTERN = '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:[0-5]\\d\\.\\d{3}Z$';
export const DAY_PATTERN = '^\\d{4}-\\d\\d-\\d\\d$';
export const CURRENCY_PATTERN = '^[A-Z]{3}$';

const instant = Type.String({
  format: 'date-time',
  pattern: INSTANT_PATTERN,
  description: 'An instant in UTC, ISO 8601 with milliseconds.',
});
const day = Type.String({
  format: 'date',
  pattern: DAY_PATTERN,
  description: "A calendar day in the shop's time zone.",
});
const text = Type.String({ maxLength: TEXT_MAX });
const name = Type.String({ minLength: 1, maxLength: TEXT_MAX });
const amount = Type.Integer({
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  description: "An amount in the currency's minor unit.",
});
const count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const quantity = Type.Integer({ minimum: 1, maximum: QUANTITY_MAX });
const position = Type.Integer({ minimum: -1, maximum: Number.MAX_SAFE_INTEGER });
const currency = Type.String({ pattern: CURRENCY_PATTERN, description: 'ISO 4217 code.' });
const minorDigits = Type.Integer({
  minimum: 0,
  maximum: MINOR_DIGITS_MAX,
  description: 'How many of the digits of each amount in the log are behind the decimal point.',
});
const orderId = Type.Unsafe<OrderId>(Type.String({ minLength: 1, maxLength: 100 }));
const productId = Type.Unsafe<ProductId>(Type.String({ minLength: 1, maxLength: 100 }));
const source = Type.Union([Type.Literal('live'), Type.Literal('history'), Type.Literal('import')], {
  description: 'live: as it happened; history: simulated afterwards; import: from a file.',
});

const envelope = {
  version: Type.Literal(1),
  id: Type.String({ minLength: 1, maxLength: 200, description: "The event's own id." }),
  at: instant,
  source,
};

export const CustomerSchema = Type.Object({ id: name, name, email: name, country: text });

export const OrderLineSchema = Type.Object({
  productId,
  name: text,
  quantity,
  unitPrice: amount,
});

export const HandlingPolicySchema = Type.Object({
  chance: Type.Number({ minimum: 0, maximum: 1, description: 'The chance that one attempt handles the order.' }),
  delayMs: Type.Integer({
    minimum: 0,
    maximum: 31_536_000_000,
    description: 'The mean delay before an attempt, in ms.',
  }),
  attempts: Type.Integer({ minimum: 1, maximum: 1_000, description: 'How many attempts are made at the most.' }),
});

const lines = Type.Array(OrderLineSchema, { minItems: 1, maxItems: LINES_MAX });

export const OrderPlacedSchema = Type.Object({
  type: Type.Literal('OrderPlaced'),
  ...envelope,
  orderId,
  customer: CustomerSchema,
  currency,
  lines,
  total: amount,
  handling: Type.Union([HandlingPolicySchema, Type.Null()], {
    description: 'How the order is drawn for handling; null when it is not.',
  }),
  stock: Type.Array(position, {
    description: 'The last offset of each partition of the topic stock that the shop had seen when it decided.',
  }),
  fingerprint: Type.Optional(
    Type.String({ maxLength: 100, description: 'A digest of the request, where it bore an idempotency key.' }),
  ),
});

export const OrderHandledSchema = Type.Object({
  type: Type.Literal('OrderHandled'),
  ...envelope,
  orderId,
  placedAt: instant,
  attempt: Type.Integer({ minimum: 1 }),
  customer: CustomerSchema,
  currency,
  lines,
  total: amount,
});

export const ProductListedSchema = Type.Object({
  type: Type.Literal('ProductListed'),
  ...envelope,
  productId,
  name: text,
  category: text,
  price: amount,
  currency,
});

export const StockReceivedSchema = Type.Object({
  type: Type.Literal('StockReceived'),
  ...envelope,
  productId,
  quantity,
  reason: Type.Union([Type.Literal('initial'), Type.Literal('restock')]),
});

export const LogCreatedSchema = Type.Object({
  type: Type.Literal('LogCreated'),
  ...envelope,
  logId: name,
  currency,
  // Logs from before 2026-12 lack it: see MinorDigitsSettled.
  minorDigits: Type.Optional(minorDigits),
});

export const MinorDigitsSettledSchema = Type.Object(
  { type: Type.Literal('MinorDigitsSettled'), ...envelope, minorDigits },
  { description: 'What an operator has said of a log whose LogCreated lacks the digits. The first one counts.' },
);

export const SimulatorConfiguredSchema = Type.Object({
  type: Type.Literal('SimulatorConfigured'),
  ...envelope,
  ordersPerSecond: Type.Number({ minimum: 0, maximum: 100_000 }),
  handling: HandlingPolicySchema,
  paused: Type.Boolean(),
  burst: Type.Optional(
    Type.Object(
      { ordersPerSecond: Type.Number({ minimum: 0, maximum: 100_000 }), until: instant },
      { description: 'Another rate until an instant.' },
    ),
  ),
});

const units = { minimum: 0, maximum: 1_000_000 };

/** A product as the simulator sells it. */
export const CatalogueProductSchema = Type.Object({
  // Low enough that the idempotency keys made of it keep within their bound.
  productId: Type.String({ minLength: 1, maxLength: 40 }),
  name,
  category: name,
  price: Type.Integer({
    minimum: 1,
    maximum: 100_000_000_000,
    description: "List price in minor units of the log's currency.",
  }),
  popularity: Type.Number({
    exclusiveMinimum: 0,
    maximum: 1_000_000,
    description: 'How often it is chosen, relative to the others.',
  }),
  initialStock: Type.Integer({ ...units, description: 'Opening stock, in units.' }),
  restockLevel: Type.Integer({ ...units, description: 'New goods are ordered when no more than this is left.' }),
  restockQuantity: Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'Units that come with one delivery.' }),
});

export const HistoryBegunSchema = Type.Object({
  type: Type.Literal('HistoryBegun'),
  ...envelope,
  namespace: Type.String({ minLength: 1, maxLength: 50, description: 'Part of every id of the history.' }),
  from: instant,
  to: instant,
  timeZone: name,
  seed: Type.Integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }),
  ordersPerSecond: Type.Number({ minimum: 0, maximum: 100_000 }),
  handling: HandlingPolicySchema,
  catalogue: Type.Array(CatalogueProductSchema),
});

export const HistoryWrittenSchema = Type.Object({
  type: Type.Literal('HistoryWritten'),
  ...envelope,
  begun: Type.String({ minLength: 1, maxLength: 200, description: 'The id of its HistoryBegun.' }),
});

export const ReportIssuedSchema = Type.Object({
  type: Type.Literal('ReportIssued'),
  ...envelope,
  day,
  timeZone: name,
  from: instant,
  to: instant,
  currency,
  revision: Type.Integer({ minimum: 1 }),
  orders: count,
  sales: amount,
  handledOrders: count,
  products: Type.Array(Type.Object({ productId, name: text, units: count, amount })),
  positions: Type.Record(Type.String(), Type.Array(position)),
  changes: Type.Array(Type.Object({ what: text, before: Type.Integer(), after: Type.Integer() }), {
    description: 'What changed since the revision before.',
  }),
});

export type Customer = Static<typeof CustomerSchema>;
export type OrderLine = Static<typeof OrderLineSchema>;
export type HandlingPolicy = Static<typeof HandlingPolicySchema>;
export type EventSource = Static<typeof source>;
export type OrderPlaced = Static<typeof OrderPlacedSchema>;
export type OrderHandled = Static<typeof OrderHandledSchema>;
export type ProductListed = Static<typeof ProductListedSchema>;
export type StockReceived = Static<typeof StockReceivedSchema>;
export type LogCreated = Static<typeof LogCreatedSchema>;
export type MinorDigitsSettled = Static<typeof MinorDigitsSettledSchema>;
export type SimulatorConfigured = Static<typeof SimulatorConfiguredSchema>;
export type CatalogueProduct = Static<typeof CatalogueProductSchema>;
export type HistoryBegun = Static<typeof HistoryBegunSchema>;
export type HistoryWritten = Static<typeof HistoryWrittenSchema>;
export type ReportIssued = Static<typeof ReportIssuedSchema>;

/** Every event of the topics of truth. */
export type ShopEvent =
  | OrderPlaced
  | OrderHandled
  | ProductListed
  | StockReceived
  | LogCreated
  | MinorDigitsSettled
  | SimulatorConfigured
  | HistoryBegun
  | HistoryWritten
  | ReportIssued;

export type EventType = ShopEvent['type'];
