/** Verification beside a running shop: keeps the thread that does it alive, and tells what it finds. */
import { Worker } from 'node:worker_threads';
import type { Verified } from '../live/verified.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Round } from '../verify/rounds.ts';
import type { Settings } from './settings.ts';

/** What the thread is given. A URL cannot be handed over, its text can. */
export interface WorkerTask {
  readonly settings: Omit<Settings, 'shopUrl'> & { readonly shopUrl: string };
  readonly pauseMs: number;
}

export type FromWorker = { readonly kind: 'round'; readonly round: Round } | { readonly kind: 'still' };

export interface VerifyingOptions {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly verified: Pick<Verified, 'note' | 'still'>;
  /** For tests: another thread than the one that verifies. */
  readonly worker?: URL;
  readonly restartMs?: number;
}

const WORKER = new URL('./verify-worker.ts', import.meta.url);
/** A thread that fails is started again after this long: what made it fail may last. */
const RESTART_MS = 30_000;
/** A thread that does not end within this is ended. */
const STOP_LIMIT_MS = 3_000;
/** Rather the thread than the shop runs out of memory. */
const HEAP_MIB_MAX = 512;

export class Verifying {
  readonly #options: VerifyingOptions;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #worker: Worker | null = null;
  #differed = false;

  /** Starts at once, unless the settings say that there is to be none. */
  constructor(options: VerifyingOptions) {
    this.#options = options;
    this.#running = options.settings.verifyMs === 0 ? Promise.resolve() : this.#run();
  }

  /** Resolves when the thread has ended. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#worker?.postMessage('stop');
    const limit = setTimeout(() => void this.#worker?.terminate(), STOP_LIMIT_MS);
    await this.#running;
    clearTimeout(limit);
  }

  async #run(): Promise<void> {
    const { clock, logger, restartMs = RESTART_MS } = this.#options;
    while (!this.#stop.signal.aborted) {
      const failure = await this.#once();
      if (this.#stop.signal.aborted) return;
      logger.warn({ cause: failure?.message }, 'The verification ended; it begins again in a moment.');
      await clock.until(clock.now() + restartMs, this.#stop.signal);
    }
  }

  /** Runs the thread to its end; resolves to what it failed with. */
  #once(): Promise<Error | null> {
    const { settings, worker = WORKER } = this.#options;
    const task: WorkerTask = { settings: { ...settings, shopUrl: settings.shopUrl.href }, pauseMs: settings.verifyMs };
    return new Promise((resolve) => {
      let failure: Error | null = null;
      const thread = new Worker(bootOf(worker), {
        eval: true,
        workerData: task,
        execArgv: [],
        resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB_MAX },
      });
      this.#worker = thread;
      thread.on('message', (message: FromWorker) => this.#told(message));
      thread.on('error', (error: Error) => (failure = error));
      thread.on('exit', () => {
        this.#worker = null;
        resolve(failure);
      });
    });
  }

  #told(message: FromWorker): void {
    const { verified, logger } = this.#options;
    if (message.kind === 'still') {
      verified.still();
      return;
    }
    const { round } = message;
    verified.note(round);
    const { ok, projections } = round.verification;
    // Once for each time that they begin to differ.
    if (!ok && !this.#differed) {
      const differing = projections.find(({ differenceCount }) => differenceCount > 0);
      const document = differing?.differences[0]?.id;
      logger.error(
        { projection: differing?.name, document },
        'The read models differ from the log: npm run verify shows where, npm run replay mends it.',
      );
    }
    this.#differed = !ok;
  }
}

/** A thread does not take TypeScript over from the process: it has to be told of tsx first. */
function bootOf(module: URL): string {
  const [tsx, target] = [import.meta.resolve('tsx/esm/api'), module.href].map((each) => JSON.stringify(each));
  return `import(${tsx}).then(({ register }) => { register(); return import(${target}); });`;
}
