/**
 * The README's commands, as they are written, in a copy of the project. Whoever adds a command says here how it is seen
 * to work, or why it is not run.
 */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createProgram } from '../backend/cli/program.ts';
import { freePort, killAll, Spawned, type Environment } from './cli.ts';
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

let copy: string;

/** One line of the README, by a shell, in the copy. Ctrl-C reaches npm and what it started, as in a terminal. */
function command(line: string, env: Environment): Spawned {
  return new Spawned(line, line, { env, cwd: copy, ofGroup: true });
}

async function succeeds(line: string, env: Environment): Promise<string> {
  const { code, stdout, stderr } = await command(line, env).exited;
  expect(code, `${line}:\n${stdout}${stderr}`).toBe(0);
  // Npm's own warnings come first, as they are printed.
  return stderr + stdout;
}

beforeAll(() => {
  copy = mkdtempSync(path.join(os.tmpdir(), 'shopstream-readme-'));
  const skipped = new Set(NOT_COPIED.map((name) => path.join(ROOT, name)));
  cpSync(ROOT, copy, { recursive: true, filter: (source) => !skipped.has(source) });
  for (const name of LINKED)
    if (existsSync(path.join(ROOT, name))) symlinkSync(path.join(ROOT, name), path.join(copy, name));
});
afterEach(killAll);
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
    const shop = command(SHOP, env);
    await shop.printed(/Shopstream is running/);
    const said: string[] = [];
    for (const line of BESIDE) said.push(await succeeds(line, env));
    expect(said[0]).toMatch(/Orders since 00:00/);
    const { stdout, stderr } = await shop.interrupt();
    expect(stdout + stderr).toMatch(/Stopped\. Start again to go on where it was\./);
  });
});

describeWithEngines('README, on engines', ({ brokers, uri }) => {
  test('one command has both engines and the shop', { timeout: TIMEOUT_MS }, async () => {
    const shop = command(ON_ENGINES, { SHOP_URL: `http://127.0.0.1:${await freePort()}` });
    await shop.printed(/runs on +Apache Kafka at .* and .*MongoDB/);
    const { stdout, stderr } = await shop.interrupt();
    // The shop has stopped before the engines were; they are its own.
    expect(stdout + stderr).toMatch(/Stopped\. Start again to go on where it was\./);
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
    const roles = Object.keys(ROLES).map((line) => command(line, env));
    await Promise.all(roles.map((role) => role.printed(ROLES[role.name] ?? /$^/)));
    let orders = 0;
    while (orders === 0) {
      const printed = await succeeds('npm run --silent stats -- --json', env);
      orders = (JSON.parse(printed.slice(printed.indexOf('{'))) as { ordersToday: number }).ordersToday;
    }
    await Promise.all(roles.map((role) => role.interrupt()));
    for (const { name, stdout, stderr } of roles) expect(stdout + stderr, name).not.toMatch(/"level":50|error:/);
  });
});
