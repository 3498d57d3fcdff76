/**
 * What a log says of itself, in its topic `settings`: its id, its currency, and how many decimals its amounts have.
 * Logs of former versions lack the decimals, which were whatever the locale data of Node said at the time. Where that
 * never differed from ISO 4217 there is no doubt; else an operator is asked once, and the answer goes into the log.
 */
import { randomUUID } from 'node:crypto';
import { formatAmount, isCurrency, minorDigits } from '../domain/money.ts';
import { encode } from '../events/codec.ts';
import { MINOR_DIGITS_MAX, type LogCreated, type MinorDigitsSettled } from '../events/events.ts';
import { ShopError } from '../ports/errors.ts';
import type { EventLog } from '../ports/event-log.ts';
import { eventsOf } from '../ports/read-events.ts';

export interface LogIdentity {
  readonly logId: string;
  /** ISO 4217. */
  readonly currency: string;
  /** How many digits of each amount are behind the decimal point. */
  readonly minorDigits: number;
}

export interface Told {
  readonly mayWrite: boolean;
  /** For a log that is created by this; an existing one must fit. */
  readonly currency: string | null;
  /** What MINOR_DIGITS says: settles what an old log leaves open; any other must fit. */
  readonly minorDigits: number | null;
}

export const DEFAULT_CURRENCY = 'SEK';

/**
 * Of what ISO 4217 has, the currencies that the locale data of a Node from 20.19 to 26 (CLDR 44 to 48) has given no
 * decimals at some time, otherwise than ISO 4217. It has differed in no other currency and to no other number.
 */
export const ONCE_WITHOUT_DECIMALS: ReadonlySet<string> = new Set(
  'AFN ALL COP HUF IDR IQD IRR KPW LAK LBP MGA MMK PKR RSD SOS SYP YER'.split(' '),
);

/**
 * Reads the log's identity, and writes what is missing of it where this process may. Null: an empty log that it may not
 * write to. Rejects with BAD_INPUT for a currency or decimals that are not the log's, and for an old log whose decimals
 * are in doubt and not told.
 */
export async function identify(log: EventLog, told: Told): Promise<LogIdentity | null> {
  const found = await read(log);
  const { created, settled } = found.created === null && told.mayWrite ? await create(log, told) : found;
  if (created === null) return null;
  const { logId, currency } = created;
  if (told.currency !== null && told.currency !== currency) {
    throw bad(`this log's currency is ${currency}, not ${told.currency}: a log has one currency; use another log`);
  }
  const digits =
    created.minorDigits ?? settled?.minorDigits ?? undoubted(currency) ?? (await settle(log, currency, told));
  assertTold(told, currency, digits);
  return { logId, currency, minorDigits: digits };
}

interface Found {
  readonly created: LogCreated | null;
  readonly settled: MinorDigitsSettled | null;
}

/** Several processes may have created the log, or settled its decimals, at the same time: for all the first counts. */
async function read(log: EventLog): Promise<Found> {
  let created: LogCreated | null = null;
  let settled: MinorDigitsSettled | null = null;
  for await (const { event } of eventsOf(log, 'settings')) {
    if (event.type === 'LogCreated') created ??= event;
    if (event.type === 'MinorDigitsSettled') settled ??= event;
    if (created?.minorDigits !== undefined) break;
  }
  return { created, settled };
}

async function create(log: EventLog, told: Told): Promise<Found> {
  const currency = told.currency ?? DEFAULT_CURRENCY;
  const digits = minorDigits(currency);
  assertTold(told, currency, digits);
  await log.append([encode({ type: 'LogCreated', ...envelope(), logId: randomUUID(), currency, minorDigits: digits })]);
  return read(log);
}

/** The decimals of an old log, where any Node would have said the same; null where not. */
function undoubted(currency: string): number | null {
  return isCurrency(currency) && !ONCE_WITHOUT_DECIMALS.has(currency) ? minorDigits(currency) : null;
}

/** Writes what was told into the log, for good. Rejects with the question where nothing was, or nothing that can be. */
async function settle(log: EventLog, currency: string, told: Told): Promise<number> {
  const possible = possibleDigits(currency);
  if (told.minorDigits === null || !told.mayWrite || !possible.includes(told.minorDigits)) {
    throw bad(await question(log, currency, possible));
  }
  await log.append([encode({ type: 'MinorDigitsSettled', ...envelope(), minorDigits: told.minorDigits })]);
  return (await read(log)).settled?.minorDigits ?? told.minorDigits;
}

function possibleDigits(currency: string): readonly number[] {
  return isCurrency(currency)
    ? [minorDigits(currency), 0]
    : Array.from({ length: MINOR_DIGITS_MAX + 1 }, (_, digits) => digits);
}

async function question(log: EventLog, currency: string, possible: readonly number[]): Promise<string> {
  const [iso] = possible;
  const why = isCurrency(currency)
    ? `${iso} by ISO 4217, but some versions of Node took 0`
    : `${currency} has none by ISO 4217`;
  const price = await firstPrice(log);
  const shown = possible.map((digits) => `${formatAmount(price ?? 0, currency, digits)} (${digits})`).join(' or ');
  const example = price === null ? '' : `. Its first price is ${shown}`;
  const answers = possible.map((digits) => `MINOR_DIGITS=${digits}`).join(' or ');
  return `this log is in ${currency} and does not say how many decimals its amounts have: ${why}${example}. Start the shop (or the import) once with ${answers}, which settles it for good`;
}

async function firstPrice(log: EventLog): Promise<number | null> {
  for await (const { event } of eventsOf(log, 'stock')) if (event.type === 'ProductListed') return event.price;
  return null;
}

function assertTold(told: Told, currency: string, digits: number): void {
  if (told.minorDigits === null || told.minorDigits === digits) return;
  throw bad(
    `MINOR_DIGITS is ${told.minorDigits}, but the amounts of this log, in ${currency}, have ${digits} decimals: leave it out`,
  );
}

function envelope(): { version: 1; id: string; at: string; source: 'live' } {
  return { version: 1, id: randomUUID(), at: new Date().toISOString(), source: 'live' };
}

function bad(message: string): ShopError {
  return new ShopError('BAD_INPUT', message);
}
