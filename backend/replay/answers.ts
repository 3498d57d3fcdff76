/** Waiting for engines that are away. */
import type { Clock } from '../ports/clock.ts';
import { isShopError } from '../ports/errors.ts';
import type { Logger } from '../ports/logger.ts';

const RETRY_MS = 1_000;

export interface Patience {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Asks again while the log or the read models are away. Rejects with the signal's reason, or any other error. */
export async function untilAnswered<T>({ clock, logger, signal }: Patience, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      if (!isShopError(error, 'UNAVAILABLE') && !isShopError(error, 'STORAGE')) throw error;
      logger.warn({ error }, 'A rebuild waits for an answer.');
      await clock.until(clock.now() + RETRY_MS, signal);
    }
  }
}
