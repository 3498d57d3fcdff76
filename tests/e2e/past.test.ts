/** Views of the past, one order and explained numbers as a person asks for them, embedded: beside a shop, and killed. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { foldersIn } from '../../backend/cli/another.ts';
import { freePort, killAll, run, Running, succeed, type Environment } from '../cli.ts';

const TIMEOUT_MS = 300_000;
const DAY = '2026-11-20';

let dir: string;
let env: Environment;
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-past-'));
  env = {
    ...foldersIn(dir),
    SHOP_URL: `http://127.0.0.1:${await freePort()}`,
    LOG_LEVEL: 'warn',
  };
  await succeed(['simulate', '--day', DAY, '--orders', '3000', '--seed', '42'], env);
}, TIMEOUT_MS);
afterEach(killAll);
afterAll(() => rm(dir, { recursive: true, force: true }));

interface Figures {
  readonly at: string;
  readonly ordersToday: number;
  readonly salesToday: number;
  readonly stock: readonly { readonly productId: string; readonly balance: number }[];
}

async function stats(...args: readonly string[]): Promise<Figures> {
  const { at, ordersToday, salesToday, stock } = JSON.parse(
    await succeed(['stats', '--json', ...args], env),
  ) as Figures;
  return { at, ordersToday, salesToday, stock: stock.map(({ productId, balance }) => ({ productId, balance })) };
}

describe('the past, embedded', () => {
  it('explains every figure by its events', { timeout: TIMEOUT_MS }, async () => {
    const { ordersToday, salesToday, stock } = await stats('--at', `${DAY}T23:59:59`);
    const [product] = stock;
    const explained = async (...args: readonly string[]): Promise<unknown> =>
      JSON.parse(await succeed(['explain', ...args, '--day', DAY, '--json'], env));
    expect(await explained('orders')).toMatchObject({ count: ordersToday, sum: ordersToday, equal: true });
    expect(await explained('sales')).toMatchObject({ sum: salesToday, readModels: salesToday, equal: true });
    expect(await explained('handled')).toMatchObject({ equal: true });
    const id = product?.productId ?? '';
    expect(await explained('units', '--product', id)).toMatchObject({ equal: true });
    expect(await explained('stock', '--product', id)).toMatchObject({ sum: product?.balance, equal: true });
    expect(await succeed(['explain', 'orders', '--day', DAY, '--hour', '14'], env)).toMatch(
      /and \d+ more .*\n.*add up to \d+\n.*equal/,
    );
    const wrong = await run(['explain', 'order'], env);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringMatching(/Did you mean orders\?/) as string });
    expect((await run(['explain', 'stock', '--product', 'P-zzz'], env)).code).toBe(2);
  });

  it('keeps views beside a running shop, and takes its being killed', { timeout: TIMEOUT_MS }, async () => {
    const noon = await stats('--at', `${DAY}T11:59:59.999`);
    const shop = new Running(['start', '--no-history', '--rate', '20', '--flat'], env);
    await shop.printed(/is running/);
    await succeed(['replay', 'all', '--until', `${DAY}T12:00`, '--view', 'noon'], env);
    expect(await stats('--view', 'noon')).toEqual(noon);
    expect(await succeed(['stats', '--view', 'noon'], env)).toMatch(/from the view "noon"/);
    expect((await run(['replay', 'all', '--until', `${DAY}T13:00`, '--view', 'noon'], env)).code).toBe(2);

    const building = new Running(['replay', 'all', '--until', `${DAY}T18:00`, '--view', 'evening'], env);
    await listed('evening');
    await shop.kill9();
    await building.exited;
    await succeed(['replay', 'all', '--until', `${DAY}T18:00`, '--view', 'evening', '--replace'], env);
    const evening = await stats('--at', `${DAY}T17:59:59.999`);
    expect(await stats('--view', 'evening')).toEqual(evening);
    expect(await stats('--view', 'noon')).toEqual(noon);
    await succeed(['replay', '--drop', 'noon'], env);
    expect(await run(['stats', '--view', 'noon'], env)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/there are evening/) as string,
    });
    await succeed(['verify'], env);
  });

  it('makes one order again', { timeout: TIMEOUT_MS }, async () => {
    const { events } = JSON.parse(await succeed(['explain', 'orders', '--day', DAY, '--json'], env)) as {
      events: { id: string }[];
    };
    expect(await succeed(['replay', '--order', events[0]?.id ?? ''], env)).toMatch(/was right/);
    expect((await run(['replay', '--order', 'no-such-order'], env)).code).toBe(2);
  });
});

/** Waits until the owner knows of the view, in whatever state. */
async function listed(name: string): Promise<void> {
  for (;;) {
    const response = await fetch(new URL('/views', env['SHOP_URL']));
    const { views } = (await response.json()) as { views: { name: string }[] };
    if (views.some((each) => each.name === name)) return;
  }
}
