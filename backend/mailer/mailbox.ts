/** Writes messages into the mailbox: one whole file for each, however often it is asked for. */
import type { Folder } from '../adapters/files/folder.ts';
import type { OrderHandled } from '../events/events.ts';
import type { Clock } from '../ports/clock.ts';
import { isShopError } from '../ports/errors.ts';
import type { Logger } from '../ports/logger.ts';
import { compose, mailPath, type ComposeOptions } from './compose.ts';

const WRITES_MAX = 16;
const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 10_000;

export interface MailboxOptions extends ComposeOptions {
  readonly folder: Folder;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Resolves to true when a durable file stands for each event. A folder that takes nothing is tried again and again,
 * until `signal` aborts; then it resolves to false, with files missing.
 */
export async function writeMails(
  events: readonly OrderHandled[],
  options: MailboxOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const { folder, clock, logger } = options;
  for (let pauseMs = RETRY_FIRST_MS; !signal.aborted; pauseMs = Math.min(RETRY_MAX_MS, pauseMs * 2)) {
    try {
      await writeMissing(events, options, signal);
      if (signal.aborted) return false;
      await folder.sync(events.map((event) => mailPath(event, options)));
      return true;
    } catch (error) {
      if (!isShopError(error, 'STORAGE')) throw error;
      logger.error({ waiting: events.length, again: `${pauseMs} ms` }, `${error.message}. The mails wait.`);
    }
    await clock.until(clock.now() + pauseMs, signal);
  }
  return false;
}

async function writeMissing(
  events: readonly OrderHandled[],
  options: MailboxOptions,
  signal: AbortSignal,
): Promise<void> {
  const { folder } = options;
  let next = 0;
  let failed = false;
  const write = async (): Promise<void> => {
    while (next < events.length && !signal.aborted && !failed) {
      const event = events[next++];
      if (event === undefined || (await folder.has(mailPath(event, options)))) continue;
      const { path, bytes } = await compose(event, options);
      await folder.write(path, bytes);
    }
  };
  const stopOthers = (error: unknown): never => {
    failed = true;
    throw error;
  };
  const writers = Array.from({ length: Math.min(WRITES_MAX, events.length) }, () => write().catch(stopOthers));
  // All of them have to come to rest, or an old write would go on beside the next try.
  const outcomes = await Promise.allSettled(writers);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}
