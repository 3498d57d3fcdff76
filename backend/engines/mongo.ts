/**
 * A server of one's own that speaks MongoDB's protocol, without Docker, whichever can be had first: mongod;
 * DocumentDB on PostgreSQL; mongo-java-server.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from '../ports/logger.ts';
import { ShopError } from '../ports/errors.ts';
import { documentDbRuns, documentDbStart, startDocumentDb } from './documentdb.ts';
import type { MongoEngine } from './mongo-engine.ts';
import { classPath, jarsOf, missingJars, missingJava } from './java.ts';
import {
  answers,
  commandLineOf,
  freePorts,
  processOf,
  run,
  startProcess,
  whenReady,
  type EngineProcess,
} from './process.ts';

const MONGO_JAVA_VERSION = '1.47.0';
const JARS_NAME = `mongo-java-server-${MONGO_JAVA_VERSION}`;
const ARTIFACTS = [`de.bwaldvogel:mongo-java-server-h2-backend:${MONGO_JAVA_VERSION}`];
const START_WAIT_MAX_MS = 60_000;
const STOP_WAIT_MAX_MS = 20_000;

export type MongoKind = 'mongod' | 'DocumentDB' | 'mongo-java-server';

export interface StartMongoOptions {
  /** Where data and logs are kept; a restart there goes on with the same data. */
  readonly dir: string;
  /** Default: the port of the last start in this folder if it is free, else any free port. */
  readonly port?: number;
  readonly logger: Logger;
  /** Where jars are kept. */
  readonly cacheDir: string;
  /** DocumentDB's start script; default: the one in the folder `shared` beside the project, if there is one. */
  readonly documentDbStart?: string;
  /** Takes this kind instead of the first that can be had. */
  readonly kind?: MongoKind;
}

/** The kind of server that can be started, or what to install. */
export async function findMongo(
  options: Pick<StartMongoOptions, 'cacheDir' | 'documentDbStart'>,
): Promise<{ readonly kind: MongoKind } | { readonly missing: string }> {
  if ((await run('mongod', ['--version'])).ok) return { kind: 'mongod' };
  if ((await documentDbStart(options.documentDbStart)) !== null) return { kind: 'DocumentDB' };
  const missing = (await missingJdk()) ?? (await missingJars(options.cacheDir, JARS_NAME));
  if (missing === null) return { kind: 'mongo-java-server' };
  return { missing: `mongod is not on the PATH (install MongoDB); nor can another server be used instead: ${missing}` };
}

/** Starts a server, or adopts the one that a former start in the same folder has left running. */
export async function startMongo(options: StartMongoOptions): Promise<MongoEngine> {
  const found = options.kind === undefined ? await findMongo(options) : { kind: options.kind };
  if ('missing' in found) throw new ShopError('UNAVAILABLE', `MongoDB cannot be started: ${found.missing}`);
  const dir = path.resolve(options.dir);
  await mkdir(dir, { recursive: true });
  const port = await portFor(dir, found.kind, options.port);
  const engine = await startKind(found.kind, dir, port, options);
  await writeFile(portFile(dir), String(port));
  options.logger.info({ port, dir }, `${engine.engine} is running`);
  return engine;
}

async function startKind(kind: MongoKind, dir: string, port: number, options: StartMongoOptions): Promise<MongoEngine> {
  if (kind === 'DocumentDB') {
    const script = await documentDbStart(options.documentDbStart);
    if (script === null)
      throw new ShopError('UNAVAILABLE', 'DocumentDB cannot be started here (it needs root and Debian)');
    return startDocumentDb({ dir, port, script, logger: options.logger });
  }
  if (kind === 'mongod') {
    const version = /v(\d+\.\d+\.\d+)/.exec((await run('mongod', ['--version'])).output)?.[1] ?? '';
    const args = ['--dbpath', dir, '--port', String(port), '--bind_ip', '127.0.0.1'];
    return startServer(`MongoDB ${version}`.trim(), 'mongod', args, dir, port);
  }
  const jars = await jarsOf(options.cacheDir, JARS_NAME, ARTIFACTS, options.logger);
  const source = path.join(import.meta.dirname, 'MongoServer.java');
  const args = ['-Xmx1g', '-cp', classPath(jars), source, String(port), path.join(dir, 'mongo.mv')];
  return startServer(`mongo-java-server ${MONGO_JAVA_VERSION}`, 'java', args, dir, port);
}

async function startServer(
  engine: string,
  command: string,
  args: readonly string[],
  dir: string,
  port: number,
): Promise<MongoEngine> {
  const launch = async (): Promise<EngineProcess> => {
    const logFile = path.join(dir, 'mongo.log');
    const launched = startProcess(command, args, { cwd: dir, logFile });
    await whenReady(engine, launched, logFile, START_WAIT_MAX_MS, () => answers(port));
    await writeFile(pidFile(dir), String(launched.pid));
    return launched;
  };
  let running = (await adopt(dir, port)) ?? (await launch());
  return {
    uri: `mongodb://127.0.0.1:${port}/`,
    engine,
    stop: () => running.stop(STOP_WAIT_MAX_MS),
    kill9: () => running.kill9(),
    restart: async () => {
      await running.stop(STOP_WAIT_MAX_MS);
      running = await launch();
    },
  };
}

async function adopt(dir: string, port: number): Promise<EngineProcess | null> {
  const pid = Number(await readFile(pidFile(dir), 'utf8').catch(() => '0'));
  const commandLine = pid > 0 ? await commandLineOf(pid) : '';
  if (!commandLine.includes(dir)) return null;
  if (commandLine.includes(` ${port}`) && (await answers(port))) return processOf(pid);
  await processOf(pid).stop(STOP_WAIT_MAX_MS);
  return null;
}

/** The source of MongoServer is compiled as it is started, for which a runtime alone is not enough. */
async function missingJdk(): Promise<string | null> {
  const missing = await missingJava();
  if (missing !== null) return missing;
  const { output } = await run('java', ['--list-modules']);
  return output.includes('jdk.compiler')
    ? null
    : 'the Java here is no JDK (Debian: apt-get install openjdk-17-jdk-headless)';
}

async function portFor(dir: string, kind: MongoKind, wanted: number | undefined): Promise<number> {
  if (wanted !== undefined) return wanted;
  const before = Number(await readFile(portFile(dir), 'utf8').catch(() => '0'));
  const pid = Number(await readFile(pidFile(dir), 'utf8').catch(() => '0'));
  const runs = kind === 'DocumentDB' ? await documentDbRuns(dir) : pid > 0 && (await commandLineOf(pid)).includes(dir);
  if (before > 0 && (runs || !(await answers(before)))) return before;
  const [port = 0] = await freePorts(1);
  return port;
}

function portFile(dir: string): string {
  return path.join(dir, 'engine.port');
}

function pidFile(dir: string): string {
  return path.join(dir, 'engine.pid');
}
