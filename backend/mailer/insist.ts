/** Goes on asking the store while it does not answer, or takes nothing. */
import type { Clock } from '../ports/clock.ts';
import { isShopError } from '../ports/errors.ts';
import type { Logger } from '../ports/logger.ts';

const RETRY_FIRST_MS = 250;
const RETRY_MAX_MS = 30_000;

export interface InsistOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** For the log: "Could not read a checkpoint of the mailer." */
  readonly failing: string;
}

/** Resolves to what `action` does in the end; undefined when it has failed and `signal` has aborted. */
export async function insist<T>(
  { clock, logger, failing }: InsistOptions,
  signal: AbortSignal,
  action: () => Promise<T>,
): Promise<T | undefined> {
  for (let pauseMs = RETRY_FIRST_MS; ; pauseMs = Math.min(RETRY_MAX_MS, pauseMs * 2)) {
    try {
      return await action();
    } catch (error) {
      if (!isShopError(error, 'UNAVAILABLE') && !isShopError(error, 'STORAGE')) throw error;
      logger.warn({ error: error.message, again: `${pauseMs} ms` }, failing);
    }
    await clock.until(clock.now() + pauseMs, signal);
    if (signal.aborted) return undefined;
  }
}
