/** Rebuilding projections as a person does it, embedded: beside a running shop, without one, and killed. */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { foldersIn } from '../../backend/cli/another.ts';
import { freePort, killAll, run, Running, succeed, type Environment } from '../cli.ts';

const TIMEOUT_MS = 300_000;

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-replay-'));
});
afterEach(killAll);
afterAll(() => rm(dir, { recursive: true, force: true }));

async function environment(name: string): Promise<Environment> {
  return {
    ...foldersIn(path.join(dir, name)),
    SHOP_URL: `http://127.0.0.1:${await freePort()}`,
    LOG_LEVEL: 'warn',
  };
}

/** Every file that was sent or issued, with when it was written; not those that are being written. */
async function written(env: Environment): Promise<string[]> {
  const files: string[] = [];
  for (const folder of [env['MAILBOX_DIR'] ?? '', env['REPORTS_DIR'] ?? '']) {
    for (const name of await readdir(folder, { recursive: true }).catch(() => [])) {
      if (path.basename(name).startsWith('.')) continue;
      const { mtimeMs, ino } = await stat(path.join(folder, name));
      files.push(`${name} ${mtimeMs} ${ino}`);
    }
  }
  return files.sort();
}

interface Rebuild {
  readonly projection: string;
  readonly state: string;
  readonly generation: number;
}

async function ask(env: Environment, method: string, body?: object): Promise<{ status: number; rebuilds: Rebuild[] }> {
  const json = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(`${env['SHOP_URL'] ?? ''}/replays`, { method, ...(body === undefined ? {} : json) });
  const { rebuilds = [] } = (await response.json()) as { rebuilds?: Rebuild[] };
  return { status: response.status, rebuilds };
}

describe('npm run replay, embedded', () => {
  it('rebuilds beside a running shop; nothing is sent again', { timeout: TIMEOUT_MS }, async () => {
    const env = await environment('beside');
    const first = new Running(['start', '--no-history', '--rate', '40', '--flat', '--delay', '500ms'], env);
    await first.printed(/is running/);
    while ((await written(env)).length < 30) await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await succeed(['replay', 'all', '--keep'], env)).toMatch(/orders .*live now/);
    await succeed(['verify'], env);
    expect((await first.interrupt()).code).toBe(0);

    const quiet = new Running(['start', '--no-simulator'], env);
    await quiet.printed(/is running/);
    const before = await settled(env);
    expect(await succeed(['replay', 'all'], env)).toMatch(/orders .*live now/);
    expect(await written(env)).toEqual(before);
    const stats = await succeed(['stats', '--json', '--at', '2026-11-22T12:00:00Z'], env);
    expect(JSON.parse(stats)).toHaveProperty('stock');
    expect((await run(['replay', 'nothing'], env)).code).toBe(2);
    expect((await run(['replay', 'sales', '--back'], env)).code).toBe(2);
    expect((await quiet.interrupt()).code).toBe(0);
    await succeed(['verify'], env);
  });

  it('takes the shop being killed on the way, and refuses a second one', { timeout: TIMEOUT_MS }, async () => {
    const env = await environment('killed');
    await succeed(['simulate', '--day', '2026-11-20', '--orders', '2500', '--seed', '42'], env);
    expect(await succeed(['replay', 'sales', 'stock'], env)).toMatch(/live now[^]*live now/);
    for (let round = 0; round < 2; round++) {
      const shop = new Running(['start', '--no-simulator'], env);
      await shop.printed(/is running/);
      // What the round before has left is gone on with.
      while ((await ask(env, 'GET')).rebuilds.some(({ state }) => state === 'FOLDING' || state === 'COMPARING'));
      expect((await ask(env, 'POST', { projections: ['orders', 'sales'] })).status).toBe(200);
      expect((await ask(env, 'POST', { projections: ['orders'] })).status).toBe(400);
      await new Promise((resolve) => setTimeout(resolve, round * 500));
      await shop.kill9();
      await succeed(['verify'], env);
    }
    const last = new Running(['start', '--no-simulator'], env);
    await last.printed(/is running/);
    for (;;) {
      const { rebuilds } = await ask(env, 'GET');
      const orders = rebuilds.find(({ projection }) => projection === 'orders');
      if (orders?.state === 'SWAPPED' && orders.generation >= 2) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect((await last.interrupt()).code).toBe(0);
    await succeed(['verify'], env);
  });

  it('gives up at Ctrl-C', { timeout: TIMEOUT_MS }, async () => {
    const env = await environment('interrupted');
    await succeed(['simulate', '--day', '2026-11-20', '--orders', '8000', '--seed', '42'], env);
    const shop = new Running(['start', '--no-simulator'], env);
    await shop.printed(/is running/);
    const replay = new Running(['replay', 'orders'], env);
    while ((await ask(env, 'GET')).rebuilds.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    const { code, stdout } = await replay.interrupt();
    expect(stdout).toMatch(/orders .*given up/);
    expect(code).toBe(130);
    expect((await ask(env, 'GET')).rebuilds).toMatchObject([{ projection: 'orders', state: 'CANCELLED' }]);
    await succeed(['verify'], env);
    expect((await shop.interrupt()).code).toBe(0);
  });
});

/** Waits until no mail is on its way any more. */
async function settled(env: Environment): Promise<string[]> {
  for (;;) {
    const before = await written(env);
    const { openOrders, handledLast2h } = JSON.parse(await succeed(['stats', '--json'], env)) as Record<string, number>;
    const mails = before.filter((each) => each.includes('.eml'));
    if (openOrders === 0 && mails.length === handledLast2h) return written(env);
  }
}
