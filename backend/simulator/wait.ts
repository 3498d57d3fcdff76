/** Waiting for an instant of a clock that somebody may set back meanwhile. */
import type { Clock } from '../ports/clock.ts';

/** A wait that is this much longer than it should be means that the clock was set back. */
const WAIT_SLACK_MS = 2_000;
/** setTimeout fires at once for longer delays than this. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * Resolves when the clock shows `instant` or later, when `wake` is aborted, or when so much time has gone by
 * that the clock must have been set back; then `wake` is aborted.
 */
export async function waitUntil(clock: Clock, instant: number, wake: AbortController): Promise<void> {
  const ms = instant - clock.now() + WAIT_SLACK_MS;
  const overdue = ms <= TIMER_MS_MAX ? setTimeout(() => wake.abort(), ms) : undefined;
  try {
    await clock.until(instant, wake.signal);
  } finally {
    clearTimeout(overdue);
  }
}
