/**
 * The mailer: one message for each handled order, as a file in the mailbox, and through a mail server where
 * one is given. The two follow the log independently, so that a server that is down never holds up a file.
 */
import { openFolder } from '../adapters/files/folder.ts';
import { isTimeZone } from '../domain/calendar.ts';
import type { OrderHandled } from '../events/events.ts';
import type { Clock } from '../ports/clock.ts';
import { ShopError } from '../ports/errors.ts';
import type { Bounds, EventLog } from '../ports/event-log.ts';
import type { Logger } from '../ports/logger.ts';
import type { ReadModels } from '../ports/read-models.ts';
import { deliver, startRetrying, type DeliveryOptions } from './delivery.ts';
import { checkpointsOf, follow, type Follower } from './follow.ts';
import { writeMails } from './mailbox.ts';
import { DELIVERY_COLLECTION, DELIVERY_META } from './put-aside.ts';
import { openMailServer } from './smtp.ts';

const MAILER_GROUP = 'shopstream-mailer';
/** Holds the checkpoints of the files; it has no documents. */
export const MAILER_COLLECTION = 'mailer-v1';
const SMTP_GROUP = 'shopstream-mailer-smtp';

const FILES_RUN_MAX = 256;
/** After a crash at most so many messages of a partition are sent again. */
const SMTP_RUN_MAX = 10;

export interface MailerOptions {
  readonly log: EventLog;
  readonly models: ReadModels;
  /** Times the pauses before something that failed is tried again. */
  readonly clock: Clock;
  readonly logger: Logger;
  /** The folder that the messages are written to: `<mailbox>/<local date>/<2 digits>/<order id>.eml`. */
  readonly mailbox: string;
  readonly timeZone: string;
  /** How many digits of each amount in the log are behind the decimal point. */
  readonly minorDigits: number;
  /** "smtp://user:password@host:587"; no delivery when absent. */
  readonly smtpUrl?: string;
  /** The first pause before a mail server is tried again. */
  readonly smtpRetryMs?: number;
  /** Whether orders of simulated or imported history get their file, too. They are never sent. */
  readonly mailHistory?: boolean;
}

export interface Mailer {
  /** Resolves after stop(); rejects when the mailer failed for good. */
  readonly ended: Promise<void>;
  /** Resolves when the files of all orders up to these ends are durable. `ends`: what `bounds('handled-orders')` gave. */
  caughtUp(ends: readonly Bounds[]): Promise<void>;
  /** The same of the deliveries, where each mail was taken or put aside; at once when there is no mail server. */
  delivered(ends: readonly Bounds[]): Promise<void>;
  /** Leaves what has not been written or sent for the next start. */
  stop(): Promise<void>;
}

/** Starts mailing. Rejects with BAD_INPUT for a wrong setting, UNAVAILABLE when an engine does not answer. */
export async function startMailer(options: MailerOptions): Promise<Mailer> {
  const { timeZone, smtpUrl, smtpRetryMs } = options;
  if (!isTimeZone(timeZone)) throw new ShopError('BAD_INPUT', `there is no time zone "${timeZone}"; mend TIME_ZONE`);
  const server =
    smtpUrl === undefined
      ? null
      : openMailServer({ ...options, smtpUrl, ...(smtpRetryMs === undefined ? {} : { retryMs: smtpRetryMs }) });
  const running: { readonly ended: Promise<void>; stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    server?.stopWaiting();
    await Promise.all(running.map((each) => each.stop()));
    server?.close();
  };
  const run = <T extends (typeof running)[number]>(each: T): T => {
    running.push(each);
    return each;
  };
  try {
    // Where delivery begins has to be settled before the files move on.
    const since = server === null ? [] : await deliverySince(options.models);
    const files = run(await followForFiles(options));
    let delivery: Follower | null = null;
    if (server !== null) {
      run(await startRetrying({ ...options, server }));
      delivery = run(await followForDelivery({ ...options, server }, since));
    }
    const ended = Promise.all(running.map((each) => each.ended)).then(() => {});
    ended.catch(() => stop().catch(() => {}));
    return {
      ended,
      caughtUp: (ends) => files.caughtUp(ends),
      delivered: async (ends) => delivery?.caughtUp(ends),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function followForFiles(options: MailerOptions): Promise<Follower> {
  const { log, models, clock, logger, mailHistory = false } = options;
  const folder = openFolder(options.mailbox);
  return follow({
    log,
    models,
    clock,
    logger,
    group: MAILER_GROUP,
    collection: MAILER_COLLECTION,
    since: [],
    runMax: FILES_RUN_MAX,
    wanted: (event) => mailHistory || isLive(event),
    act: (orders, signal) =>
      writeMails(
        orders.map(({ event }) => event),
        { ...options, folder },
        signal,
      ),
  });
}

function followForDelivery(options: DeliveryOptions, since: readonly number[]): Promise<Follower> {
  const { log, models, clock, logger } = options;
  return follow({
    log,
    models,
    clock,
    logger,
    group: SMTP_GROUP,
    collection: DELIVERY_COLLECTION,
    since,
    runMax: SMTP_RUN_MAX,
    wanted: isLive,
    act: (orders, signal) => deliver(orders, options, signal),
  });
}

const isLive = ({ source }: OrderHandled): boolean => source === 'live';

/**
 * By partition, the position after which messages are delivered: where the files stood when a mail server
 * was given for the first time. Kept for good, or a crash in the first moments would lose messages.
 */
async function deliverySince(models: ReadModels): Promise<readonly number[]> {
  const known = await models.getMeta(DELIVERY_META);
  if (known !== null) return known['since'] as number[];
  const since = await checkpointsOf(models, MAILER_COLLECTION);
  if (await models.putMeta(DELIVERY_META, { since }, null)) return since;
  return deliverySince(models);
}
