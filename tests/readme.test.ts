/**
 * The README's commands, as they are written, in a copy of the project. Whoever adds a command says here how it is seen
 * to work, or why it is not run.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createProgram } from '../backend/cli/program.ts';
import { freePort } from './cli.ts';
import { describeWithEngines, uniqueName } from './engines.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const README = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
const TIMEOUT_MS = 90_000;
/** What is made by running, or is linked to instead. */
const NOT_COPIED = ['.git', '.env', '.cache', 'data', 'mailbox', 'node_modules', 'reports', 'frontend/dist'];
const LINKED = ['.cache', 'node_modules', 'frontend/dist'];

/** Every command of an indented block, without what is said beside it. */
const COMMANDS = [...README.matchAll(/^ {4}(\S.*)$/gm)].map(([, line = '']) => line.replace(/ +# .*$/, ''));

const EXCEPTED: Readonly<Record<string, string>> = {
  'npm ci': 'the packages that the tests run with were installed by it',
  'npm run engines': 'takes ports that may be in use; the engines that the tests run on are started by the same code',
};
const SHOP = 'npm start';
const ON_ENGINES = 'npm start -- --engines';
const BESIDE = ['npm run stats', 'npm run verify', 'npm run explain -- sales'];
const EXPORTS = ['export KAFKA_BROKERS=127.0.0.1:9092', 'export MONGODB_URI=mongodb://127.0.0.1:27017/'];
/** What each says when it runs. */
const ROLES: Readonly<Record<string, RegExp>> = {
  'npm run shop': /"Running: /,
  'npm run project': /"Running: /,
  'npm run handle': /"Running: /,
  'npm run mail': /"Running: /,
  'npm run report': /"Running: /,
  'npm run serve': /"Running: /,
  'npm run simulate -- --rate 5': /"Running: placing orders/,
};

type Environment = Readonly<Record<string, string>>;

let copy: string;
const alive = new Set<Command>();

/** One line of the README, by a shell, in the copy. */
class Command {
  readonly line: string;
  readonly #child: ChildProcess;
  readonly #looks = new Set<() => void>();
  readonly ended: Promise<number | null>;
  output = '';

  constructor(line: string, env: Environment) {
    this.line = line;
    const { PATH = '', HOME = '', JAVA_HOME = '' } = process.env;
    // A group of its own, so that Ctrl-C reaches npm and what it started, as in a terminal.
    this.#child = spawn(line, {
      cwd: copy,
      shell: true,
      detached: true,
      env: { PATH, HOME, JAVA_HOME, PORT: '0', VERIFY_SECONDS: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const printed = (data: Buffer): void => {
      this.output += data.toString();
      for (const look of this.#looks) look();
    };
    this.#child.stdout?.on('data', printed);
    this.#child.stderr?.on('data', printed);
    alive.add(this);
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (code) => {
        alive.delete(this);
        resolve(code);
        for (const look of this.#looks) look();
      });
    });
  }

  /** Resolves when it has printed what matches; rejects when it ends before. */
  async printed(pattern: RegExp): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (pattern.test(this.output)) resolve();
        else if (!alive.has(this))
          reject(new Error(`"${this.line}" did not print ${String(pattern)}:\n${this.output}`));
        else return;
        this.#looks.delete(look);
      };
      this.#looks.add(look);
      look();
    });
  }

  async stop(signal: NodeJS.Signals): Promise<number | null> {
    if (alive.has(this) && this.#child.pid !== undefined) process.kill(-this.#child.pid, signal);
    return this.ended;
  }
}

async function succeeds(line: string, env: Environment): Promise<string> {
  const command = new Command(line, env);
  const code = await command.ended;
  expect(code, `${line}:\n${command.output}`).toBe(0);
  return command.output;
}

