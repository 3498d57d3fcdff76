/** How the demo is told: headings, what to look at, pauses at the pace that was asked for, and the API. */
import { createInterface } from 'node:readline/promises';
import colors from 'picocolors';
import { systemClock } from '../../ports/clock.ts';
import { ShopError } from '../../ports/errors.ts';
import type { Stage } from './stage.ts';

export interface ShowOptions {
  readonly stage: Stage;
  /** Pauses are so many times shorter. */
  readonly pace: number;
  /** Wait for Enter before each scene, and no pauses. */
  readonly step: boolean;
  readonly signal: AbortSignal;
}

const LOOK_MS = 250;
/** What a scene waits for comes within this time, or the scene has failed. */
const LIMIT_MS = 120_000;

/** Something that was to be seen was not. */
export class NotSeen extends Error {}

export class Show {
  readonly stage: Stage;
  readonly signal: AbortSignal;
  readonly #pace: number;
  readonly #step: boolean;

  constructor({ stage, pace, step, signal }: ShowOptions) {
    this.stage = stage;
    this.signal = signal;
    this.#pace = pace;
    this.#step = step;
  }

  async begin(number: number, count: number, title: string): Promise<void> {
    this.signal.throwIfAborted();
    if (this.#step) {
      const terminal = createInterface({ input: process.stdin, output: process.stdout });
      await terminal
        .question(colors.dim('\n  Enter goes on … '), { signal: this.signal })
        .finally(() => terminal.close());
    }
    process.stdout.write(`\n${colors.bold(`${number}/${count}  ${title}`)}\n`);
  }

  /** What happens. */
  say(text: string): void {
    process.stdout.write(`  ${text}\n`);
  }

  /** Where to look. */
  look(where: string, at: string): void {
    process.stdout.write(`  ${colors.cyan('→')} ${where}: ${at}\n`);
  }

  /** What was to be seen, and is. */
  seen(text: string): void {
    process.stdout.write(`  ${colors.green('✓')} ${text}\n`);
  }

  /** Leaves time to look. */
  async hold(seconds: number): Promise<void> {
    this.signal.throwIfAborted();
    if (!this.#step) await systemClock.until(systemClock.now() + (seconds * 1_000) / this.#pace, this.signal);
    this.signal.throwIfAborted();
  }

  /**
   * Looks until `read` gives something, and returns it. Rejects with NotSeen when it does not in two minutes. An API
   * that does not answer, as one whose process was just killed, is asked again.
   */
  async until<T>(what: string, read: () => Promise<T | null>): Promise<T> {
    const end = systemClock.now() + LIMIT_MS;
    for (;;) {
      this.signal.throwIfAborted();
      const found = await read().catch((error: unknown) => {
        if (systemClock.now() > end || !(error instanceof ShopError)) throw error;
        return null;
      });
      if (found !== null) return found;
      if (systemClock.now() > end) throw new NotSeen(`${what}: not within ${LIMIT_MS / 1_000} s`);
      await systemClock.until(systemClock.now() + LOOK_MS, this.signal);
    }
  }

  /** Rejects with NotSeen unless it holds. */
  expect(holds: boolean, what: string): void {
    if (!holds) throw new NotSeen(`${what}: it is not so`);
  }

  /** Asks the API, the stage's or another. Rejects with UNAVAILABLE when it does not answer, or not with data. */
  async ask<T>(
    query: string,
    variables: Readonly<Record<string, unknown>> = {},
    apiUrl: string = this.stage.apiUrl,
  ): Promise<T> {
    const url = `${apiUrl}/graphql`;
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    }).catch((cause: unknown) => {
      throw new ShopError('UNAVAILABLE', `the API at ${url} does not answer`, { cause });
    });
    const { data, errors } = (await response.json()) as { data?: T | null; errors?: readonly { message: string }[] };
    if (data === null || data === undefined || errors !== undefined) {
      throw new ShopError('UNAVAILABLE', `the API says: ${errors?.[0]?.message ?? response.statusText}`);
    }
    return data;
  }
}
