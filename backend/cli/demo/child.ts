/** A verb of this program as a process of its own, whose output goes to a file. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { ShopError } from '../../ports/errors.ts';
import { killedAtExit, MAIN, NODE_OPTIONS } from '../another.ts';

const STOP_MS_MAX = 20_000;
/** Enough to see why it ended. */
const TAIL_CHARS_MAX = 2_000;

export interface ChildOptions {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** What it prints goes there. */
  readonly logFile: string;
}

export class Child {
  readonly #name: string;
  readonly #process: ChildProcess;
  readonly #exited: Promise<number | null>;
  #tail = '';
  #stdout = '';
  #onOutput: () => void = () => {};

  constructor({ args, env, logFile }: ChildOptions) {
    this.#name = args.join(' ');
    const file = createWriteStream(logFile, { flags: 'a' });
    this.#process = spawn(process.execPath, [...NODE_OPTIONS, MAIN, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      // Ctrl-C is for the demo, which then stops its processes one after the other.
      detached: true,
    });
    const take = (data: Buffer): void => {
      file.write(data);
      this.#tail = (this.#tail + data.toString()).slice(-TAIL_CHARS_MAX);
      this.#onOutput();
    };
    this.#process.stdout?.on('data', (data: Buffer) => {
      this.#stdout += data.toString();
      take(data);
    });
    this.#process.stderr?.on('data', take);
    const forget = killedAtExit(this.#process);
    this.#exited = new Promise((resolve) => {
      this.#process.once('close', (code) => {
        file.end();
        forget();
        resolve(code);
        this.#onOutput();
      });
      this.#process.once('error', () => resolve(null));
    });
  }

  get #isOver(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** What it printed and matches. Rejects with UNAVAILABLE when it ends before. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.#tail);
      if (found !== null) return found;
      if (this.#isOver) throw new ShopError('UNAVAILABLE', `"${this.#name}" did not come up: ${reasonIn(this.#tail)}`);
      await new Promise<void>((resolve) => (this.#onOutput = resolve));
    }
  }

  /** Resolves to its exit code (null when it was killed) and what it printed to stdout. */
  async result(): Promise<{ readonly code: number | null; readonly stdout: string }> {
    const code = await this.#exited;
    return { code, stdout: this.#stdout };
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#exited;
  }

  /** Ctrl-C; kill -9 when that takes too long. */
  async stop(): Promise<void> {
    if (this.#isOver) return;
    this.#process.kill('SIGINT');
    const limit = setTimeout(() => this.#process.kill('SIGKILL'), STOP_MS_MAX);
    await this.#exited;
    clearTimeout(limit);
  }
}

/** The last line that speaks of an error, or else the last one. */
function reasonIn(output: string): string {
  const lines = output.trim().split('\n');
  return lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? '';
}
