/** Processes and ports of the engines. */
import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { ShopError } from '../ports/errors.ts';

const LOOK_INTERVAL_MS = 50;
const LOG_TAIL_LINES = 15;
const OUTPUT_BYTES_MAX = 16 * 1_048_576;
const PORT_WAIT_MAX_MS = 1_000;

/** An engine's process, ended by its pid only. */
export interface EngineProcess {
  readonly pid: number;
  readonly alive: () => boolean;
  /** Asks it to end (SIGTERM), and makes it (SIGKILL) when it has not after `graceMs`. */
  readonly stop: (graceMs: number) => Promise<void>;
  readonly kill9: () => Promise<void>;
}

/** Starts a process that outlives a Ctrl-C meant for its parent; its output goes to `logFile`. */
export function startProcess(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly logFile: string },
): EngineProcess {
  const log = openSync(options.logFile, 'a');
  try {
    const child = spawn(command, [...args], {
      cwd: options.cwd,
      detached: true,
      stdio: ['ignore', log, log],
    });
    child.on('error', () => {});
    child.unref();
    return processOf(child.pid ?? -1, () => child.exitCode !== null || child.signalCode !== null);
  } finally {
    closeSync(log);
  }
}

/** The handle of a process that runs already. */
export function processOf(pid: number, ended: () => boolean = () => false): EngineProcess {
  const alive = (): boolean => pid > 0 && !ended() && isAlive(pid);
  const gone = async (limitMs: number): Promise<boolean> => {
    const deadline = Date.now() + limitMs;
    while (alive() && Date.now() < deadline) await nap();
    return !alive();
  };
  const kill9 = async (): Promise<void> => {
    if (alive()) process.kill(pid, 'SIGKILL');
    await gone(10_000);
  };
  return {
    pid,
    alive,
    kill9,
    stop: async (graceMs) => {
      if (!alive()) return;
      process.kill(pid, 'SIGTERM');
      if (!(await gone(graceMs))) await kill9();
    },
  };
}

/** The process's command line, '' when there is none; tells an engine from a stranger that got its old pid. */
export async function commandLineOf(pid: number): Promise<string> {
  if (!isAlive(pid)) return '';
  const { output } = await run('ps', ['-ww', '-o', 'args=', '-p', String(pid)]);
  return output;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Runs a command to its end. `ok` is false when it failed or is not installed. */
export function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly limitMs?: number; readonly input?: string } = {},
): Promise<{ readonly ok: boolean; readonly output: string; readonly errors: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      command,
      [...args],
      {
        maxBuffer: OUTPUT_BYTES_MAX,
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
        ...(options.limitMs === undefined ? {} : { timeout: options.limitMs }),
      },
      (error, output, errors) =>
        resolve({ ok: error === null, output, errors: errors === '' ? (error?.message ?? '') : errors }),
    );
    // A process that does not want all of it closes the pipe; how it ended says the rest.
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input ?? '');
  });
}

/** Waits until `ready`; rejects with the end of the log when the process ends before, or takes too long. */
export async function whenReady(
  what: string,
  engine: EngineProcess,
  logFile: string,
  limitMs: number,
  ready: () => Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await ready())) {
    if (engine.alive() && Date.now() < deadline) {
      await nap();
      continue;
    }
    const why = engine.alive() ? `did not answer within ${limitMs} ms` : 'ended while it was starting';
    await engine.kill9();
    throw new ShopError('UNAVAILABLE', `${what} ${why}; its log ${logFile} ends with:\n${await tailOf(logFile)}`);
  }
}

/** Ports that nothing listens on at the moment. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => {
            const address = server.address();
            if (typeof address === 'object' && address !== null) resolve(address.port);
            else reject(new Error('the server has no port'));
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Whether the port answers `request` with anything, or, without one, accepts a connection. */
export function answers(port: number, request?: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(PORT_WAIT_MAX_MS, () => settle(false));
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
    socket.once('data', () => settle(true));
    socket.once('connect', () => {
      if (request === undefined) settle(true);
      else socket.write(request);
    });
  });
}

function nap(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
}

async function tailOf(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
  } catch {
    return '(no log)';
  }
}
