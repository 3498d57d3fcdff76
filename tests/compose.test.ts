/**
 * docker-compose.yml against the program itself: every command is read by the command line's own parser, every
 * setting by the program's own reader, so that a renamed verb, option or setting cannot leave the file behind.
 */
import { execFile } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createProgram } from '../backend/cli/program.ts';
import { readSettings, SETTINGS } from '../backend/cli/settings.ts';
import { PROJECTIONS } from '../projections/index.ts';

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly init?: boolean;
  readonly restart?: string;
  readonly stop_grace_period?: string;
  readonly volumes?: readonly string[];
}

interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const FILE = path.join(import.meta.dirname, '..', 'docker-compose.yml');
const IMAGE = 'shopstream';
const ENGINES = ['kafka', 'mongo'];
const ROLES = ['shop', 'serve', 'simulate', 'handle', 'mail', 'report', 'project'];
/** Longer than a role's own limit on stopping, else it would be killed while it drains. */
const STOP_GRACE_SECONDS_MIN = 16;

/** Kafka's properties as its image wants them named: `node.id` is KAFKA_NODE_ID. */
const KAFKA_PROPERTIES = [
  'advertised.listeners',
  'auto.create.topics.enable',
  'controller.listener.names',
  'controller.quorum.voters',
  'group.initial.rebalance.delay.ms',
  'inter.broker.listener.name',
  'listener.security.protocol.map',
  'listeners',
  'log.dirs',
  'node.id',
  'offsets.topic.replication.factor',
  'process.roles',
  'transaction.state.log.min.isr',
  'transaction.state.log.replication.factor',
];
const ENGINE_NAMES: Readonly<Record<string, readonly string[]>> = {
  kafka: ['CLUSTER_ID', ...KAFKA_PROPERTIES.map((each) => `KAFKA_${each.toUpperCase().replaceAll('.', '_')}`)],
  mongo: ['MONGO_INITDB_DATABASE', 'MONGO_INITDB_ROOT_USERNAME', 'MONGO_INITDB_ROOT_PASSWORD'],
};

const text = readFileSync(FILE, 'utf8');
const file = readCompose(text);
const roles = Object.entries(file.services).filter(([, { image }]) => image === IMAGE);
const consumers = Object.entries(readCompose(withConsumers(text)).services).filter(
  ([name]) => !(name in file.services),
);

