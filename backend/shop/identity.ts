/**
 * Who a command is: its instant, its ids and its fingerprint. Commands that may come again (they bear a key,
 * or an order id) are recognised by these. What happened elsewhere (history, import) and says when gets all of
 * its ids from its own content, so that the same commands give the same events, byte for byte.
 */
import { hash, randomUUID } from 'node:crypto';
import { Compile } from 'typebox/compile';
import { HAPPENED_MAX, HAPPENED_MIN } from '../events/bounds.ts';
import { isWellFormed } from '../events/codec.ts';
import {
  ListProductSchema,
  PlaceOrderSchema,
  ReceiveStockSchema,
  type Command,
  type ListProduct,
  type PlaceOrder,
  type ReceiveStock,
  type Refused,
} from './commands.ts';
import { refuse, type Ready } from './decide.ts';

interface Validator {
  Check(command: unknown): boolean;
  Errors(command: unknown): readonly { instancePath?: string; message?: string }[];
}

const validators: Readonly<Record<Command['type'], Validator>> = {
  PlaceOrder: Compile(PlaceOrderSchema),
  ReceiveStock: Compile(ReceiveStockSchema),
  ListProduct: Compile(ListProductSchema),
};

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Checks a command and gives it its instant and ids. `now` is for commands that don't say when. */
export function prepare(command: Command, now: string): Ready | Refused {
  const validator = validatorOf(command);
  if (validator === null) return refuse('INVALID', 'the command has no type that the shop knows');
  if (!validator.Check(command)) {
    const error = validator.Errors(command)[0];
    return refuse('INVALID', `${command.type}${error?.instancePath ?? ''} ${error?.message ?? 'is not valid'}`);
  }
  // Decoding would refuse it, and an acknowledged order that nobody can read would be lost.
  if (!isWellFormed(command))
    return refuse('INVALID', `${command.type} holds text that is not Unicode (half a surrogate pair)`);
  if (command.at !== undefined && !isInstant(command.at)) {
    return refuse('INVALID', `${command.type}/at must be an instant such as 2026-11-22T14:05:00.000Z`);
  }
  if (command.at !== undefined && !isWithin(Date.parse(command.at))) {
    return refuse('INVALID', `${command.type}/at is ${command.at}; it must be from ${FIRST_DAY} to ${LAST_DAY} (UTC)`);
  }
  switch (command.type) {
    case 'PlaceOrder':
      return prepareOrder(command, now);
    case 'ReceiveStock':
      return prepareReceipt(command, now);
    case 'ListProduct':
      return prepareListing(command, now);
  }
}

// By type, as a switch over a union of schemas would try them one after the other.
function validatorOf(command: unknown): Validator | null {
  if (typeof command !== 'object' || command === null) return null;
  const { type } = command as { type?: unknown };
  return typeof type === 'string' && Object.hasOwn(validators, type) ? validators[type as Command['type']] : null;
}

function isInstant(at: string): boolean {
  if (!INSTANT.test(at)) return false;
  const instant = Date.parse(at);
  // The 30th of February parses, as the 2nd of March; writing it out again shows that.
  return !Number.isNaN(instant) && new Date(instant).toISOString() === at;
}

const FIRST_DAY = new Date(HAPPENED_MIN).toISOString().slice(0, 10);
const LAST_DAY = new Date(HAPPENED_MAX).toISOString().slice(0, 10);

function isWithin(at: number): boolean {
  return at >= HAPPENED_MIN && at <= HAPPENED_MAX;
}

function prepareOrder(command: PlaceOrder, now: string): Ready<PlaceOrder> {
  const at = command.at ?? now;
  const { key, orderId } = command;
  if (key === undefined && orderId === undefined && !isReproducible(command)) {
    return { command, at, id: randomUUID(), fingerprint: null, repeatable: false };
  }
  const fingerprint = fingerprintOf(command);
  const id = orderId ?? orderIdOf(key ?? fingerprint);
  return { command, at, id, fingerprint, repeatable: true };
}

function prepareReceipt(command: ReceiveStock, now: string): Ready<ReceiveStock> {
  const at = command.at ?? now;
  const { key, productId, quantity, reason, source } = command;
  const made = (): string =>
    isReproducible(command) ? `${productId}/received/${digest([at, source, quantity, reason])}` : randomUUID();
  return { command, at, id: key ?? made(), fingerprint: null, repeatable: key !== undefined };
}

function prepareListing(command: ListProduct, now: string): Ready<ListProduct> {
  const at = command.at ?? now;
  const { productId, name, category, price, currency, source } = command;
  const id = isReproducible(command)
    ? `${productId}/listed/${digest([at, source, name, category, price, currency])}`
    : randomUUID();
  return { command, at, id, fingerprint: null, repeatable: false };
}

/** Whether every byte of the event can follow from the command. */
function isReproducible(command: Command): boolean {
  return command.source !== 'live' && command.at !== undefined;
}

/**
 * A digest (sha256, base64url) of what the order asks for. The key and the order id are not in it: they say
 * which order it is, this says what it is.
 */
export function fingerprintOf(command: PlaceOrder): string {
  const { at, source, customer, currency, lines, handling } = command;
  return digest([
    at ?? null,
    source,
    [customer.id, customer.name, customer.email, customer.country],
    currency ?? null,
    lines.map((line) => [line.productId, line.quantity, line.unitPrice ?? null, line.name ?? null]),
    handling === null ? null : [handling.chance, handling.delayMs, handling.attempts],
  ]);
}

/** The id of the order that a key stands for: always the same one, in the form of a UUID (version 8). */
export function orderIdOf(key: string): string {
  const hex = hash('sha256', `order ${key}`, 'hex');
  const variant = ((parseInt(hex.slice(16, 18), 16) & 0x3f) | 0x80).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(18, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}

/** Whether sending the command a second time does no harm. */
export function isRepeatable(command: Command): boolean {
  switch (command.type) {
    case 'PlaceOrder':
      return command.key !== undefined || command.orderId !== undefined;
    case 'ReceiveStock':
      return command.key !== undefined;
    case 'ListProduct':
      // Decided by content: listing just so a second time changes nothing.
      return true;
  }
}

function digest(content: unknown): string {
  return hash('sha256', JSON.stringify(content), 'base64url');
}