beforeAll(() => {
  copy = mkdtempSync(path.join(os.tmpdir(), 'shopstream-readme-'));
  const skipped = new Set(NOT_COPIED.map((name) => path.join(ROOT, name)));
  cpSync(ROOT, copy, { recursive: true, filter: (source) => !skipped.has(source) });
  for (const name of LINKED)
    if (existsSync(path.join(ROOT, name))) symlinkSync(path.join(ROOT, name), path.join(copy, name));
});
afterEach(() => Promise.all([...alive].map((each) => each.stop('SIGKILL'))));
afterAll(() => rmSync(copy, { recursive: true, force: true }));

describe('README', () => {
  test('every command is run by a test, or excepted with a reason', () => {
    const known = [SHOP, ON_ENGINES, ...BESIDE, ...EXPORTS, ...Object.keys(ROLES), ...Object.keys(EXCEPTED)];
    expect([...new Set(COMMANDS)].sort()).toEqual(known.sort());
  });

  test('the table of the verbs has each, and no other, with an example', () => {
    const rows = [...README.matchAll(/^\| `([a-z-]+)` +\| [^|]+ \| `npm (?:run )?([a-z-]+)[^|]*` +\|$/gm)];
    const verbs = createProgram().commands.map((command) => command.name());
    expect(rows.map(([, name]) => name).sort()).toEqual([...verbs].sort());
    for (const [, name, example] of rows) expect(example).toBe(name);
  });

  test('what it links to is there', () => {
    const links = [...README.matchAll(/\]\(([^)#]+)\)/g)].map(([, to = '']) => to).filter((to) => !/^https?:/.test(to));
    expect(links.filter((to) => !existsSync(path.join(ROOT, to)))).toEqual([]);
    expect(links.length).toBeGreaterThan(10);
  });

  test('embedded: the shop starts, is looked at beside it, and stops by Ctrl-C', { timeout: TIMEOUT_MS }, async () => {
    const env = { SHOP_URL: `http://127.0.0.1:${await freePort()}` };
    const shop = new Command(SHOP, env);
    await shop.printed(/Shopstream is running/);
    const said: string[] = [];
    for (const line of BESIDE) said.push(await succeeds(line, env));
    expect(said[0]).toMatch(/Orders since 00:00/);
    await shop.stop('SIGINT');
    expect(shop.output).toMatch(/Stopped\. Start again to go on where it was\./);
  });
});

describeWithEngines('README, on engines', ({ brokers, uri }) => {
  test('one command has both engines and the shop', { timeout: TIMEOUT_MS }, async () => {
    const shop = new Command(ON_ENGINES, { SHOP_URL: `http://127.0.0.1:${await freePort()}` });
    await shop.printed(/runs on +Apache Kafka at .* and .*MongoDB/);
    await shop.stop('SIGINT');
    // The shop has stopped before the engines were; they are its own.
    expect(shop.output).toMatch(/Stopped\. Start again to go on where it was\./);
  });

  test('the roles run as processes on the two addresses', { timeout: TIMEOUT_MS }, async () => {
    const database = new URL(uri);
    database.pathname = `/${uniqueName('readme')}`;
    const env = {
      TOPIC_PREFIX: `${uniqueName('readme')}-`,
      SHOP_URL: `http://127.0.0.1:${await freePort()}`,
      ...Object.fromEntries(EXPORTS.map((line) => [/^export (\w+)=/.exec(line)?.[1] ?? '', ''])),
    };
    expect(Object.keys(env)).toEqual(expect.arrayContaining(['KAFKA_BROKERS', 'MONGODB_URI']));
    Object.assign(env, { KAFKA_BROKERS: brokers.join(','), MONGODB_URI: database.href });
    const roles = Object.keys(ROLES).map((line) => new Command(line, env));
    await Promise.all(roles.map((role) => role.printed(ROLES[role.line] ?? /$^/)));
    let orders = 0;
    while (orders === 0) {
      const printed = await succeeds('npm run --silent stats -- --json', env);
      orders = (JSON.parse(printed.slice(printed.indexOf('{'))) as { ordersToday: number }).ordersToday;
    }
    await Promise.all(roles.map((role) => role.stop('SIGINT')));
    for (const { line, output } of roles) expect(output, line).not.toMatch(/"level":50|error:/);
  });
});
