/**
 * When live views are looked at: soon after something was announced, at each whole second (windows move with
 * the clock), and never more often than the eye can use. It stands still while nobody follows.
 */
import type { Clock } from '../ports/clock.ts';

/** At most 20 times a second. */
const FRAME_INTERVAL_MS = 50;
const SECOND_MS = 1_000;

export interface PulseOptions {
  readonly clock: Clock;
  /** Whether anybody follows. */
  readonly isWanted: () => boolean;
  /** Looks once and never rejects; `second` says that another whole second has begun since the last look. */
  readonly beat: (why: { readonly second: boolean }) => Promise<void>;
}

export class Pulse {
  readonly #options: PulseOptions;
  #nap = new AbortController();
  #running: Promise<void> | null = null;

  constructor(options: PulseOptions) {
    this.#options = options;
  }

  /** There is something to look at, or somebody who wants to. */
  wake(): void {
    this.#nap.abort();
    if (this.#running === null && this.#options.isWanted()) this.#running = this.#run();
  }

  /** Resolves when the look that is under way has ended. By then nobody may want another. */
  async ended(): Promise<void> {
    this.#nap.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, isWanted, beat } = this.#options;
    let second = -1;
    while (isWanted()) {
      const nap = new AbortController();
      this.#nap = nap;
      const started = clock.now();
      const present = Math.floor(started / SECOND_MS);
      await beat({ second: present !== second });
      second = present;
      const nextSecond = (present + 1) * SECOND_MS;
      await clock.until(nextSecond, nap.signal);
      if (isWanted()) await clock.until(Math.min(nextSecond, started + FRAME_INTERVAL_MS));
    }
    this.#running = null;
  }
}
