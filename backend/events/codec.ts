/**
 * Between bytes and events. Decoding is the one gate of the read side: whatever passes here, every fold
 * can rely on; whatever does not is a dead letter, with the same verdict for every reader.
 */
import { Compile } from 'typebox/compile';
import {
  LogCreatedSchema,
  OrderHandledSchema,
  OrderPlacedSchema,
  ProductListedSchema,
  ReportIssuedSchema,
  SimulatorConfiguredSchema,
  StockReceivedSchema,
  type EventType,
  type OrderLine,
  type ShopEvent,
} from './events.ts';
import { partitionOf, describeTopic, type Topic, type TruthTopic } from './topics.ts';

/** An event with its place in the log and its instant as epoch milliseconds, decoded once. */
export interface Recorded<E extends ShopEvent = ShopEvent> {
  readonly event: E;
  /** `event.at` in ms since 1970. */
  readonly at: number;
  readonly topic: TruthTopic;
  readonly partition: number;
  readonly offset: number;
}

export type Decoded =
  | { readonly ok: true; readonly event: ShopEvent; readonly at: number }
  | { readonly ok: false; readonly cause: string };

/** A record to be appended. The partition follows from the key. */
export interface NewRecord {
  readonly topic: Topic;
  readonly partition: number;
  readonly key: string;
  readonly value: string;
}

/** The largest record that is read; Kafka's own default bound. */
export const RECORD_BYTES_MAX = 1_048_576;

interface Validator {
  Check(value: unknown): boolean;
  Errors(value: unknown): readonly { instancePath?: string; message?: string }[];
}

interface EventDescription {
  readonly topic: TruthTopic;
  readonly schema: object;
  readonly validator: Validator;
  readonly version: number;
  readonly keyOf: (event: never) => string;
}

const describe = <T>(
  topic: TruthTopic,
  schema: object,
  validator: Validator,
  keyOf: (event: T) => string,
): EventDescription => ({
  topic,
  schema,
  validator,
  version: 1,
  keyOf,
});

/** Every event type with its topic, schema, current version and record key. */
export const EVENTS: { readonly [T in EventType]: EventDescription } = {
  OrderPlaced: describe('orders', OrderPlacedSchema, Compile(OrderPlacedSchema), (e: { orderId: string }) => e.orderId),
  OrderHandled: describe(
    'handled-orders',
    OrderHandledSchema,
    Compile(OrderHandledSchema),
    (e: { orderId: string }) => e.orderId,
  ),
  ProductListed: describe(
    'stock',
    ProductListedSchema,
    Compile(ProductListedSchema),
    (e: { productId: string }) => e.productId,
  ),
  StockReceived: describe(
    'stock',
    StockReceivedSchema,
    Compile(StockReceivedSchema),
    (e: { productId: string }) => e.productId,
  ),
  LogCreated: describe('settings', LogCreatedSchema, Compile(LogCreatedSchema), () => 'log'),
  SimulatorConfigured: describe(
    'settings',
    SimulatorConfiguredSchema,
    Compile(SimulatorConfiguredSchema),
    () => 'simulator',
  ),
  ReportIssued: describe('reports', ReportIssuedSchema, Compile(ReportIssuedSchema), (e: { day: string }) => e.day),
};

/**
 * Old versions are brought to the present one on read: `UPCASTERS[type][v - 1]` turns version v into v + 1.
 * Empty while every event is at its first version.
 */
export type Upcasters = {
  readonly [T in EventType]?: readonly ((old: Record<string, unknown>) => Record<string, unknown>)[];
};
const UPCASTERS: Upcasters = {};

/** The record that carries an event: topic, partition and key follow from its type. */
export function encode(event: ShopEvent): NewRecord {
  const { topic, keyOf } = EVENTS[event.type];
  const key = keyOf(event as never);
  return { topic, partition: partitionOf(key, describeTopic(topic).partitions), key, value: JSON.stringify(event) };
}

/** Reads one record of `topic`. Never throws: a record that cannot be read is a value with its cause. */
export function decode(topic: Topic, value: Uint8Array | null, upcasters: Upcasters = UPCASTERS): Decoded {
  if (value === null) return refuse('the record is empty');
  if (value.byteLength > RECORD_BYTES_MAX)
    return refuse(`the record has ${value.byteLength} bytes, more than ${RECORD_BYTES_MAX}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.isBuffer(value) ? value.toString('utf8') : Buffer.from(value).toString('utf8'));
  } catch (error) {
    return refuse(`not JSON: ${(error as Error).message}`);
  }
  return admit(topic, parsed, upcasters);
}

function admit(topic: Topic, parsed: unknown, upcasters: Upcasters): Decoded {
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return refuse('not a JSON object');
  let body = parsed as Record<string, unknown>;
  const type = body['type'];
  if (typeof type !== 'string' || !Object.hasOwn(EVENTS, type))
    return refuse(`unknown event type ${JSON.stringify(type)}`);
  const known = EVENTS[type as EventType];
  if (known.topic !== topic) return refuse(`${type} does not belong to the topic ${topic}`);
  const steps = upcasters[type as EventType] ?? [];
  const current = steps.length + 1;
  const version = body['version'];
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1 || version > current)
    return refuse(`unknown version ${JSON.stringify(version)} of ${type}`);
  for (const step of steps.slice(version - 1)) body = step(body);
  if (!known.validator.Check(body)) return refuse(firstError(type, known.validator, body));
  const event = body as unknown as ShopEvent;
  const at = Date.parse(event.at);
  if (Number.isNaN(at)) return refuse(`${type}/at is not an instant: ${event.at}`);
  if ('lines' in event && sumOf(event.lines) !== event.total)
    return refuse(`${type}/total is not the sum of its lines`);
  return { ok: true, event, at };
}

/** Σ quantity × unit price, in minor units. */
export function sumOf(lines: readonly OrderLine[]): number {
  let sum = 0;
  for (const line of lines) sum += line.quantity * line.unitPrice;
  return sum;
}

function firstError(type: string, validator: Validator, body: unknown): string {
  const error = validator.Errors(body)[0];
  return `${type}${error?.instancePath ?? ''} ${error?.message ?? 'is not valid'}`;
}

function refuse(cause: string): Decoded {
  return { ok: false, cause };
}
