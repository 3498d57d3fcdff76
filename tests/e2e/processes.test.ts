/**
 * Every role as a process of its own, on Kafka and MongoDB, under load; and the same with each process killed
 * and started again on the way. E2E_SECONDS sets how long orders come in (default 10).
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { CACHE_DIR } from '../../backend/engines/engines.ts';
import { describeGroup } from '../../backend/engines/kafka-tools.ts';
import { silentLogger } from '../../backend/ports/logger.ts';
import { PROJECTIONS } from '../../projections/index.ts';
import { killAll, freePort, Running, succeed, type Environment } from '../cli.ts';
import { describeWithEngines, uniqueName } from '../engines.ts';

const SECONDS = Number(process.env['E2E_SECONDS'] ?? 10);
const RATE = 500;
const TIMEOUT_MS = 240_000 + SECONDS * 4_000;
/** How long figures may take to settle after the load, on a slow machine. */
const WAIT_MAX_MS = 60_000;
/** Kafka's own tool counts a transaction's marker at the end of a partition as a record not read. */
const LAG_MAX = 1;

const STATISTICS = ['order-counts', 'sales', 'products-sold', 'stock', 'handling'];

const ROLES: readonly (readonly string[])[] = [
  ['shop'],
  ['handle'],
  ['mail'],
  ['report'],
  ['project', ...STATISTICS],
  ['project'],
];

/** The consumer groups of these roles. */
const GROUPS = [
  `shopstream-${STATISTICS.map(versioned).join('+')}`,
  `shopstream-${versioned('orders')}`,
  'shopstream-handler',
  'shopstream-mailer',
];

function versioned(name: string): string {
  return `${name}.v${PROJECTIONS.find((each) => each.name === name)?.version ?? ''}`;
}

interface Stats {
  readonly openOrders: number;
  readonly handledLast2h: number;
  readonly stock: readonly { readonly productId: string; readonly balance: number }[];
}

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-processes-'));
});
afterEach(killAll);
afterAll(() => rm(dir, { recursive: true, force: true }));

describeWithEngines('every role as a process of its own', ({ brokers, uri }) => {
  async function environment(): Promise<Environment> {
    const prefix = uniqueName('roles');
    return {
      KAFKA_BROKERS: brokers.join(','),
      MONGODB_URI: new URL(`/${prefix}`, uri).href,
      TOPIC_PREFIX: `${prefix}-`,
      SHOP_URL: `http://127.0.0.1:${await freePort()}`,
      REPORTS_DIR: path.join(dir, prefix, 'reports'),
      MAILBOX_DIR: path.join(dir, prefix, 'mailbox'),
    };
  }

  it(`takes ${RATE} orders a second for ${SECONDS} s`, { timeout: TIMEOUT_MS }, async () => {
    const env = await environment();
    const roles = await startAll(env);
    try {
      const placed = await simulate(env, SECONDS).exited;
      expect(placed.code, placed.stderr).toBe(0);
      await expectRight(env);
    } finally {
      await stopAll(roles);
    }
  });

  it('comes to the same when each process in turn is killed and started again', { timeout: TIMEOUT_MS }, async () => {
    const env = await environment();
    const roles = await startAll(env);
    const seconds = Math.max(SECONDS, ROLES.length * 3);
    let simulator = simulate(env, seconds);
    try {
      await simulator.printed(/Running/);
      for (const [index, args] of ROLES.entries()) {
        await new Promise((resolve) => setTimeout(resolve, (seconds * 1_000) / (ROLES.length + 1)));
        await roles[index]?.kill9();
        roles[index] = new Running(args, env);
        await roles[index].printed(/Running/);
      }
      await simulator.kill9();
      simulator = simulate(env, 2);
      expect((await simulator.exited).code).toBe(0);
      await expectRight(env);
    } finally {
      await simulator.kill9();
      await stopAll(roles);
    }
  });

  async function expectRight(env: Environment): Promise<void> {
    const stats = await settled(env);
    expect(stats.stock.length).toBeGreaterThan(0);
    expect(stats.stock.filter(({ balance }) => balance < 0)).toEqual([]);
    expect(stats.handledLast2h).toBeGreaterThan(0);
    await succeed(['verify'], env);
    await expectMails(env, stats.handledLast2h);
  }

  /** Everything that is drawn has been handled, and folded. */
  async function settled(env: Environment): Promise<Stats> {
    for (const late = deadline('open orders to be handled'); ;) {
      late();
      // A projector that was just started again has yet to fold what the others did meanwhile.
      await expectNoLag(env);
      const stats = JSON.parse(await succeed(['stats', '--json'], env)) as Stats;
      if (stats.openOrders === 0) return stats;
    }
  }

  /** As an operator would see it, with Kafka's own tool. */
  async function expectNoLag(env: Environment): Promise<void> {
    for (const name of GROUPS) {
      const group = `${env['TOPIC_PREFIX'] ?? ''}${name}`;
      for (const late = deadline(`the lag of ${group}`); ;) {
        late();
        const positions = await describeGroup({ brokers, group, cacheDir: CACHE_DIR, logger: silentLogger });
        expect(positions.length, group).toBeGreaterThan(0);
        if (positions.every(({ lag, end }) => (lag ?? end) <= LAG_MAX)) break;
      }
    }
  }

  async function expectMails(env: Environment, handled: number): Promise<void> {
    for (const late = deadline('a mail for each handled order'); ;) {
      late();
      const files = await readdir(env['MAILBOX_DIR'] ?? '', { recursive: true });
      const mails = files.filter((file) => file.endsWith('.eml'));
      expect(mails.length).toBeLessThanOrEqual(handled);
      if (mails.length === handled) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
});

/** Throws when what is waited for has not come in time. */
function deadline(what: string): () => void {
  const until = Date.now() + WAIT_MAX_MS;
  return () => {
    if (Date.now() > until) throw new Error(`waited ${WAIT_MAX_MS} ms in vain for ${what}`);
  };
}

async function startAll(env: Environment): Promise<Running[]> {
  const roles = ROLES.map((args) => new Running(args, env));
  await Promise.all(roles.map((role) => role.printed(/Running/)));
  return roles;
}

async function stopAll(roles: readonly Running[]): Promise<void> {
  const ended = await Promise.all(roles.map((role) => role.interrupt()));
  expect(ended.map(({ code, stderr }) => (code === 0 ? 0 : stderr))).toEqual(roles.map(() => 0));
}

function simulate(env: Environment, seconds: number): Running {
  return new Running(['simulate', '--rate', String(RATE), '--flat', '--delay', '2s', '--for', `${seconds}s`], env);
}
