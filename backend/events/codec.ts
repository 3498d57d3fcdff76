/**
 * Between bytes and events. Decoding is the one gate of the read side: whatever passes here, every fold
 * can rely on; whatever does not is a dead letter, with the same verdict for every reader.
 */
import type { TSchema } from 'typebox';
import {
  HistoryBegunSchema,
  HistoryWrittenSchema,
  LogCreatedSchema,
  MinorDigitsSettledSchema,
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
import { instantOf } from './instant.ts';
import { partitionOf, describeTopic, type Topic, type TruthTopic } from './topics.ts';
import { validatorOf, type Validator } from './validator.ts';

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
/** Of a UTF-16 code unit in UTF-8. */
const BYTES_PER_CHAR_MAX = 3;
const SHOWN_LENGTH_MAX = 80;
const HALF_A_PAIR_CAUSE = 'holds half a surrogate pair';

interface EventDescription {
  readonly type: EventType;
  readonly topic: TruthTopic;
  readonly schema: TSchema;
  readonly validator: Validator;
  readonly version: number;
  readonly keyOf: (event: never) => string;
}

const describe = <T>(
  type: EventType,
  topic: TruthTopic,
  schema: TSchema,
  keyOf: (event: T) => string,
): EventDescription => ({
  type,
  topic,
  schema,
  validator: validatorOf(schema),
  version: 1,
  keyOf,
});

/** Every event type with its topic, schema, current version and record key. */
export const EVENTS: { readonly [T in EventType]: EventDescription } = {
  OrderPlaced: describe('OrderPlaced', 'orders', OrderPlacedSchema, (e: { orderId: string }) => e.orderId),
  OrderHandled: describe('OrderHandled', 'handled-orders', OrderHandledSchema, (e: { orderId: string }) => e.orderId),
  ProductListed: describe('ProductListed', 'stock', ProductListedSchema, (e: { productId: string }) => e.productId),
  StockReceived: describe('StockReceived', 'stock', StockReceivedSchema, (e: { productId: string }) => e.productId),
  LogCreated: describe('LogCreated', 'settings', LogCreatedSchema, () => 'log'),
  MinorDigitsSettled: describe('MinorDigitsSettled', 'settings', MinorDigitsSettledSchema, () => 'log'),
  SimulatorConfigured: describe('SimulatorConfigured', 'settings', SimulatorConfiguredSchema, () => 'simulator'),
  HistoryBegun: describe('HistoryBegun', 'settings', HistoryBegunSchema, () => 'history'),
  HistoryWritten: describe('HistoryWritten', 'settings', HistoryWrittenSchema, () => 'history'),
  ReportIssued: describe('ReportIssued', 'reports', ReportIssuedSchema, (e: { day: string }) => e.day),
};

const DESCRIPTIONS = Object.values(EVENTS);

/**
 * Old versions are brought to the present one on read: `UPCASTERS[type][v - 1]` turns version v into v + 1.
 * Empty while every event is at its first version.
 */
export type Upcasters = {
  readonly [T in EventType]?: readonly ((old: Record<string, unknown>) => Record<string, unknown>)[];
};
const UPCASTERS: Upcasters = {};

/** An event that no reader would accept was about to be written. Nothing was: the log has no undo. */
export class InvalidEventError extends Error {
  constructor(cause: string) {
    super(`an event was not written, since nobody could read it: ${cause}`);
    this.name = 'InvalidEventError';
  }
}

/**
 * The record that carries an event: topic, partition and key follow from its type. Throws InvalidEventError for what
 * decode() would refuse, so that every writer is held to what every reader accepts.
 */
export function encode(event: ShopEvent): NewRecord {
  const known = descriptionOf(event.type);
  if (known === undefined) throw new InvalidEventError(`unknown event type ${shown(event.type)}`);
  const verdict = judge(known, event);
  if (typeof verdict === 'string') throw new InvalidEventError(verdict);
  const value = JSON.stringify(event);
  if (value.includes('\\u') && !isWellFormed(event)) throw new InvalidEventError(HALF_A_PAIR_CAUSE);
  if (value.length * BYTES_PER_CHAR_MAX > RECORD_BYTES_MAX && Buffer.byteLength(value) > RECORD_BYTES_MAX)
    throw new InvalidEventError(tooLarge(known.type, Buffer.byteLength(value)));
  const { topic, keyOf } = known;
  const key = keyOf(event as never);
  return { topic, partition: partitionOf(key, describeTopic(topic).partitions), key, value };
}

/** Reads one record of `topic`. Never throws: a record that cannot be read is a value with its cause. */
export function decode(topic: Topic, value: Uint8Array | null, upcasters: Upcasters = UPCASTERS): Decoded {
  if (value === null) return refuse('the record is empty');
  if (value.byteLength > RECORD_BYTES_MAX) return refuse(tooLarge('the record', value.byteLength));
  let parsed: unknown;
  try {
    const text = (Buffer.isBuffer(value) ? value : Buffer.from(value)).toString('utf8');
    parsed = JSON.parse(text);
    // Only an escape can bring half a surrogate pair in.
    if (text.includes('\\u') && !isWellFormed(parsed)) return refuse(HALF_A_PAIR_CAUSE);
  } catch (error) {
    return refuse(`not JSON: ${(error as Error).message}`);
  }
  return admit(topic, parsed, upcasters);
}

function admit(topic: Topic, parsed: unknown, upcasters: Upcasters): Decoded {
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return refuse('not a JSON object');
  const old = parsed as Record<string, unknown>;
  const known = descriptionOf(old['type']);
  if (known === undefined) return refuse(`unknown event type ${shown(old['type'])}`);
  if (known.topic !== topic) return refuse(`${known.type} does not belong to the topic ${topic}`);
  const { type } = known;
  const steps = upcasters[type] ?? NO_STEPS;
  const version = old['version'];
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1 || version > steps.length + 1)
    return refuse(`unknown version ${shown(version)} of ${type}`);
  const body = upcast(old, steps, version);
  if (body === null) return refuse(`version ${version} of ${type} cannot be brought to the present one`);
  const verdict = judge(known, body);
  return typeof verdict === 'string' ? refuse(verdict) : { ok: true, event: body as unknown as ShopEvent, at: verdict };
}

