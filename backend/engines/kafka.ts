/** A Kafka broker of one's own, without Docker: a single node that is broker and controller, on 127.0.0.1. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from '../ports/logger.ts';
import { ShopError } from '../ports/errors.ts';
import { classPath, exists, jarsOf, missingJars, missingJava } from './java.ts';
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

const KAFKA_VERSION = '4.1.1';
const SLF4J_VERSION = '1.7.36';
const JARS_NAME = `kafka-${KAFKA_VERSION}`;
const ARTIFACTS = [
  `org.apache.kafka:kafka_2.13:${KAFKA_VERSION}`,
  `org.apache.kafka:kafka-tools:${KAFKA_VERSION}`,
  // Without it Kafka logs nothing at all.
  `org.slf4j:slf4j-simple:${SLF4J_VERSION}`,
];
const HEAP_MAX = '-Xmx1g';
const START_WAIT_MAX_MS = 60_000;
const STOP_WAIT_MAX_MS = 20_000;
const FORMAT_WAIT_MAX_MS = 60_000;
const STARTS_MAX = 3;
/** ApiVersions, version 0, without a client id: any Kafka broker that is ready answers it. */
const API_VERSIONS_REQUEST = Buffer.from('0000000a0012000000000001ffff', 'hex');

export interface KafkaEngine {
  readonly brokers: string[];
  readonly pid: number;
  /** Ends the broker; the data stays. */
  stop(): Promise<void>;
  /** Ends it without any notice, for tests of what survives. */
  kill9(): Promise<void>;
  /** Starts it again on the same port and data, after ending it if need be. */
  restart(): Promise<void>;
}

export interface StartKafkaOptions {
  /** Where data, settings and the log are kept; a restart there goes on with the same topics. */
  readonly dir: string;
  /** Default: the port of the last start in this folder if it is free, else any free port. */
  readonly port?: number;
  readonly logger: Logger;
  /** Where Kafka's jars are kept. */
  readonly cacheDir: string;
}

/** What is written beside the data, so that the next start finds a broker that still runs. */
interface State {
  readonly pid: number;
  readonly port: number;
  readonly controllerPort: number;
  readonly clusterId: string;
}

/** Why Kafka cannot be started and what to install; null when it can. */
export async function missingForKafka(cacheDir: string): Promise<string | null> {
  return (await missingJava()) ?? (await missingJars(cacheDir, JARS_NAME));
}

/** The folder with Kafka's jars, its tools included. */
export function kafkaJars(cacheDir: string, logger: Logger): Promise<string> {
  return jarsOf(cacheDir, JARS_NAME, ARTIFACTS, logger);
}

/** Starts a broker, or adopts the one that a former start in the same folder has left running. */
export async function startKafka(options: StartKafkaOptions): Promise<KafkaEngine> {
  const missing = await missingForKafka(options.cacheDir);
  if (missing !== null) throw new ShopError('UNAVAILABLE', `Kafka cannot be started: ${missing}`);
  const dir = path.resolve(options.dir);
  await mkdir(dir, { recursive: true });
  const jars = await kafkaJars(options.cacheDir, options.logger);
  let running = (await adopt(dir, options.port)) ?? (await launch(dir, jars, options.port));
  options.logger.info({ pid: running.engine.pid, port: running.port, dir }, 'Kafka is running');
  return {
    get brokers() {
      return [`127.0.0.1:${running.port}`];
    },
    get pid() {
      return running.engine.pid;
    },
    stop: () => running.engine.stop(STOP_WAIT_MAX_MS),
    kill9: () => running.engine.kill9(),
    restart: async () => {
      await running.engine.stop(STOP_WAIT_MAX_MS);
      running = await launch(dir, jars, running.port);
    },
  };
}

interface Running {
  readonly engine: EngineProcess;
  readonly port: number;
}

