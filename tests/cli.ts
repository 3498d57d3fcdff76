/** The program as a person runs it: a process, its output, its exit code. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';

const MAIN = path.resolve(import.meta.dirname, '../backend/cli/main.ts');
const TSX = import.meta.resolve('tsx');
/** It would be looked for in the working folder; the decorators of the API's types hang on it. */
const TSX_TSCONFIG_PATH = path.resolve(import.meta.dirname, '../tsconfig.json');
/** The working folder of all: an empty one, so that a `.env` of whoever runs the tests does not leak in. */
const FOLDER = mkdtempSync(path.join(os.tmpdir(), 'shopstream-cli-'));
process.on('exit', () => rmSync(FOLDER, { recursive: true, force: true }));

/** What every process needs of the surroundings. */
const PASSED = /^(PATH|HOME|JAVA_HOME|LD_PRELOAD|FAKETIME\w*)$/;

/**
 * Where it is about noon now, unless a test says otherwise: no day ends while it runs, and as many customers come at
 * whatever hour it is run.
 */
const ZONE_AT_NOON = zoneAtNoon();

/** In the names of these zones what is ahead of UTC has a minus. */
function zoneAtNoon(): string {
  const ahead = 12 - new Date().getUTCHours();
  return ahead === 0 ? 'Etc/GMT' : `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`;
}

export type Environment = Readonly<Record<string, string>>;

export interface Finished {
  /** Null when it was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Those that have not ended: a test that times out does not reach its own clean-up. */
const alive = new Set<Spawned>();

/** kill -9 for whatever a test left behind. For afterEach. */
export async function killAll(): Promise<void> {
  await Promise.all([...alive].map((each) => each.kill9()));
}

interface SpawnedIn {
  readonly args?: readonly string[];
  readonly env: Environment;
  readonly cwd: string;
  /** Whether signals reach whatever it starts, too. */
  readonly ofGroup: boolean;
}

/** A process that goes on; whatever it prints is kept for messages. */
export class Spawned {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #ofGroup: boolean;
  readonly #waiting = new Set<() => void>();
  readonly exited: Promise<Finished>;
  stdout = '';
  stderr = '';

  /** Without `args` the command is a line for a shell. */
  constructor(name: string, command: string, { args, env, cwd, ofGroup }: SpawnedIn) {
    this.name = name;
    this.#ofGroup = ofGroup;
    // Only what the test says: settings of whoever runs the tests must not leak in. What verifies in the background
    // would take its time from the tests. Under faketime, at another hour, all processes have to have the same.
    const passed = Object.entries(process.env).filter(([name]) => PASSED.test(name));
    const base = { ...Object.fromEntries(passed), PORT: '0', VERIFY_SECONDS: '0', TIME_ZONE: ZONE_AT_NOON };
    this.#child = spawn(command, args ?? [], {
      cwd,
      env: { ...base, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: args === undefined,
      detached: ofGroup,
    });
    this.#child.stdout?.on('data', (data: Buffer) => this.#printed((this.stdout += data.toString())));
    this.#child.stderr?.on('data', (data: Buffer) => this.#printed((this.stderr += data.toString())));
    alive.add(this);
    this.exited = new Promise((resolve) => {
      this.#child.on('close', (code) => {
        alive.delete(this);
        resolve({ code, stdout: this.stdout, stderr: this.stderr });
        for (const check of this.#waiting) check();
      });
    });
  }

  #printed(_: string): void {
    for (const check of this.#waiting) check();
  }

  /** Waits until it has printed what matches; throws with all its output when it ends before. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
      if (match !== null) return match;
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        throw new Error(`"${this.name}" ended before it printed ${String(pattern)}:\n${this.stdout}${this.stderr}`);
      }
      await new Promise<void>((resolve) => {
        const check = (): void => {
          this.#waiting.delete(check);
          resolve();
        };
        this.#waiting.add(check);
      });
    }
  }

  signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (!this.#ofGroup) this.#child.kill(signal);
    else if (alive.has(this) && pid !== undefined) process.kill(-pid, signal);
  }

  /** Ctrl-C, and its end. */
  async interrupt(): Promise<Finished> {
    this.signal('SIGINT');
    return this.exited;
  }

  /** kill -9, and its end. */
  async kill9(): Promise<Finished> {
    this.signal('SIGKILL');
    return this.exited;
  }
}

/** A process of the program. */
export class Running extends Spawned {
  /** `main` is the program, where it is another one than this project's; `node` what runs it. */
  constructor(args: readonly string[], env: Environment, main = MAIN, node = process.execPath) {
    super(args.join(' '), node, {
      args: ['--import', TSX, main, ...args],
      env: { TSX_TSCONFIG_PATH, NODE_NO_WARNINGS: '1', ...env },
      cwd: FOLDER,
      ofGroup: false,
    });
  }
}

/** Runs the program to its end. `node`: what runs it, where that is another version than ours. */
export function run(args: readonly string[], env: Environment, node?: string): Promise<Finished> {
  return new Running(args, env, MAIN, node).exited;
}

/** Runs the program to its end, which must be a good one; resolves to what it printed. */
export async function succeed(args: readonly string[], env: Environment, node?: string): Promise<string> {
  const { code, stdout, stderr } = await run(args, env, node);
  if (code !== 0) throw new Error(`"${args.join(' ')}" ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
}

/** A port that nobody listens at now. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
