/**
 * Mails that were put aside: the server answered for their recipient, and did not take them. Each one is a small
 * document of its own, so that thousands of them cost neither memory nor a large write; whoever retries one claims
 * it by compare-and-set, so that it does not matter which process had its partition.
 */
import parseAddresses from 'nodemailer/lib/addressparser';
import type { MergedDocument, MergedIndex, ReadModels } from '../ports/read-models.ts';

/** Holds the checkpoints of the deliveries; it has no documents. */
export const DELIVERY_COLLECTION = 'mailer-smtp-v1';
/** Where delivery began, as `{ since }`: by partition, what was handled up to there is not sent. */
export const DELIVERY_META = 'mailer-smtp';
export const PUT_ASIDE_COLLECTION = 'mailer-put-aside-v1';
export const PUT_ASIDE_INDEX: MergedIndex = { name: 'state', equals: 'mail.state', order: 'mail.at' };

/** The first retry comes after a minute, as servers that greylist want it; the pause doubles up to an hour. */
const PAUSE_FIRST_MS = 60_000;
const PAUSE_MAX_MS = 3_600_000;
const GIVE_UP_AFTER_MS = 86_400_000;
const REASON_LENGTH_MAX = 500;

export interface PutAside {
  readonly orderId: string;
  /** Which of the order's recipients it is, from 0: nearly always the only one. */
  readonly recipient: number;
  readonly to: string;
  /** Where its event lies in handled-orders. */
  readonly partition: number;
  readonly offset: number;
  readonly state: 'waiting' | 'given-up';
  /** How often the server was asked to take it, from 1. */
  readonly tries: number;
  /** What the server said at the last try, in one line. */
  readonly reason: string;
  /** ISO 8601, as the next two. */
  readonly firstTriedAt: string;
  readonly lastTriedAt: string;
  /** When it is tried next; of one that was given up, when that was. */
  readonly at: string;
}

/** An answer of the server that did not take a mail. */
export interface Refusal {
  readonly reason: string;
  /** Whether asking again would get the same answer. */
  readonly permanent: boolean;
}

/** A mail to one recipient, by its place. */
export type Mailing = Pick<PutAside, 'orderId' | 'recipient' | 'to' | 'partition' | 'offset'>;

/** What becomes of a mail that was refused at `now`; `before`: as it was put aside the last time. */
export function putAside(mailing: Mailing, refusal: Refusal, now: number, before: PutAside | null): PutAside {
  const { orderId, recipient, to, partition, offset } = mailing;
  const lastTriedAt = new Date(now).toISOString();
  const firstTriedAt = before?.firstTriedAt ?? lastTriedAt;
  const tries = (before?.tries ?? 0) + 1;
  const givesUpAt = Date.parse(firstTriedAt) + GIVE_UP_AFTER_MS;
  const isOver = refusal.permanent || now >= givesUpAt;
  const pauseMs = Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** (tries - 1));
  return {
    orderId,
    recipient,
    to,
    partition,
    offset,
    state: isOver ? 'given-up' : 'waiting',
    tries,
    reason: refusal.reason.replace(/\s+/g, ' ').trim().slice(0, REASON_LENGTH_MAX),
    firstTriedAt,
    lastTriedAt,
    at: isOver ? lastTriedAt : new Date(Math.min(now + pauseMs, givesUpAt)).toISOString(),
  };
}

/** The recipients that an address field names, each once; what names none stands for itself, and will be refused. */
export function recipientsOf(field: string): readonly string[] {
  const named = parseAddresses(field, { flatten: true }).flatMap(({ address }) => (address === '' ? [] : [address]));
  return named.length === 0 ? [field] : [...new Set(named)];
}

export function putAsideId({ orderId, recipient }: Pick<Mailing, 'orderId' | 'recipient'>): string {
  return `${recipient}/${orderId}`;
}

export function putAsideOf({ parts }: MergedDocument): PutAside | null {
  return (parts['mail']?.fields as PutAside | undefined) ?? null;
}

/**
 * Replaces what is stored of a mail, null for nothing, by compare-and-set. Whether it did. Rejects with UNAVAILABLE
 * or STORAGE: then it may have done so.
 */
export function replacePutAside(
  models: Pick<ReadModels, 'putMerged'>,
  before: PutAside | null,
  after: PutAside | null,
): Promise<boolean> {
  const known = before ?? after;
  if (known === null) return Promise.resolve(true);
  return models.putMerged(PUT_ASIDE_COLLECTION, putAsideId(known), partsOf(after), partsOf(before));
}

function partsOf(mail: PutAside | null): MergedDocument['parts'] | null {
  return mail === null ? null : { mail: { position: mail.offset, fields: { ...mail } } };
}
