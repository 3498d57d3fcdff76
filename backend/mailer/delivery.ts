/**
 * Delivers the mails of handled orders to a mail server. A mail that is refused is put aside, so that the others
 * pass, and is retried from there; a server in trouble makes everybody wait.
 */
import type { Clock } from '../ports/clock.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Logger } from '../ports/logger.ts';
import type { ReadModels } from '../ports/read-models.ts';
import { checkpointsOf, handledOrderIn, type HandledOrder } from './follow.ts';
import { insist } from './insist.ts';
import {
  DELIVERY_COLLECTION,
  PUT_ASIDE_COLLECTION,
  PUT_ASIDE_INDEX,
  putAside,
  putAsideId,
  putAsideOf,
  recipientsOf,
  replacePutAside,
  type Mailing,
  type PutAside,
} from './put-aside.ts';
import type { Answer, MailServer } from './smtp.ts';

/** A mail whose connection broke so often, while the server answered for others, is itself what is wrong. */
const TROUBLES_MAX = 3;
const LOOK_EVERY_MS = 5_000;
const DUE_MAX = 20;
/** Retries leave most of the connections to what is new. */
const RETRIES_AT_ONCE = 2;
/** Longer than any try takes: a mail that a crashed process had claimed is due again after that. */
const CLAIM_MS = 600_000;

export interface DeliveryOptions {
  readonly log: EventLog;
  readonly models: ReadModels;
  /** Says when something is due. */
  readonly clock: Clock;
  readonly logger: Logger;
  readonly server: MailServer;
}

/**
 * Resolves to true when each mail of these orders was taken, or was put aside durably; to false, with some missing,
 * when `signal` aborted. What was put aside before is left to the retries: the orders are of a run that is done again.
 */
export async function deliver(
  orders: readonly HandledOrder[],
  options: DeliveryOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const { models, clock, logger, server } = options;
  const mails = orders.flatMap((order) => mailingsOf(order).map((mailing) => ({ order, mailing })));
  const ids = mails.map(({ mailing }) => putAsideId(mailing));
  const known = await inStore(options, signal, () => models.merged(PUT_ASIDE_COLLECTION, ids));
  if (known === undefined) return false;
  const aside = new Set(known.map(({ id }) => id));
  const tried = await Promise.all(
    mails
      .filter(({ mailing }) => !aside.has(putAsideId(mailing)))
      .map(async ({ order, mailing }) => ({ mailing, answer: await settle(order, mailing.to, server) })),
  );
  let done = true;
  for (const { mailing, answer } of tried) {
    if (answer?.kind === 'taken') continue;
    const mail = answer === null ? null : putAside(mailing, answer, clock.now(), null);
    // Not stored: somebody else who had the partition has put it aside meanwhile.
    const stored =
      mail === null ? undefined : await inStore(options, signal, () => replacePutAside(models, null, mail));
    if (stored === undefined) done = false;
    else if (stored && mail !== null) tell(logger, mail);
  }
  return done;
}

