/** The shop in a process and a folder of its own, and what it takes. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { ShopError } from '../../ports/errors.ts';
import { foldersIn, killedAtExit, MAIN, NODE_OPTIONS, removedAtExit } from '../another.ts';
import { Inspector } from './inspector.ts';

export interface ShopSample {
  readonly atSeconds: number;
  readonly residentMiB: number;
  /** Of that, what is not files in memory; null where the system does not tell. */
  readonly anonymousMiB: number | null;
  /** JavaScript objects, those that are no longer needed included. */
  readonly heapUsedMiB: number;
  /** Without those; null where garbage was not collected for it. */
  readonly heapNeededMiB: number | null;
  readonly heapTotalMiB: number;
  readonly externalMiB: number;
  readonly cpuSeconds: number;
}

export interface ShopProcess {
  /** Where the API and the pages are. */
  readonly url: string;
  /** What it takes now; with `collect` its garbage is collected, after the looking. */
  sample(atSeconds: number, collect?: boolean): Promise<ShopSample>;
  /** Stops it, and holds its data against its log. Rejects when that could not be done. */
  stopAndVerify(): Promise<boolean>;
  /** Stops it if it still runs, and removes its folder. */
  close(): Promise<void>;
}

const MIB = 1_048_576;
const KIB_PER_MIB = 1_024;
const STOP_MS_MAX = 30_000;
const OUTPUT_BYTES_MAX = 16 * MIB;

/** Starts an embedded shop with `rate` orders a second. Rejects with UNAVAILABLE when it does not come up. */
export async function startShopProcess(rate: number): Promise<ShopProcess> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-soak-'));
  const env = environmentIn(dir);
  const simulation = ['--no-history', '--rate', String(rate), '--flat', '--delay', '20s'];
  const child = spawn(process.execPath, ['--inspect=127.0.0.1:0', ...NODE_OPTIONS, MAIN, 'start', ...simulation], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl-C is for this process, which then stops the other when it has read what it wants to know.
    detached: true,
  });
  const forget = [removedAtExit(dir), killedAtExit(child)];
  const close = async (): Promise<void> => {
    await ended(child);
    await rm(dir, { recursive: true, force: true });
    for (const each of forget) each();
  };
  try {
    const [url, inspectorUrl] = await Promise.all([
      printed(child, 'stdout', /API\S*\s+(http:\S+)\/graphql/),
      printed(child, 'stderr', /Debugger listening on (ws:\S+)/),
    ]);
    child.stderr?.on('data', (data: Buffer) => forward(data.toString()));
    const inspector = await Inspector.open(inspectorUrl);
    return {
      url,
      sample: (atSeconds, collect = false) => sample(child.pid ?? 0, inspector, atSeconds, collect),
      stopAndVerify: async () => {
        inspector.close();
        await ended(child);
        return verified(env);
      },
      close: async () => {
        inspector.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Embedded, on this machine only, and open to this process, whatever the settings of who runs it are. */
export function environmentIn(dir: string): NodeJS.ProcessEnv {
  return {
    // Would be measured with the rest; who sets it gets it.
    VERIFY_SECONDS: '0',
    ...process.env,
    KAFKA_BROKERS: '',
    MONGODB_URI: '',
    OPERATOR_TOKEN: '',
    SMTP_URL: '',
    HOST: '127.0.0.1',
    PORT: '0',
    SHOP_URL: 'http://127.0.0.1:0',
    ...foldersIn(dir),
    LOG_LEVEL: 'warn',
  };
}

/** The first group of what it prints. Rejects with UNAVAILABLE when it ends before. */
export async function printed(child: ChildProcess, where: 'stdout' | 'stderr', pattern: RegExp): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) => {
    child[where]?.on('data', (data: Buffer) => {
      if (text === 'found') return;
      text += data.toString();
      const found = pattern.exec(text)?.[1];
      if (found === undefined) return;
      text = 'found';
      resolve(found);
    });
    child.once('error', reject);
    child.once('exit', () => reject(new ShopError('UNAVAILABLE', `the shop did not come up: ${text.trim()}`)));
  });
}

/** Its warnings, without what its inspector says. */
function forward(text: string): void {
  if (!/^(Debugger|For help|Waiting for the debugger)/m.test(text)) process.stderr.write(text);
}

/** Stops it: kindly at first. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const limit = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
  await exit;
  clearTimeout(limit);
}

async function verified(env: NodeJS.ProcessEnv): Promise<boolean> {
  const { stdout } = await promisify(execFile)(process.execPath, [...NODE_OPTIONS, MAIN, 'verify', '--json'], {
    env,
    maxBuffer: OUTPUT_BYTES_MAX,
  }).catch((error: unknown) => {
    // What differs is an answer, too: exit code 1 with the result printed.
    const { stdout: told } = error as { stdout?: string };
    if (told?.startsWith('{') === true) return { stdout: told };
    throw error;
  });
  return (JSON.parse(stdout) as { ok: boolean }).ok;
}

async function sample(pid: number, inspector: Inspector, atSeconds: number, collect: boolean): Promise<ShopSample> {
  const [memory, { stdout }, anonymousMiB] = await Promise.all([
    inspector.memory(),
    promisify(execFile)('ps', ['-o', 'rss=,time=', '-p', String(pid)]),
    anonymousOf(pid),
  ]);
  if (collect) await inspector.collectGarbage();
  const needed = collect ? await inspector.memory() : null;
  const [kib = '0', time = '0'] = stdout.trim().split(/\s+/);
  return {
    atSeconds,
    residentMiB: Number(kib) / KIB_PER_MIB,
    anonymousMiB,
    heapUsedMiB: memory.heapUsed / MIB,
    heapNeededMiB: needed === null ? null : needed.heapUsed / MIB,
    heapTotalMiB: memory.heapTotal / MIB,
    externalMiB: memory.external / MIB,
    cpuSeconds: time.split(/[:-]/).reduce((sum, part) => sum * 60 + Number(part), 0),
  };
}

/** Linux tells which of the resident memory is no file; the data is a file that is mapped, and counts as resident. */
export async function anonymousOf(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kib = /^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1];
  return kib === undefined ? null : Number(kib) / KIB_PER_MIB;
}
