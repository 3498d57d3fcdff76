/** The first command of the README: the whole shop, embedded. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { foldersIn } from '../../backend/cli/another.ts';
import { killAll, freePort, Running, run, succeed, type Environment } from '../cli.ts';

const TIMEOUT_MS = 180_000;

interface Stats {
  readonly handledLast2h: number;
  readonly stock: readonly { readonly balance: number }[];
}

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-start-'));
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

async function stats(env: Environment): Promise<Stats> {
  return JSON.parse(await succeed(['stats', '--json'], env)) as Stats;
}

/** Of all days around: a test may run over midnight. */
async function placed(env: Environment): Promise<number> {
  const args = ['explain', 'orders', '--from', '2020-01-01T00:00', '--to', '2100-01-01T00:00', '--json'];
  return (JSON.parse(await succeed(args, env)) as { count: number }).count;
}

async function mails(env: Environment): Promise<number> {
  const files = await readdir(env['MAILBOX_DIR'] ?? '', { recursive: true }).catch(() => []);
  return files.filter((file) => file.endsWith('.eml')).length;
}

describe('npm start, embedded', () => {
  it(
    'runs, is seen from a second terminal, stops at Ctrl-C and goes on where it was',
    { timeout: TIMEOUT_MS },
    async () => {
      const env = await environment('whole');
      const first = new Running(['start', '--rate', '0.2', '--delay', '1s'], env);
      await first.printed(/is running/);
      const before = await stats(env);
      expect(before.stock.length).toBeGreaterThanOrEqual(30);
      expect(before.stock.every(({ balance }) => balance >= 0)).toBe(true);
      expect((await first.interrupt()).code).toBe(0);
      const stopped = await placed(env);
      await succeed(['verify'], env);

      const second = new Running(['start', '--rate', '50', '--flat', '--delay', '1s'], env);
      await second.printed(/is running/);
      while ((await mails(env)) < 20) await new Promise((resolve) => setTimeout(resolve, 100));
      expect((await stats(env)).handledLast2h).toBeGreaterThanOrEqual(20);
      expect((await second.interrupt()).code).toBe(0);
      await succeed(['verify'], env);
      expect(await placed(env)).toBeGreaterThan(stopped);
    },
  );

  it('survives kill -9 and goes on', { timeout: TIMEOUT_MS }, async () => {
    const env = await environment('killed');
    for (let round = 0; round < 4; round++) {
      const running = new Running(['start', '--no-history', '--rate', '300', '--flat', '--delay', '500ms'], env);
      await running.printed(/is running/);
      while ((await mails(env)) < (round + 1) * 50) await new Promise((resolve) => setTimeout(resolve, 50));
      await running.kill9();
    }
    const last = new Running(['start', '--no-history', '--no-simulator'], env);
    await last.printed(/is running/);
    for (;;) {
      const { handledLast2h, openOrders } = (await stats(env)) as Stats & { openOrders: number };
      if (openOrders === 0 && (await mails(env)) === handledLast2h) break;
    }
    expect((await last.interrupt()).code).toBe(0);
    await succeed(['verify'], env);
  });

  it('refuses a second owner of the same data', { timeout: TIMEOUT_MS }, async () => {
    const env = await environment('twice');
    const first = new Running(['start', '--no-history', '--no-simulator'], env);
    await first.printed(/is running/);
    const second = await run(['start', '--port', String(await freePort())], env);
    expect(second.code).toBe(1);
    expect(second.stderr.trim().split('\n')).toHaveLength(1);
    expect((await first.interrupt()).code).toBe(0);
  });
});

describe('history at once', () => {
  it('writes a day in virtual time, handling included; again it adds nothing', { timeout: TIMEOUT_MS }, async () => {
    const env = await environment('history');
    const args = ['simulate', '--day', '2026-11-20', '--orders', '2000', '--seed', '42'];
    expect(await succeed(args, env)).toMatch(/2000 orders/);
    expect(await succeed(args, env)).toMatch(/: 0 orders/);
    const at = ['stats', '--json', '--at', '2026-11-20T23:59:59'];
    const day = JSON.parse(await succeed(at, env)) as { ordersToday: number; handledToday: number };
    expect(day.ordersToday).toBe(2_000);
    expect(day.handledToday).toBeGreaterThan(1_500);
    await succeed(['verify'], env);
    expect(await mails(env)).toBe(0);
  });
});
