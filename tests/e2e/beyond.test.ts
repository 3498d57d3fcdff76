/** A log of an earlier version in which a day's sales are beyond 2^53, and a record that is dated in the year 0. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { openEmbedded } from '../../backend/adapters/lmdb/embedded.ts';
import { foldersIn } from '../../backend/cli/another.ts';
import { encode } from '../../backend/events/codec.ts';
import { silentLogger } from '../../backend/ports/logger.ts';
import { ApiClient } from '../api-client.ts';
import { freePort, killAll, run, Running, succeed, type Environment } from '../cli.ts';
import { listed, placed } from '../events.ts';

const TIMEOUT_MS = 180_000;
const DAY = '2024-05-06';
const AT = `${DAY}T20:00:00.000Z`;
const BEYOND = 'cannot be given: more than 9007199254740991, the most that can be summed up exactly';
const UNGIVEN = new RegExp(`${DAY}[^]*the sales ${BEYOND}`);
const START = ['start', '--no-history', '--no-simulator'];
const PRICE = 501_234_567_890_000;

let dir: string;
let env: Environment;
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-beyond-'));
  env = { ...foldersIn(dir), SHOP_URL: `http://127.0.0.1:${await freePort()}`, LOG_LEVEL: 'warn', TIME_ZONE: 'UTC' };
});
afterEach(killAll);
afterAll(() => rm(dir, { recursive: true, force: true }));

async function inLog<T>(look: (log: Awaited<ReturnType<typeof openEmbedded>>['log']) => Promise<T>): Promise<T> {
  const embedded = await openEmbedded({ dir: env['DATA_DIR'] ?? '', logger: silentLogger, mode: 'own' });
  try {
    return await look(embedded.log);
  } finally {
    await embedded.close();
  }
}

it('refuses the figures that it cannot give, and gives all others', { timeout: TIMEOUT_MS }, async () => {
  await inLog(async (log) => {
    await log.ensureTopics();
    await log.append(
      [
        listed('Q-1', PRICE, `${DAY}T08:00:00.000Z`),
        placed({ orderId: 'o-1', at: `${DAY}T10:00:00.000Z`, lines: [['Q-1', 12, PRICE]] }),
        placed({ orderId: 'o-2', at: `${DAY}T11:00:00.000Z`, lines: [['Q-1', 12, PRICE]] }),
        placed({ orderId: 'o-3', at: `${DAY}T12:06:00.000Z`, lines: [['Q-2', 1, 100]] }),
        placed({ orderId: 'o-4', at: '2024-05-07T12:00:00.000Z', lines: [['Q-2', 2, 100]] }),
        placed({ orderId: 'o-5', at: '0000-01-01T00:00:00.000Z', lines: [['Q-2', 3, 100]] }),
      ].map((event) => encode(event)),
    );
  });
  const shop = new Running(START, env);
  const [, url = ''] = await shop.printed(/API\S*\s+(http:\S+)\/graphql/);
  await shop.printed(UNGIVEN);
  await shop.printed(/0000-01-01[^]*reports are of the days from 1970-01-01 to 2199-12-31/);

  const stats = await run(['stats', '--at', AT], env);
  expect(stats.code).toBe(1);
  expect(stats.stdout).toContain(`salesToday ${BEYOND}`);
  expect(stats.stdout).toMatch(/Orders since 00:00 +│ +3 /);
  const json = await run(['stats', '--at', AT, '--json'], env);
  expect(json.code).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({
    ordersToday: 3,
    salesToday: null,
    salesLastHour: 0,
    stock: [{ productId: 'Q-1', balance: -24 }, { productId: 'Q-2' }],
    errors: [{ figure: 'salesToday', message: `salesToday ${BEYOND}` }],
  });
  const next = JSON.parse(await succeed(['stats', '--at', '2024-05-07T20:00', '--json'], env)) as object;
  expect(next).toMatchObject({ salesToday: 200, errors: [] });

  const explained = await run(['explain', 'sales', '--from', `${DAY}T00:00`, '--to', '2024-05-07T00:00'], env);
  expect(explained.code).toBe(1);
  expect(explained.stdout).toContain(`The sum of 3 events ${BEYOND}`);
  const report = await run(['report', '--day', DAY], env);
  expect(report).toMatchObject({ code: 1, stdout: '' });
  expect(report.stderr).toContain(`there is no report of ${DAY}: the sales ${BEYOND}`);
  expect((await run(['report', '--day', '0000-01-01'], env)).code).toBe(2);
  expect(await succeed(['verify'], env)).toContain('Every document equals');

  const client = new ApiClient(url);
  const { ungivenReports } = await client.ask<{ ungivenReports: object[] }>('{ ungivenReports { day reason } }');
  expect(ungivenReports).toEqual([
    { day: '0000-01-01', reason: 'reports are of the days from 1970-01-01 to 2199-12-31' },
    { day: DAY, reason: `the sales ${BEYOND}` },
  ]);
  const { dailyReport } = await client.ask<{ dailyReport: object }>('{ dailyReport(day: "2024-05-07") { sales } }');
  expect(dailyReport).toEqual({ sales: 200 });
  await client.close();
  expect((await shop.interrupt()).code).toBe(0);
  expect(await readdir(env['REPORTS_DIR'] ?? '')).not.toContain(`${DAY}.json`);

  // The next start looks once more, and adds nothing.
  const again = new Running(START, env);
  await again.printed(UNGIVEN);
  expect((await again.interrupt()).code).toBe(0);
  // Whatever was written can be read, and nothing is written twice.
  const end = await inLog(async (log) => (await log.bounds('reports'))[0]?.end);
  expect(end).toBe(await reportsGiven());
});

/** One record for each day that has files. */
async function reportsGiven(): Promise<number> {
  return (await readdir(env['REPORTS_DIR'] ?? '')).filter((name) => /^\d{4}-\d\d-\d\d\.json$/.test(name)).length;
}
