/** What people see: one-line errors, progress bars, a log that reads well. */
import { SingleBar, Presets } from 'cli-progress';
import colors from 'picocolors';
import { pino } from 'pino';
import pretty from 'pino-pretty';
import { visible } from '../domain/written-text.ts';
import { isShopError } from '../ports/errors.ts';
import type { Logger } from '../ports/logger.ts';

/** Exit codes: what was checked does not hold, or the program failed; and bad input. */
export const EXIT_FAILED = 1;
export const EXIT_BAD_INPUT = 2;
/** As shells have it for Ctrl-C. */
export const EXIT_INTERRUPTED = 130;

/** One line for any error; the stack only for what should never happen, and only at LOG_LEVEL=debug. */
function describeError(error: unknown): string {
  // What was typed or read may be in it, with what nobody can see.
  if (isShopError(error)) return visible(error.message);
  const { message } = error as { message?: string };
  return `unexpected: ${visible((message ?? String(error)).split('\n')[0] ?? '')} (LOG_LEVEL=debug tells more)`;
}

export function exitCodeOf(error: unknown): number {
  return isShopError(error, 'BAD_INPUT') ? EXIT_BAD_INPUT : EXIT_FAILED;
}

export function printError(error: unknown, logLevel: string): void {
  process.stderr.write(`${colors.red('error:')} ${describeError(error)}\n`);
  if (logLevel === 'debug') console.error(error);
}

/** Structured lines for machines, readable ones for a terminal. Always on stderr: stdout is for results. */
export function createLogger(level: string, role: string): Logger {
  const base = { level, base: { role } };
  if (!process.stderr.isTTY) return pino(base, pino.destination({ dest: 2, sync: true }));
  return pino(base, pretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' }));
}

export interface Progress {
  update(done: number, total: number | null, note?: string): void;
  stop(): void;
}

/** A bar on a terminal; elsewhere a line now and then, so that logs stay short. */
export function progressBar(what: string): Progress {
  const started = Date.now();
  if (process.stderr.isTTY) {
    const format = `${what} {bar} {percentage}% · {value}/{total} · {rate}/s · {eta_formatted} left {note}`;
    const bar = new SingleBar({ format, hideCursor: true, etaBuffer: 200 }, Presets.shades_classic);
    let running = false;
    return {
      update: (done, total, note = '') => {
        const payload = { rate: Math.round((done * 1_000) / Math.max(1, Date.now() - started)), note };
        if (!running) bar.start(total ?? 0, done, payload);
        running = true;
        bar.setTotal(total ?? done);
        bar.update(done, payload);
      },
      stop: () => bar.stop(),
    };
  }
  let last = started;
  return {
    update: (done, total, note = '') => {
      if (Date.now() - last < 5_000) return;
      last = Date.now();
      process.stderr.write(`${what}: ${done}${total === null ? '' : ` of ${total}`} ${note}\n`);
    },
    stop: () => {},
  };
}