export interface Retrying {
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** Retries what was put aside, whenever it is due, until it is stopped. Rejects with UNAVAILABLE. */
export async function startRetrying(options: DeliveryOptions): Promise<Retrying> {
  await options.models.ensureCollection(PUT_ASIDE_COLLECTION, [PUT_ASIDE_INDEX]);
  const stopping = new AbortController();
  const ended = retryAll(options, stopping.signal);
  ended.catch(() => {});
  return {
    ended,
    stop: async () => {
      stopping.abort();
      await ended.catch(() => {});
    },
  };
}

async function retryAll(options: DeliveryOptions, signal: AbortSignal): Promise<void> {
  const { clock } = options;
  while (!signal.aborted) {
    const due = (await inStore(options, signal, () => dueOf(options))) ?? [];
    for (let from = 0; from < due.length && !signal.aborted; from += RETRIES_AT_ONCE) {
      await Promise.all(due.slice(from, from + RETRIES_AT_ONCE).map((mail) => retry(mail, options, signal)));
    }
    if (due.length < DUE_MAX) await clock.until(clock.now() + LOOK_EVERY_MS, signal);
  }
}

/** Some of what is due. What no checkpoint has passed yet is still in a run, which would send it once more. */
async function dueOf({ models, clock }: DeliveryOptions): Promise<PutAside[]> {
  const found = await models.list({
    collection: PUT_ASIDE_COLLECTION,
    index: PUT_ASIDE_INDEX,
    equals: 'waiting',
    to: new Date(clock.now() + 1).toISOString(),
    limit: DUE_MAX,
  });
  if (found.length === 0) return [];
  const checkpoints = await checkpointsOf(models, DELIVERY_COLLECTION);
  return found
    .flatMap((document) => putAsideOf(document) ?? [])
    .filter(({ partition, offset }) => offset <= (checkpoints[partition] ?? -1));
}

/**
 * Claims the mail, so that nobody else tries it meanwhile, and tries it. A crash in between leaves the claim, and the
 * mail is due again when that has run out.
 */
async function retry(mail: PutAside, options: DeliveryOptions, signal: AbortSignal): Promise<void> {
  const { log, models, clock, logger, server } = options;
  let stored = mail;
  const replace = async (after: PutAside | null): Promise<boolean> => {
    const replaced = await inStore(options, signal, () => replacePutAside(models, stored, after));
    if (replaced === true && after !== null) stored = after;
    return replaced === true;
  };
  const claim = (): Promise<boolean> => replace({ ...mail, at: new Date(clock.now() + CLAIM_MS).toISOString() });
  const order = await inStore(options, signal, () => orderOf(mail, log));
  if (order === undefined) return;
  const answer =
    typeof order === 'string'
      ? { kind: 'refused' as const, reason: `its event cannot be read any more: ${order}`, permanent: true }
      : await settle(order, mail.to, server, claim);
  if (answer === null) {
    // It was stopped: the mail is due as it was. Where somebody else has claimed it, this changes nothing.
    await replace(mail);
  } else if (answer.kind === 'refused') {
    const after = putAside(mail, answer, clock.now(), mail);
    if ((await replace(after)) && after.state === 'given-up') tell(logger, after);
  } else {
    await replace(null);
    const { orderId, to, tries } = mail;
    logger.info({ orderId, to, tries: tries + 1 }, 'A mail that was put aside has been delivered.');
  }
}

function inStore<T>(
  { clock, logger }: DeliveryOptions,
  signal: AbortSignal,
  action: () => Promise<T>,
): Promise<T | undefined> {
  return insist({ clock, logger, failing: 'Could not reach the mails that are put aside.' }, signal, action);
}

async function orderOf({ partition, offset }: PutAside, log: EventLog): Promise<HandledOrder | string> {
  for await (const { records } of log.read({ topic: 'handled-orders', partition }, offset, offset + 1)) {
    for (const record of records) if (record.offset === offset) return handledOrderIn(record, partition);
  }
  return 'there is no record';
}

/**
 * Tries until the server takes the mail or refuses it; null when nobody waits for the server any more, or `claim`
 * (asked before each try) did not hold.
 */
async function settle(
  { event }: HandledOrder,
  to: string,
  server: MailServer,
  claim: () => Promise<boolean> = () => Promise.resolve(true),
): Promise<Exclude<Answer, { kind: 'trouble' }> | null> {
  let answeredBefore = 0;
  for (let troubles = 1; await claim(); troubles++) {
    const answer = await server.send(event, to);
    if (answer?.kind !== 'trouble') return answer;
    if (troubles === 1) answeredBefore = server.answered;
    else if (troubles >= TROUBLES_MAX && server.answered > answeredBefore) {
      return { kind: 'refused', reason: answer.reason, permanent: false };
    }
  }
  return null;
}

function mailingsOf({ event, partition, offset }: HandledOrder): readonly Mailing[] {
  const { orderId, customer } = event;
  return recipientsOf(customer.email).map((to, recipient) => ({ orderId, recipient, to, partition, offset }));
}

function tell(logger: Logger, { orderId, to, tries, reason, state, at }: PutAside): void {
  if (state === 'waiting') {
    logger.warn(
      { orderId, to, reason, again: at },
      'The mail server did not take a mail; it is put aside, and retried.',
    );
  } else logger.error({ orderId, to, tries, reason }, 'A mail is given up: the mail server does not take it.');
}
