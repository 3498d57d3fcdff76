/** DocumentDB (an open-source database on PostgreSQL that speaks MongoDB's protocol), by its own start script. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Logger } from '../ports/logger.ts';
import { ShopError } from '../ports/errors.ts';
import { exists } from './java.ts';
import type { MongoEngine } from './mongo-engine.ts';
import { answers, commandLineOf, freePorts, processOf, run } from './process.ts';

const PROJECT_DIR = path.resolve(import.meta.dirname, '../..');
const SCRIPT = '../shared/engines/documentdb/start';
/** The first start installs PostgreSQL. */
const START_WAIT_MAX_MS = 10 * 60_000;
const STOP_WAIT_MAX_MS = 90_000;
const OTHERS_MAY_ENTER = 0o001;

/** The start script, if there is one that can be used here: it needs Linux and root. */
export async function documentDbStart(given?: string): Promise<string | null> {
  if (os.platform() !== 'linux' || process.getuid?.() !== 0) return null;
  const script = path.resolve(PROJECT_DIR, given ?? SCRIPT);
  return (await exists(script)) ? script : null;
}

export async function startDocumentDb(options: {
  readonly dir: string;
  readonly port: number;
  readonly script: string;
  readonly logger: Logger;
}): Promise<MongoEngine> {
  const runDir = await enterable(path.join(options.dir, 'documentdb'));
  const stopScript = path.join(path.dirname(options.script), 'stop');
  const [postgresPort = 0] = await freePorts(1);
  const start = async (): Promise<void> => {
    const ports = [`MONGO_PORT=${options.port}`, `PG_PORT=${postgresPort}`];
    const { ok, errors } = await run('env', [...ports, 'bash', options.script, runDir], { limitMs: START_WAIT_MAX_MS });
    if (!ok || !(await answers(options.port)))
      throw new ShopError('UNAVAILABLE', `DocumentDB could not be started in ${runDir}: ${errors.trim()}`);
  };
  const stop = async (): Promise<void> => {
    await run('bash', [stopScript, runDir], { limitMs: STOP_WAIT_MAX_MS });
  };
  // The script goes on with a server that runs already, but on the port that it was started with.
  if (!(await answers(options.port))) await stop();
  await start();
  options.logger.debug({ runDir }, 'DocumentDB keeps its data there');
  return {
    uri: `mongodb://127.0.0.1:${options.port}/`,
    engine: 'DocumentDB',
    stop,
    kill9: async () => {
      for (const file of ['gateway.pid', 'postgres.pid']) {
        const pid = Number(await readFile(path.join(runDir, file), 'utf8').catch(() => '0'));
        if (pid > 0) await processOf(pid).kill9();
      }
    },
    restart: async () => {
      await stop();
      await start();
    },
  };
}

/** Whether a former start in this folder has left its server running. */
export async function documentDbRuns(dir: string): Promise<boolean> {
  const pidFile = path.join(await enterable(path.join(dir, 'documentdb')), 'gateway.pid');
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => '0'));
  return pid > 0 && (await commandLineOf(pid)).includes('documentdb_gateway');
}

/** The folder itself, or one in the temporary folder when the user `postgres` could not get into it. */
async function enterable(dir: string): Promise<string> {
  await mkdir(dir, { recursive: true });
  for (let each = path.dirname(dir); ; each = path.dirname(each)) {
    if (((await stat(each)).mode & OTHERS_MAY_ENTER) === 0) {
      const name = createHash('sha256').update(dir).digest('hex').slice(0, 12);
      const other = path.join(os.tmpdir(), `documentdb-${name}`);
      await mkdir(other, { recursive: true });
      return other;
    }
    if (each === path.dirname(each)) return dir;
  }
}
