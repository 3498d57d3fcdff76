/** Days of the past by the program, over the end of summer time; the reporter killed while it catches up. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { killAll, freePort, Running, succeed, type Environment } from '../cli.ts';

const TIMEOUT_MS = 180_000;
const KILLS = 2;
/** Three days with orders, and a month after them. */
const REPORTS = 3 + 31;

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-midnight-'));
});
afterEach(killAll);
afterAll(() => rm(dir, { recursive: true, force: true }));

interface Report {
  readonly date: string;
  readonly from: string;
  readonly to: string;
  readonly orders: number;
  readonly sales: number;
  readonly handledOrders: number;
  readonly revision: number;
  readonly products: readonly { readonly units: number; readonly amount: number }[];
}

describe('reports of a span that was simulated', () => {
  it('are whole and add up, whenever the reporter is killed', { timeout: TIMEOUT_MS }, async () => {
    const reports = path.join(dir, 'reports');
    const env: Environment = {
      DATA_DIR: path.join(dir, 'data'),
      REPORTS_DIR: reports,
      MAILBOX_DIR: path.join(dir, 'mailbox'),
      SHOP_URL: `http://127.0.0.1:${await freePort()}`,
      TIME_ZONE: 'Europe/Stockholm',
      LOG_LEVEL: 'warn',
    };
    await succeed(['simulate', '--from', '2025-10-25', '--to', '2025-10-27', '--orders', '600', '--seed', '7'], env);
    const named = async (): Promise<string[]> => {
      const names = await readdir(reports).catch(() => []);
      return names.filter((name) => /^2025-.*\.json$/.test(name)).sort();
    };
    for (let kills = 0; ; kills++) {
      const shop = new Running(['start', '--no-history', '--no-simulator'], env);
      await shop.printed(/is running/);
      const enough = kills < KILLS ? 1 + kills * 8 : REPORTS;
      while ((await named()).length < enough) await new Promise((resolve) => setTimeout(resolve, 10));
      for (const name of await named()) JSON.parse(await readFile(path.join(reports, name), 'utf8'));
      if (kills < KILLS) await shop.kill9();
      else {
        expect((await shop.interrupt()).code).toBe(0);
        break;
      }
    }
    const names = await named();
    const found = await Promise.all(
      names.map(async (name) => JSON.parse(await readFile(path.join(reports, name), 'utf8')) as Report),
    );
    expect(names).toHaveLength(REPORTS);
    expect(names).toEqual(found.map(({ date }) => `${date}.json`));
    expect(found.map(({ revision }) => revision)).toEqual(names.map(() => 1));
    expect(found.slice(1).map(({ from }) => from)).toEqual(found.slice(0, -1).map(({ to }) => to));
    expect(found.reduce((sum, { orders }) => sum + orders, 0)).toBe(600);
    const autumn = found.find(({ date }) => date === '2025-10-26');
    expect([autumn?.from, autumn?.to]).toEqual(['2025-10-25T22:00:00.000Z', '2025-10-26T23:00:00.000Z']);
    for (const { sales, products } of found) {
      expect(products.reduce((sum, { amount }) => sum + amount, 0)).toBe(sales);
    }
    const text = await succeed(['stats', '--json', '--at', '2025-10-26T23:59:59.999'], env);
    expect(JSON.parse(text)).toMatchObject({
      ordersToday: autumn?.orders,
      salesToday: autumn?.sales,
      handledToday: autumn?.handledOrders,
    });
  });
});