async function adopt(dir: string, port: number | undefined): Promise<Running | null> {
  const state = await stateOf(dir);
  if (state === null || !(await commandLineOf(state.pid)).includes(propertiesFile(dir))) return null;
  const engine = processOf(state.pid);
  if ((port === undefined || port === state.port) && (await answersKafka(state.port)))
    return { engine, port: state.port };
  // It runs, but not as it is wanted now; two brokers cannot share a folder.
  await engine.stop(STOP_WAIT_MAX_MS);
  return null;
}

async function launch(dir: string, jars: string, wantedPort: number | undefined): Promise<Running> {
  const before = await stateOf(dir);
  for (let start = 1; ; start++) {
    const [freePort = 0, freeControllerPort = 0] = await freePorts(2);
    const reusable = start === 1 && before !== null && !(await answers(before.port));
    const port = wantedPort ?? (reusable ? before.port : freePort);
    const clusterId = before?.clusterId ?? randomBytes(16).toString('base64url');
    try {
      await prepare(dir, jars, { port, controllerPort: freeControllerPort, clusterId });
      const engine = await startBroker(dir, jars, port);
      const state: State = { pid: engine.pid, port, controllerPort: freeControllerPort, clusterId };
      await writeFile(stateFile(dir), JSON.stringify(state));
      return { engine, port };
    } catch (error) {
      // Somebody else may have taken a port in between; anything else fails in the same way again.
      const taken = error instanceof Error && /Address already in use|BindException/.test(error.message);
      if (!taken || wantedPort !== undefined || start === STARTS_MAX) throw error;
    }
  }
}

async function prepare(dir: string, jars: string, state: Omit<State, 'pid'>): Promise<void> {
  await writeFile(propertiesFile(dir), propertiesOf(dir, state));
  if (await exists(path.join(dir, 'data', 'meta.properties'))) return;
  const args = ['-cp', classPath(jars), 'kafka.tools.StorageTool', 'format', `--cluster-id=${state.clusterId}`];
  const { ok, output, errors } = await run('java', [...args, '-c', propertiesFile(dir)], {
    limitMs: FORMAT_WAIT_MAX_MS,
  });
  if (!ok) throw new ShopError('STORAGE', `Kafka could not format ${dir}: ${output} ${errors}`.trim());
}

async function startBroker(dir: string, jars: string, port: number): Promise<EngineProcess> {
  const logFile = path.join(dir, 'kafka.log');
  const logging = ['defaultLogLevel=warn', 'showDateTime=true', 'dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS'];
  const engine = startProcess(
    'java',
    [
      HEAP_MAX,
      ...logging.map((each) => `-Dorg.slf4j.simpleLogger.${each}`),
      '-cp',
      classPath(jars),
      'kafka.Kafka',
      propertiesFile(dir),
    ],
    { cwd: dir, logFile },
  );
  await whenReady('Kafka', engine, logFile, START_WAIT_MAX_MS, () => answersKafka(port));
  return engine;
}

function answersKafka(port: number): Promise<boolean> {
  return answers(port, API_VERSIONS_REQUEST);
}

function propertiesOf(dir: string, { port, controllerPort }: Omit<State, 'pid'>): string {
  const properties: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'log.dirs': path.join(dir, 'data'),
    'auto.create.topics.enable': false,
    // One node: everything internal has one copy and few partitions, and a group need not wait for more members.
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    // A broker that was killed may register again only when its former self has been silent for so long.
    'broker.session.timeout.ms': 5000,
    'broker.heartbeat.interval.ms': 1000,
    // Transactions of writers that died are aborted soon after their timeout, for they hold readers up.
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': 1000,
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

function propertiesFile(dir: string): string {
  return path.join(dir, 'server.properties');
}

function stateFile(dir: string): string {
  return path.join(dir, 'engine.json');
}

async function stateOf(dir: string): Promise<State | null> {
  try {
    return JSON.parse(await readFile(stateFile(dir), 'utf8')) as State;
  } catch {
    return null;
  }
}
