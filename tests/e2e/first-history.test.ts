/** The history that `npm start` begins with, stopped and killed while it is written, embedded. */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openEmbedded } from '../../backend/adapters/lmdb/embedded.ts';
import { foldersIn } from '../../backend/cli/another.ts';
import { dayOf } from '../../backend/domain/calendar.ts';
import type { HistoryBegun } from '../../backend/events/events.ts';
import { silentLogger } from '../../backend/ports/logger.ts';
import { ordersIn } from '../../backend/shop/shop-test-kit.ts';
import { unfinishedHistory } from '../../backend/simulator/first-history.ts';
import { simulate } from '../../backend/simulator/simulation.ts';
import { freePort, killAll, run, Running, succeed, type Environment } from '../cli.ts';

const TIMEOUT_MS = 300_000;

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-first-history-'));
});
afterEach(killAll);
afterAll(() => rm(dir, { recursive: true, force: true }));

async function environment(name: string): Promise<Environment & { REPORTS_DIR: string; DATA_DIR: string }> {
  return {
    ...foldersIn(path.join(dir, name)),
    SHOP_URL: `http://127.0.0.1:${await freePort()}`,
    PORT: String(await freePort()),
    LOG_LEVEL: 'warn',
  };
}

/** Begins the history, and resolves when some of it, and not all, can be seen. */
async function beginIn(env: Environment): Promise<Running> {
  const shop = new Running(['start', '--rate', '0.3', '--seed', '9', '--chance', '0.5'], env);
  await shop.printed(/Writing orders from .* first/);
  for (;;) {
    const body = JSON.stringify({ query: '{ orders(first: 1) { nodes { id } } }' });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`http://127.0.0.1:${env['PORT']}/graphql`, { method: 'POST', headers, body });
    if (((await answer.json()) as { data: { orders: { nodes: unknown[] } } }).data.orders.nodes.length > 0) return shop;
  }
}

async function unfinishedIn({ DATA_DIR }: { DATA_DIR: string }): Promise<HistoryBegun | null> {
  const { log, close } = await openEmbedded({ dir: DATA_DIR, logger: silentLogger, mode: 'read' });
  try {
    return await unfinishedHistory(log);
  } finally {
    await close();
  }
}

interface Placed {
  readonly id: string | undefined;
  readonly at: number;
  readonly total: number;
}

/** The orders of a run that nobody stops. */
function ordersOf({ from, to, ordersPerSecond, ...begun }: HistoryBegun): Placed[] {
  const span = { from: Date.parse(from), to: Date.parse(to), volume: { ratePerSecond: ordersPerSecond } };
  const { namespace, seed, catalogue, timeZone, handling } = begun;
  const all = { namespace, seed, catalogue, timeZone, handling, currency: 'SEK', available: new Map<string, number>() };
  const prices = new Map(catalogue.map(({ productId, price }) => [productId, price]));
  const orders: Placed[] = [];
  for (const command of simulate({ ...all, ...span, source: 'history' })) {
    if (command.type !== 'PlaceOrder') continue;
    const { orderId: id, at = '', lines } = command;
    const total = lines.reduce((sum, line) => sum + line.quantity * (prices.get(line.productId) ?? NaN), 0);
    orders.push({ id, at: Date.parse(at), total });
  }
  return orders;
}

async function placedIn({ DATA_DIR }: { DATA_DIR: string }): Promise<Placed[]> {
  const { log, close } = await openEmbedded({ dir: DATA_DIR, logger: silentLogger, mode: 'read' });
  try {
    const orders = await ordersIn(log);
    return orders.map(({ event: { orderId, total }, at }) => ({ id: orderId, at, total }));
  } finally {
    await close();
  }
}

const byId = (a: Placed, b: Placed): number => ((a.id ?? '') < (b.id ?? '') ? -1 : 1);

describe('the first history of npm start, embedded', () => {
  it.each(['Ctrl-C', 'kill -9'])('is whole after %s and another start', { timeout: TIMEOUT_MS }, async (end) => {
    const env = await environment(end.replace(/\W/g, ''));
    const first = await beginIn(env);
    if (end === 'kill -9') await first.kill9();
    else expect((await first.interrupt()).code).toBe(0);
    const begun = await unfinishedIn(env);
    if (begun === null) throw new Error('nothing was left to go on with');
    const expected = ordersOf(begun);
    expect((await placedIn(env)).length).toBeLessThan(expected.length);

    // Nobody takes the part for the whole meanwhile.
    const day = dayOf(Date.parse(begun.from), begun.timeZone);
    const without = new Running(['start', '--no-history', '--no-simulator'], env);
    await without.printed(/--no-history leaves it so/);
    await without.printed(/is running/);
    const early = await run(['report', '--day', day], env);
    expect(early).toMatchObject({ code: 1, stderr: expect.stringMatching(/are not all there/) as string });
    expect((await without.interrupt()).code).toBe(0);
    expect(await readdir(env.REPORTS_DIR).catch(() => [])).toEqual([]);

    const second = new Running(['start', '--no-simulator', '--rate', '3', '--seed', '1'], env);
    await second.printed(/Going on with the orders from/);
    await second.printed(/is running/);
    const file = path.join(env.REPORTS_DIR, `${day}.json`);
    while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await second.interrupt()).code).toBe(0);
    expect((await placedIn(env)).sort(byId)).toEqual(expected.sort(byId));
    const ofDay = expected.filter(({ at }) => dayOf(at, begun.timeZone) === day);
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({
      orders: ofDay.length,
      sales: ofDay.reduce((sum, { total }) => sum + total, 0),
      revision: 1,
    });
    await succeed(['verify'], env);
  });
});
