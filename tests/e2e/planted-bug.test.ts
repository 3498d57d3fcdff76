/**
 * A bug in a projection, as it happens: a program with the bug is deployed, `verify` finds it and names it, and a
 * mended program with a raised version takes its place, while the shop, the handler, the API and all else go on. The
 * two programs are copies of this one, with lines of projections/sales.ts changed.
 */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { PROJECTIONS } from '../../projections/index.ts';
import { quarterOf } from '../../projections/quarter.ts';
import type { Command, Shop } from '../../backend/shop/commands.ts';
import { openShopClient } from '../../backend/shop/endpoint.ts';
import { ApiClient } from '../api-client.ts';
import { freePort, killAll, run, Running, type Environment } from '../cli.ts';
import { describeWithEngines, uniqueName } from '../engines.ts';

const TIMEOUT_MS = 240_000;
const ROOT = path.resolve(import.meta.dirname, '../..');
const SALES = 'projections/sales.ts';
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const LOOK_EVERY_MS = 100;
const PLACE_EVERY_MS = 50;
const ORDERS_AT_ONCE = 5;

/** The minute that goes wrong: the eighth of its quarter, the day before. */
const WRONG_FROM = Math.floor((Date.now() - DAY_MS) / (15 * MINUTE_MS)) * 15 * MINUTE_MS + 7 * MINUTE_MS;
/** Orders in it. */
const ORDERS = 20;
const PRICE = 1_250;

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-planted-'));
});
afterEach(killAll);
afterAll(() => rm(dir, { recursive: true, force: true }));

/** A copy of the program with other text in projections/sales.ts; resolves to where it is started. */
async function programWith(name: string, from: string, to: string): Promise<string> {
  const copy = path.join(dir, name);
  for (const each of ['backend', 'projections', 'package.json', 'tsconfig.json'])
    await cp(path.join(ROOT, each), path.join(copy, each), { recursive: true });
  await symlink(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'));
  const source = await readFile(path.join(copy, SALES), 'utf8');
  expect(source.split(from)).toHaveLength(2);
  await writeFile(path.join(copy, SALES), source.replace(from, to));
  return path.join(copy, 'backend/cli/main.ts');
}

/** Orders as they come, and what became of them. */
class Customers {
  placed = 0;
  readonly failed: string[] = [];
  readonly #shop: Shop;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;

  constructor(shop: Shop) {
    this.#shop = shop;
    this.#running = this.#place();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #place(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        for (const { status } of await this.#shop.submit(Array.from({ length: ORDERS_AT_ONCE }, () => order()))) {
          if (status === 'accepted') this.placed += 1;
          else this.failed.push(status);
        }
      } catch (error) {
        this.failed.push((error as Error).message);
      }
      await pause(PLACE_EVERY_MS);
    }
  }
}

/** One who asks for the minute all the time: what it was told, each time that it was something else. */
class Reader {
  readonly told: { readonly orders: number; readonly sales: number }[] = [];
  readonly failed: string[] = [];
  readonly #api: ApiClient;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;

  constructor(api: ApiClient) {
    this.#api = api;
    this.#running = this.#read();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #read(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        const now = await minute(this.#api);
        const before = this.told.at(-1);
        if (before?.orders !== now.orders || before.sales !== now.sales) this.told.push(now);
      } catch (error) {
        this.failed.push((error as Error).message);
      }
    }
  }
}

describeWithEngines('a bug in a projection', ({ brokers, uri }) => {
  async function environment(): Promise<Environment> {
    const name = uniqueName('planted');
    return {
      KAFKA_BROKERS: brokers.join(','),
      MONGODB_URI: new URL(`/${name}`, uri).href,
      TOPIC_PREFIX: `${name}-`,
      SHOP_URL: `http://127.0.0.1:${await freePort()}`,
      PORT: String(await freePort()),
      TIME_ZONE: 'UTC',
      REPORTS_DIR: path.join(dir, name, 'reports'),
      MAILBOX_DIR: path.join(dir, name, 'mailbox'),
    };
  }

  it('is found, named, and mended by a new version, without stopping the shop', { timeout: TIMEOUT_MS }, async () => {
    const env = await environment();
    const others = PROJECTIONS.map(({ name }) => name).filter((name) => name !== 'sales');
    const roles = [['shop'], ['handle'], ['serve'], ['project', ...others]].map((args) => new Running(args, env));
    await Promise.all(roles.map((role) => role.printed(/Running/)));
    const shop = openShopClient(env['SHOP_URL'] ?? '');
    const api = new ApiClient(`http://127.0.0.1:${env['PORT'] ?? ''}`);
    await open(shop);
    const customers = new Customers(shop);

    const wrongAmount = `event.total + (Math.floor(at / ${MINUTE_MS}) === ${WRONG_FROM / MINUTE_MS} ? 1 : 0)`;
    const buggy = new Running(['project', 'sales'], env, await programWith('buggy', 'event.total', wrongAmount));
    await buggy.printed(/Running/);
    const wrong = { orders: ORDERS, sales: ORDERS * (PRICE + 1) };
    const right = { orders: ORDERS, sales: ORDERS * PRICE };
    await eventually(async () => (await minute(api)).sales > 0 && (await isFollowing(api)));
    expect(await minute(api)).toEqual(wrong);

    await expectFound(env);

    const reader = new Reader(api);
    const placedBefore = customers.placed;
    const mended = new Running(['project', 'sales'], env, await programWith('mended', 'version: 1', 'version: 2'));
    await mended.printed(/Running/);
    await eventually(async () => (await salesOf(api)).generation === 2);
    // What is deployed after it ends only when its successor has taken over.
    expect((await buggy.interrupt()).code).toBe(0);
    await eventually(() => Promise.resolve(reader.told.length === 2));
    await eventually(() => isFollowing(api));
    await reader.stop();
    expect(reader).toMatchObject({ failed: [], told: [wrong, right] });
    expect(customers.placed).toBeGreaterThan(placedBefore);
    const { code, stdout } = await run(['verify'], env);
    expect(code, stdout).toBe(0);

    await customers.stop();
    expect(customers.failed).toEqual([]);
    await api.close();
    const ended = await Promise.all([mended, ...roles.toReversed()].map((role) => role.interrupt()));
    expect(ended.map(({ code: exit, stderr }) => (exit === 0 ? 0 : stderr))).toEqual(ended.map(() => 0));
  });
});

