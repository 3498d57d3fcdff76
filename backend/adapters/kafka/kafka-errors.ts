/** What kafkajs's errors mean to the event log. */
import { isShopError, ShopError } from '../../ports/errors.ts';
import type { KafkaSettings } from './client.ts';

/** Errors that no waiting mends. */
const PERMANENT_TYPES = new Set([
  'OFFSET_OUT_OF_RANGE',
  'INVALID_TOPIC_EXCEPTION',
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'UNSUPPORTED_VERSION',
  'INVALID_GROUP_ID',
  'INVALID_SESSION_TIMEOUT',
  'INCONSISTENT_GROUP_PROTOCOL',
  'INVALID_TRANSACTION_TIMEOUT',
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
]);
const PERMANENT_NAMES = new Set(['TypeError', 'RangeError', 'ReferenceError']);

const FENCED_TYPES = new Set(['INVALID_PRODUCER_EPOCH', 'INVALID_PRODUCER_ID_MAPPING', 'INVALID_TXN_STATE']);
/** PRODUCER_FENCED, which kafkajs 2.2.4 does not know by name. */
const PRODUCER_FENCED_MESSAGE = 'Unknown error code 90';

const STORAGE_TYPES = new Set([
  'KAFKA_STORAGE_ERROR',
  'LOG_DIR_NOT_FOUND',
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'POLICY_VIOLATION',
]);

const CONNECTION_NAMES = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
  'KafkaJSLockTimeout',
  'KafkaJSNoBrokerAvailableError',
  'KafkaJSGroupCoordinatorNotFound',
]);

interface Described {
  readonly name: string;
  readonly type: string;
  readonly message: string;
}

/** The error and its causes, outermost first. */
function chainOf(error: unknown): Described[] {
  const chain: Described[] = [];
  let current: unknown = error;
  while (typeof current === 'object' && current !== null && chain.length < 10) {
    const { name, type, message, cause } = current as Record<string, unknown>;
    chain.push({ name: String(name), type: typeof type === 'string' ? type : '', message: String(message) });
    current = cause;
  }
  return chain;
}

/** Kafka's own name of the error, e.g. OFFSET_OUT_OF_RANGE; '' when it is none of the protocol's. */
export function typeOf(error: unknown): string {
  return chainOf(error).find((each) => each.type !== '')?.type ?? '';
}

export function isPermanent(error: unknown): boolean {
  if (isShopError(error)) return true;
  return chainOf(error).some((each) => PERMANENT_TYPES.has(each.type) || PERMANENT_NAMES.has(each.name));
}

export function isConnectionError(error: unknown): boolean {
  return chainOf(error).some((each) => CONNECTION_NAMES.has(each.name));
}

export function isFenced(error: unknown): boolean {
  return chainOf(error).some((each) => FENCED_TYPES.has(each.type) || each.message.includes(PRODUCER_FENCED_MESSAGE));
}

export function unavailable(settings: KafkaSettings, cause: unknown): ShopError {
  const message = `Kafka does not answer at ${settings.brokers.join(', ')}; start it or mend KAFKA_BROKERS`;
  return new ShopError('UNAVAILABLE', message, { cause });
}

/** The ShopError of an error that came before anything was committed. `doing`: what failed, e.g. "reading orders/3". */
export function toShopError(settings: KafkaSettings, doing: string, error: unknown): ShopError {
  if (isShopError(error)) return error;
  const said = error instanceof Error ? error.message : String(error);
  if (isFenced(error)) {
    const message = `${doing}: a newer writer of the same name exists; stop this one, or start it again`;
    return new ShopError('FENCED', message, { cause: error });
  }
  if (STORAGE_TYPES.has(typeOf(error)))
    return new ShopError('STORAGE', `${doing}: Kafka refused to store it: ${said}`, { cause: error });
  if (isConnectionError(error)) return unavailable(settings, error);
  return new ShopError('UNAVAILABLE', `${doing}: Kafka answered: ${said}`, { cause: error });
}

/** A partition without a leader in what the cluster knows: too new, or gone. */
export function unknownPartition(topicName: string, partition: number): Error {
  const error = new Error(`topic ${topicName} has no partition ${partition}`);
  return Object.assign(error, { type: 'UNKNOWN_TOPIC_OR_PARTITION' });
}