/** The instant of an event of the present version, or what is wrong with it. */
function judge({ type, validator }: EventDescription, body: object): number | string {
  if (!validator.check(body)) return type + validator.firstError(body);
  const event = body as ShopEvent;
  const at = instantOf(event.at);
  if (Number.isNaN(at)) return type + validator.firstError(body);
  if ('lines' in event && sumOf(event.lines) !== event.total) return `${type}/total is not the sum of its lines`;
  return at;
}

function tooLarge(what: string, bytes: number): string {
  return `${what} has ${bytes} bytes, more than ${RECORD_BYTES_MAX}`;
}

/**
 * A walk along ten names, the frequent ones first: looking a name up that was just parsed means hashing
 * it, which costs five times as much.
 */
function descriptionOf(type: unknown): EventDescription | undefined {
  for (const each of DESCRIPTIONS) if (each.type === type) return each;
  return undefined;
}

type Steps = NonNullable<Upcasters[EventType]>;
const NO_STEPS: Steps = [];

/** Null when a step throws: it was written for valid events, and this one may be anything. */
function upcast(old: Record<string, unknown>, steps: Steps, version: number): Record<string, unknown> | null {
  let body = old;
  try {
    for (let step = version - 1; step < steps.length; step++) body = steps[step]?.(body) ?? body;
  } catch {
    return null;
  }
  return body;
}

const HALF_A_PAIR = /\p{Surrogate}/u;

/**
 * Whether all strings of a JSON value (its names, too) are Unicode text. JSON lets "\\ud800" pass, but it has
 * no bytes of its own: stores turn it into U+FFFD, so that two ids may become one.
 */
export function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return !HALF_A_PAIR.test(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([name, part]) => isWellFormed(name) && isWellFormed(part));
}

/** Σ quantity × unit price, in minor units. */
export function sumOf(lines: readonly OrderLine[]): number {
  let sum = 0;
  for (const line of lines) sum += line.quantity * line.unitPrice;
  return sum;
}

/** A value for a message: short, whatever it is. */
function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, SHOWN_LENGTH_MAX));
  return typeof value === 'number' ? String(value) : `(${value === undefined ? 'none' : typeof value})`;
}

function refuse(cause: string): Decoded {
  return { ok: false, cause };
}
