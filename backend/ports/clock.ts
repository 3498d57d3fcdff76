/** Time from outside, so that tests and virtual days own it. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Resolves when now() ≥ `instant`, or at once when `signal` aborts. */
  until(instant: number, signal?: AbortSignal): Promise<void>;
}

/** setTimeout fires at once for longer delays than this (2³¹ − 1 ms); and the machine's clock may be set. */
const NAP_MAX_MS = 60_000;

export const systemClock: Clock = {
  now: () => Date.now(),
  until: async (instant, signal) => {
    while (signal?.aborted !== true) {
      const left = instant - Date.now();
      if (left <= 0) return;
      await nap(Math.min(left, NAP_MAX_MS), signal);
    }
  },
};

/** A clock that began at `start` when it was made, and goes `speed` times as fast as the system's. */
export function fastClock(start: number, speed: number): Clock {
  const began = Date.now();
  return {
    now: () => Math.floor(start + (Date.now() - began) * speed),
    until: (instant, signal) => systemClock.until(Math.ceil(began + (instant - start) / speed), signal),
  };
}

function nap(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** A clock that stands still until it is told to move on; timers fire in order of their instants. */
export class ManualClock implements Clock {
  #now: number;
  #waiting: { readonly instant: number; readonly resolve: () => void }[] = [];

  constructor(start: number | string) {
    this.#now = typeof start === 'number' ? start : Date.parse(start);
  }

  now(): number {
    return this.#now;
  }

  until(instant: number, signal?: AbortSignal): Promise<void> {
    if (instant <= this.#now || signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.push({ instant, resolve: wake });
      signal?.addEventListener('abort', wake, { once: true });
    });
  }

  /** Moves to `instant` and wakes whoever waited for it. */
  set(instant: number | string): void {
    this.#now = typeof instant === 'number' ? instant : Date.parse(instant);
    const due = this.#waiting.filter((each) => each.instant <= this.#now).sort((a, b) => a.instant - b.instant);
    this.#waiting = this.#waiting.filter((each) => each.instant > this.#now);
    for (const each of due) each.resolve();
  }

  advance(ms: number): void {
    this.set(this.#now + ms);
  }
}