/** By `verify` of the program that is right, while orders come in: in this minute, and nowhere else. */
async function expectFound(env: Environment): Promise<void> {
  const { code, stdout } = await run(['verify'], env);
  expect(code).toBe(1);
  const key = quarterOf(WRONG_FROM);
  expect(stdout).toMatch(new RegExp(`orders/\\d/${key} seconds\\.\\d+: expected \\d+, found \\d+`));
  const { projections } = JSON.parse((await run(['verify', '--json'], env)).stdout) as {
    readonly projections: readonly {
      readonly name: string;
      readonly differenceCount: number;
      readonly differences: readonly { readonly id: string; readonly path: string }[];
    }[];
  };
  const wrong = projections.filter(({ differenceCount }) => differenceCount > 0);
  expect(wrong.map(({ name }) => name)).toEqual(['sales']);
  for (const { id, path: at } of wrong[0]?.differences ?? []) {
    expect(id).toMatch(new RegExp(`^orders/\\d/${key}$`));
    if (at !== 'total') expect(Math.floor(Number(at.replace('seconds.', '')) / 60)).toBe(7);
  }
}

/** One product, and the orders of the minute. */
async function open(shop: Shop): Promise<void> {
  const product = { source: 'live', productId: 'P-1' } as const;
  const past = Array.from({ length: ORDERS }, (_, index): Command => {
    const at = new Date(WRONG_FROM + index * 2_000).toISOString();
    return { ...order(), key: `past-${index}`, orderId: `past-${index}`, at, source: 'history' };
  });
  const around = [-1, 1].map((minutes): Command => {
    const at = new Date(WRONG_FROM + minutes * MINUTE_MS).toISOString();
    return { ...order(), key: `around${minutes}`, orderId: `around${minutes}`, at, source: 'history' };
  });
  const outcomes = await shop.submit([
    { type: 'ListProduct', ...product, name: 'A thing', category: 'Things', price: PRICE, currency: 'SEK' },
    { type: 'ReceiveStock', ...product, quantity: 1_000_000, reason: 'initial' },
    ...past,
    ...around,
  ]);
  expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['accepted']));
}

function order(): Extract<Command, { type: 'PlaceOrder' }> {
  return {
    type: 'PlaceOrder',
    source: 'live',
    customer: { id: 'c', name: 'A customer', email: 'customer@example.com', country: 'Sweden' },
    lines: [{ productId: 'P-1', quantity: 1 }],
    handling: { chance: 0.8, delayMs: 1_000, attempts: 1 },
  };
}

async function minute(api: ApiClient): Promise<{ readonly orders: number; readonly sales: number }> {
  const query = `query ($from: DateTimeISO!, $to: DateTimeISO!) {
    salesSeries(from: $from, to: $to, bucket: MINUTE) { buckets { orders sales } }
  }`;
  const variables = {
    from: new Date(WRONG_FROM).toISOString(),
    to: new Date(WRONG_FROM + MINUTE_MS).toISOString(),
  };
  const { salesSeries } = await api.ask<{ salesSeries: { buckets: { orders: number; sales: number }[] } }>(
    query,
    variables,
  );
  return salesSeries.buckets[0] ?? { orders: 0, sales: 0 };
}

interface ProjectionAnswer {
  readonly name: string;
  readonly generation: number;
  readonly health: string;
}

async function salesOf(api: ApiClient): Promise<ProjectionAnswer> {
  const { projections } = await api.ask<{ projections: ProjectionAnswer[] }>(
    '{ projections { name generation health } }',
  );
  const found = projections.find(({ name }) => name === 'sales');
  if (found === undefined) throw new Error('the API knows of no sales');
  return found;
}

/** Whether the projection keeps up with the log, as operators are told. */
async function isFollowing(api: ApiClient): Promise<boolean> {
  return (await salesOf(api)).health === 'FOLLOWING';
}

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause(LOOK_EVERY_MS);
}
