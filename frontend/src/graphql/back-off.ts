const FIRST_MS = 250;
const MOST_MS = 10_000;

/**
 * How long to wait before the next attempt to connect, in ms: longer after each failure, and for each client a
 * time of its own, so that they do not all come back at once. `attempt` from 0, `random` from 0 to 1.
 */
export function backOffMs(attempt: number, random: number): number {
  const most = Math.min(MOST_MS, FIRST_MS * 2 ** attempt);
  return most / 2 + (most / 2) * random;
}
