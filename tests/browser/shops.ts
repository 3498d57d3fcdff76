/** The running shop that a browser looks at: embedded, or with every role as a process of its own on the engines. */
import path from 'node:path';
import { ApiClient } from '../api-client.ts';
import { freePort, Running, type Environment } from '../cli.ts';
import { uniqueName, type KafkaForTests, type MongoForTests } from '../engines.ts';

/** Within this the first order is there, on a machine that does other things, too. */
export const START_LIMIT_MS = 120_000;

export interface BrowsedShop {
  readonly url: string;
  readonly client: ApiClient;
  /** kill -9 for the process that serves the pages. */
  readonly kill: () => Promise<void>;
  /** The same again, on the same data and at the same address. */
  readonly startAgain: () => Promise<void>;
}

const SIMULATION = ['--no-history', '--rate', '20', '--flat', '--delay', '1s'];

async function environment(dir: string): Promise<Environment> {
  return {
    PORT: String(await freePort()),
    SHOP_URL: `http://127.0.0.1:${await freePort()}`,
    REPORTS_DIR: path.join(dir, 'reports'),
    MAILBOX_DIR: path.join(dir, 'mailbox'),
    LOG_LEVEL: 'warn',
  };
}

/** `npm start` with its data in `dir`/data. */
export async function startEmbedded(dir: string, more: Environment = {}): Promise<BrowsedShop> {
  const env = { ...(await environment(dir)), DATA_DIR: path.join(dir, 'data'), ...more };
  const start = async (): Promise<Running> => {
    const shop = new Running(['start', ...SIMULATION], env);
    await shop.printed(/API\S*\s+(http:\S+)\/graphql/);
    return shop;
  };
  return browsed(env, await start(), start);
}

/** Each role as a process, under names of their own on the engines. */
export async function startOnEngines(dir: string, engines: KafkaForTests & MongoForTests): Promise<BrowsedShop> {
  const prefix = uniqueName('browser');
  const env = {
    ...(await environment(dir)),
    KAFKA_BROKERS: engines.brokers.join(','),
    MONGODB_URI: new URL(`/${prefix}`, engines.uri).href,
    TOPIC_PREFIX: `${prefix}-`,
    LOG_LEVEL: 'info',
  };
  const startRole = async (...args: string[]): Promise<Running> => {
    const role = new Running(args, env);
    await role.printed(/Running/);
    return role;
  };
  const serve = (): Promise<Running> => startRole('serve');
  const [server] = await Promise.all([
    serve(),
    ...['shop', 'project', 'handle', 'mail', 'report'].map((role) => startRole(role)),
  ]);
  const shop = browsed(env, server, serve);
  // Before the first order: a policy stands in each of them.
  const input = { ordersPerSecond: 20, handling: { delayMs: 1_000 } };
  await configureSimulator(shop.client, input);
  await startRole('simulate');
  return shop;
}

export async function configureSimulator(client: ApiClient, input: object): Promise<void> {
  const configure = 'mutation($input: ConfigureSimulatorInput!) { configureSimulator(input: $input) { paused } }';
  await client.ask(configure, { input });
}

function browsed(env: Environment, first: Running, start: () => Promise<Running>): BrowsedShop {
  const url = `http://127.0.0.1:${env['PORT'] ?? ''}`;
  let server = first;
  return {
    url,
    client: new ApiClient(url),
    kill: async () => {
      await server.kill9();
    },
    startAgain: async () => {
      server = await start();
    },
  };
}