/** Reads the file with every `${NAME:-default}` at its default. */
function readCompose(source: string): ComposeFile {
  const interpolated = source.replace(/\$\{(\w+):-([^}]*)\}/g, '$2');
  const missing = /\$\{?\w+\}?/.exec(interpolated.replace(/^\s*#.*$/gm, ''));
  if (missing !== null)
    throw new Error(`${missing[0]} has no default: a plain "docker compose up" would leave it empty`);
  return parse(interpolated, { merge: true }) as ComposeFile;
}

/** The file with its example of the four consumers as four processes no longer a comment. */
function withConsumers(source: string): string {
  const lines = source.split('\n');
  const first = lines.findIndex((line) => /^ {2}# [\w-]+:$/.test(line));
  const length = lines.slice(first).findIndex((line) => !line.startsWith('  #'));
  return lines.map((line, n) => (n >= first && n < first + length ? line.replace(/^ {2}# ?/, '  ') : line)).join('\n');
}

/** Parses one command as the program would, without running it. Throws what the command line says of it. */
function readCommand(words: readonly string[]): { readonly verb: string; readonly args: readonly string[] } {
  const program = createProgram();
  let parsed: Command | null = null;
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
    if (command === program) continue;
    command.action(() => {
      parsed = command;
    });
  }
  program.parse(words, { from: 'user' });
  const command = parsed as Command | null;
  if (command === null) throw new Error(`"${words.join(' ')}" calls no verb`);
  return { verb: command.name(), args: command.args };
}

function checkCommand(words: readonly string[]): void {
  const { verb, args } = readCommand(words);
  const known = PROJECTIONS.map(({ name }) => name);
  if (verb === 'project') expect(known, 'a projection that exists').toEqual(expect.arrayContaining([...args]));
}

function environmentOf(service: Service): Record<string, string> {
  return Object.fromEntries(Object.entries(service.environment ?? {}).map(([name, value]) => [name, String(value)]));
}

describe('docker-compose.yml', () => {
  test('has the engines and every role', () => {
    expect(Object.keys(file.services).sort()).toEqual([...ENGINES, ...ROLES].sort());
    expect(roles.map(([name]) => name).sort()).toEqual([...ROLES].sort());
  });

  test.each(roles)('the command of %s is one that the program knows', (name, { command = [] }) => {
    checkCommand(command);
    expect(command[0]).toBe(name);
  });

  test('a command that the program does not know would be found', () => {
    expect(() => checkCommand(['sell'])).toThrow(/unknown command/);
    expect(() => checkCommand(['simulate', '--rat=1'])).toThrow(/unknown option/);
    expect(() => checkCommand(['simulate', '--rate=fast'])).toThrow(/not a number/);
    expect(() => checkCommand(['shop', 'more'])).toThrow(/too many arguments/);
    expect(() => checkCommand(['project', 'revenue'])).toThrow();
    expect(() => checkCommand([])).toThrow();
  });

  test.each(roles)('the settings of %s are ones that the program reads, with values that it takes', (_, service) => {
    const environment = environmentOf(service);
    const known = SETTINGS.map(({ name }) => name);
    expect(known).toEqual(expect.arrayContaining(Object.keys(environment)));
    const settings = readSettings(environment);
    expect(settings.kafkaBrokers?.map((broker) => broker.split(':')[0])).toEqual(['kafka']);
    expect(new URL(settings.mongodbUri ?? '').hostname).toBe('mongo');
    expect(settings.shopUrl.hostname).toBe('shop');
  });

  test.each(ENGINES)('the settings of %s are ones that its image reads', (name) => {
    const used = Object.keys(file.services[name]?.environment ?? {});
    expect(ENGINE_NAMES[name]).toEqual(expect.arrayContaining(used));
  });

  test('the brokers are where Kafka says that it is', () => {
    const { KAFKA_ADVERTISED_LISTENERS: advertised = '' } = environmentOf(file.services['kafka'] as Service);
    const addresses = advertised.split(',').map((each) => each.replace(/^\w+:\/\//, ''));
    for (const [, service] of roles) expect(addresses).toContain(environmentOf(service)['KAFKA_BROKERS']);
  });

  test('the shop listens where the others look for it and where it is asked for its health', () => {
    const shop = file.services['shop'] as Service;
    const { host, shopUrl } = readSettings(environmentOf(shop));
    expect(host).toBe('0.0.0.0');
    expect(shop.healthcheck?.test.join(' ')).toContain(`http://127.0.0.1:${shopUrl.port}/health`);
  });

  test.each(Object.entries(file.services))(
    '%s starts after what it needs is healthy, and stops in peace',
    (_, service) => {
      for (const [needed, { condition }] of Object.entries(service.depends_on ?? {})) {
        expect(condition).toBe('service_healthy');
        expect(file.services[needed]?.healthcheck, `the health check of ${needed}`).toBeDefined();
      }
      if (service.image === IMAGE)
        expect(Object.keys(service.depends_on ?? {})).toEqual(expect.arrayContaining(ENGINES));
      expect(service.init).toBe(true);
      expect(service.restart).toBe('unless-stopped');
      expect(Number.parseInt(service.stop_grace_period ?? '0', 10)).toBeGreaterThanOrEqual(STOP_GRACE_SECONDS_MIN);
    },
  );

  test('what the engines store and what the program writes outlives the containers', () => {
    for (const name of ENGINES) {
      const [volume = ''] = file.services[name]?.volumes ?? [];
      expect(Object.keys(file.volumes)).toContain(volume.split(':')[0]);
    }
    for (const [name, setting] of [
      ['mail', 'MAILBOX_DIR'],
      ['report', 'REPORTS_DIR'],
    ] as const) {
      const service = file.services[name] as Service;
      const [from, to] = service.volumes?.[0]?.split(':') ?? [];
      expect(to).toBe(environmentOf(service)[setting]);
      expect(from).toBe(`./${path.basename(to ?? '')}`);
    }
  });

  test('the example of the four consumers covers every projection once, and runs', () => {
    const folded = consumers.flatMap(([, { command = [] }]) => {
      checkCommand(command);
      return command.slice(1);
    });
    expect(folded.sort()).toEqual(PROJECTIONS.map(({ name }) => name).sort());
  });
});

/** Programs that load and validate a compose file, and how they are told to. */
function validator(): { readonly program: string; readonly args: readonly string[] } | null {
  const named = process.env['COMPOSE_GO'];
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), path.join(homedir(), 'go', 'bin')];
  const candidates = [...(named === undefined ? [] : [named]), ...folders.map((each) => path.join(each, 'compose-go'))];
  const program = candidates.find(isExecutable);
  return program === undefined ? null : { program, args: [FILE] };
}

function isExecutable(program: string): boolean {
  try {
    accessSync(program, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const found = validator();
const why = 'set COMPOSE_GO to the program that "go install github.com/compose-spec/compose-go/v2/cmd@latest" gives';

test.skipIf(found === null)(
  `Compose's own loader takes the file${found === null ? ` [skipped: ${why}]` : ''}`,
  async () => {
    const { program, args } = found ?? { program: '', args: [] };
    // It exits with an error, and says why, for a file that breaks the specification.
    const { stdout } = await promisify(execFile)(program, args);
    expect(Object.keys((parse(stdout) as ComposeFile).services).sort()).toEqual([...ENGINES, ...ROLES].sort());
  },
);
