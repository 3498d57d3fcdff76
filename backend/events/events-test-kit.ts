/** Arbitrary valid events for property tests: odd names, extreme amounts, any instant that exists. */
import fc from 'fast-check';
import type {
  HistoryBegun,
  HistoryWritten,
  LogCreated,
  MinorDigitsSettled,
  OrderHandled,
  OrderId,
  OrderPlaced,
  ProductId,
  ProductListed,
  ReportIssued,
  ShopEvent,
  SimulatorConfigured,
  StockReceived,
} from './events.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 30 });
const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 });
const amount = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const position = fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER });
const source = fc.constantFrom('live' as const, 'history' as const, 'import' as const);
const currency = fc.string({
  unit: fc.constantFrom(...Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ')),
  minLength: 3,
  maxLength: 3,
});
const orderId = name.map((id) => id as OrderId);
/** Ids that are names to somebody else among them: JavaScript, MongoDB. */
const productId = fc
  .oneof(name, fc.constantFrom('__proto__', 'constructor', 'toString', '$set', 'a.b', '%2E', '_id', '0'))
  .map((id) => id as ProductId);

export const anyInstant = fc
  .date({ min: new Date('0000-01-01T00:00:00.000Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true })
  .map((date) => date.toISOString());

const envelope = { version: fc.constant(1 as const), id: name, at: anyInstant, source };
const customer = fc.record({ id: name, name, email: name, country: text });
const line = fc.record({
  productId,
  name: text,
  quantity: fc.integer({ min: 1, max: 1_000 }),
  unitPrice: fc.nat({ max: 1_000_000_000 }),
});
const lines = fc.array(line, { minLength: 1, maxLength: 5 });
const handling = fc.record({
  chance: fc.double({ min: 0, max: 1, noNaN: true }).map((chance) => chance + 0),
  delayMs: fc.nat({ max: 31_536_000_000 }),
  attempts: fc.integer({ min: 1, max: 1_000 }),
});

const withTotal = <T extends { readonly lines: readonly { quantity: number; unitPrice: number }[] }>(
  event: T,
): T & { total: number } => ({
  ...event,
  total: event.lines.reduce((sum, each) => sum + each.quantity * each.unitPrice, 0),
});

export const anyOrderPlaced: fc.Arbitrary<OrderPlaced> = fc
  .record(
    {
      type: fc.constant('OrderPlaced' as const),
      ...envelope,
      orderId,
      customer,
      currency,
      lines,
      handling: fc.option(handling),
      stock: fc.array(position, { maxLength: 6 }),
      fingerprint: text,
    },
    {
      requiredKeys: [
        'type',
        'version',
        'id',
        'at',
        'source',
        'orderId',
        'customer',
        'currency',
        'lines',
        'handling',
        'stock',
      ],
    },
  )
  .map((event) => withTotal(event));

export const anyOrderHandled: fc.Arbitrary<OrderHandled> = fc
  .record({
    type: fc.constant('OrderHandled' as const),
    ...envelope,
    orderId,
    placedAt: anyInstant,
    attempt: fc.integer({ min: 1, max: 1_000 }),
    customer,
    currency,
    lines,
  })
  .map((event) => withTotal(event));

export const anyProductListed: fc.Arbitrary<ProductListed> = fc.record({
  type: fc.constant('ProductListed' as const),
  ...envelope,
  productId,
  name: text,
  category: text,
  price: amount,
  currency,
});

export const anyStockReceived: fc.Arbitrary<StockReceived> = fc.record({
  type: fc.constant('StockReceived' as const),
  ...envelope,
  productId,
  quantity: fc.integer({ min: 1, max: 1_000_000_000 }),
  reason: fc.constantFrom('initial' as const, 'restock' as const),
});

const minorDigits = fc.integer({ min: 0, max: 4 });

const anyLogCreated: fc.Arbitrary<LogCreated> = fc.record(
  {
    type: fc.constant('LogCreated' as const),
    ...envelope,
    logId: name,
    currency,
    minorDigits,
  },
  { requiredKeys: ['type', 'version', 'id', 'at', 'source', 'logId', 'currency'] },
);

const anyMinorDigitsSettled: fc.Arbitrary<MinorDigitsSettled> = fc.record({
  type: fc.constant('MinorDigitsSettled' as const),
  ...envelope,
  minorDigits,
});

const anySimulatorConfigured: fc.Arbitrary<SimulatorConfigured> = fc.record({
  type: fc.constant('SimulatorConfigured' as const),
  ...envelope,
  ordersPerSecond: fc.double({ min: 0, max: 100_000, noNaN: true }).map((rate) => rate + 0),
  handling,
  paused: fc.boolean(),
});

const units = fc.nat({ max: 1_000_000 });
const anyHistoryBegun: fc.Arbitrary<HistoryBegun> = fc.record({
  type: fc.constant('HistoryBegun' as const),
  ...envelope,
  namespace: name,
  from: anyInstant,
  to: anyInstant,
  timeZone: name,
  seed: fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }),
  ordersPerSecond: fc.double({ min: 0, max: 100_000, noNaN: true }).map((rate) => rate + 0),
  handling,
  catalogue: fc.array(
    fc.record({
      productId: name,
      name,
      category: name,
      price: fc.integer({ min: 1, max: 100_000_000_000 }),
      popularity: fc.double({ min: 0, minExcluded: true, max: 1_000_000, noNaN: true }),
      initialStock: units,
      restockLevel: units,
      restockQuantity: fc.integer({ min: 1, max: 1_000_000 }),
    }),
    { maxLength: 4 },
  ),
});

const anyHistoryWritten: fc.Arbitrary<HistoryWritten> = fc.record({
  type: fc.constant('HistoryWritten' as const),
  ...envelope,
  begun: name,
});

const anyReportIssued: fc.Arbitrary<ReportIssued> = fc.record({
  type: fc.constant('ReportIssued' as const),
  ...envelope,
  day: anyInstant.map((instant) => instant.slice(0, 10)),
  timeZone: name,
  from: anyInstant,
  to: anyInstant,
  currency,
  revision: fc.integer({ min: 1, max: 1_000 }),
  orders: amount,
  sales: amount,
  handledOrders: amount,
  products: fc.array(fc.record({ productId, name: text, units: amount, amount }), { maxLength: 4 }),
  positions: fc.dictionary(fc.constantFrom('orders', 'handled-orders'), fc.array(position, { maxLength: 6 })),
  changes: fc.array(fc.record({ what: text, before: amount, after: amount }), { maxLength: 4 }),
});

export const anyEvents: { readonly [T in ShopEvent['type']]: fc.Arbitrary<ShopEvent> } = {
  OrderPlaced: anyOrderPlaced,
  OrderHandled: anyOrderHandled,
  ProductListed: anyProductListed,
  StockReceived: anyStockReceived,
  LogCreated: anyLogCreated,
  MinorDigitsSettled: anyMinorDigitsSettled,
  SimulatorConfigured: anySimulatorConfigured,
  HistoryBegun: anyHistoryBegun,
  HistoryWritten: anyHistoryWritten,
  ReportIssued: anyReportIssued,
};
