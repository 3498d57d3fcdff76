/** The time zone of the shop, and that of the machine: the one is held against the reports, the other changes nothing. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openKafkaLog } from '../../backend/adapters/kafka/kafka-log.ts';
import { encode } from '../../backend/events/codec.ts';
import type { ReportIssued } from '../../backend/events/events.ts';
import { silentLogger } from '../../backend/ports/logger.ts';
import type { DailyReport } from '../../backend/reporter/report-schema.ts';
import { freePort, killAll, run, Running, succeed, type Environment } from '../cli.ts';
import { describeWithEngines, uniqueName } from '../engines.ts';

const TIMEOUT_MS = 180_000;
const BAD_INPUT = 2;
const STOCKHOLM = { TIME_ZONE: 'Europe/Stockholm' };
const NEW_YORK = { TIME_ZONE: 'America/New_York' };

/** In New York the first one falls on the 5th. */
const ORDERS = `InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
830001,Q-1,TEAPOT,1,2024-05-06 00:30:00,1.00,C1,Norway
830002,Q-1,TEAPOT,1,2024-05-06 12:30:00,2.00,C1,Norway
830003,Q-1,TEAPOT,1,2024-05-06 23:30:00,4.00,C1,Norway
`;

let dir: string;
let file: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-zone-'));
  file = path.join(dir, 'orders.csv');
  await writeFile(file, ORDERS);
});
afterEach(killAll);
afterAll(() => rm(dir, { recursive: true, force: true }));

async function environment(name: string): Promise<Environment> {
  return {
    DATA_DIR: path.join(dir, name, 'data'),
    REPORTS_DIR: path.join(dir, name, 'reports'),
    MAILBOX_DIR: path.join(dir, name, 'mailbox'),
    SHOP_URL: `http://127.0.0.1:${await freePort()}`,
    LOG_LEVEL: 'warn',
  };
}

async function reportsIn(env: Environment): Promise<Map<string, DailyReport>> {
  const folder = env['REPORTS_DIR'] ?? '';
  const names = (await readdir(folder).catch(() => [])).filter((name) => /^[\d-]+\.json$/.test(name)).sort();
  const texts = await Promise.all(names.map((name) => readFile(path.join(folder, name), 'utf8')));
  return new Map(texts.map((text) => JSON.parse(text) as DailyReport).map((report) => [report.date, report]));
}

async function expectRefused(args: readonly string[], env: Environment): Promise<void> {
  const { code, stdout, stderr } = await run(args, env);
  const says = /^error: the reports are in \S+, but TIME_ZONE is \S+: set TIME_ZONE=\S+, or .* -- --rezone\n$/;
  expect({ code, stdout, stderr }, args.join(' ')).toEqual({
    code: BAD_INPUT,
    stdout: '',
    stderr: expect.stringMatching(says) as string,
  });
}

/** A start that runs until its reports are out. */
async function startOnce(env: Environment, reports: number): Promise<void> {
  const shop = new Running(['start', '--no-history', '--no-simulator'], env);
  await shop.printed(/is running/);
  while ((await reportsIn(env)).size < reports) await new Promise((resolve) => setTimeout(resolve, 10));
  expect((await shop.interrupt()).code).toBe(0);
}

const salesByDay = (reports: ReadonlyMap<string, DailyReport>): Record<string, number> =>
  Object.fromEntries([...reports].filter(([, { sales }]) => sales > 0).map(([day, { sales }]) => [day, sales]));

describe('a shop whose TIME_ZONE was changed', () => {
  it('is refused, until its reports are restated', { timeout: TIMEOUT_MS }, async () => {
    const shop = await environment('changed');
    const east = { ...shop, ...STOCKHOLM };
    const west = { ...shop, ...NEW_YORK };
    await succeed(['import', file], east);
    await startOnce(east, 1 + 31);
    const before = await reportsIn(east);
    expect(salesByDay(before)).toEqual({ '2024-05-06': 700 });

    await expectRefused(['start', '--no-simulator'], west);
    await expectRefused(['report', '--day', '2024-05-06'], west);
    await expectRefused(['simulate', '--day', '2024-05-06', '--orders', '5'], west);
    await expectRefused(['import', file], west);
    // Beside a shop that runs in the other zone, too.
    const running = new Running(['start', '--no-history', '--no-simulator'], east);
    await running.printed(/is running/);
    await expectRefused(['report', '--day', '2024-05-06'], west);
    await expectRefused(['simulate', '--rate', '1', '--for', '1s'], west);
    const beside = await run(['report', '--rezone'], west);
    expect({ code: beside.code, stderr: beside.stderr }).toEqual({
      code: BAD_INPUT,
      stderr: expect.stringMatching(/shop is running: stop it/) as string,
    });
    expect((await running.interrupt()).code).toBe(0);
    expect(await reportsIn(east)).toEqual(before);

    // A question may be asked in any zone, and a file may bring its own.
    const asked = await succeed(['stats', '--json', '--at', '2024-05-05T23:59:59'], west);
    expect(JSON.parse(asked)).toMatchObject({ timeZone: 'America/New_York', ordersToday: 1, salesToday: 100 });
    expect(await succeed(['import', file, '--time-zone', 'Europe/Stockholm'], west)).toMatch(/^0 new orders/m);

    expect(await succeed(['report', '--rezone'], west)).toBe('33 reports are in America/New_York; 33 were restated.\n');
    const after = await reportsIn(west);
    expect(salesByDay(after)).toEqual({ '2024-05-05': 100, '2024-05-06': 600 });
    expect([...after.values()].every(({ timeZone }) => timeZone === 'America/New_York')).toBe(true);
    expect(after.get('2024-05-06')?.revision).toBe(2);
    await expectRefused(['start', '--no-simulator'], east);
    await startOnce(west, after.size);
    expect(salesByDay(await reportsIn(west))).toEqual(salesByDay(after));
    await succeed(['report', '--rezone'], east);
    expect(salesByDay(await reportsIn(east))).toEqual({ '2024-05-06': 700 });
    await succeed(['verify'], east);
  });
});

describe('the zone and the language of the machine', () => {
  it('change nothing that is printed or stored', { timeout: TIMEOUT_MS }, async () => {
    const results: string[][] = [];
    for (const machine of [
      { TZ: 'UTC', LANG: 'C', LC_ALL: 'C' },
      { TZ: 'Pacific/Auckland', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' },
    ]) {
      const env: Environment = { ...(await environment(`machine-${results.length}`)), ...STOCKHOLM, ...machine };
      const commands = [
        ['simulate', '--day', '2026-10-25', '--orders', '60', '--seed', '3'],
        ['import', file, '--rejects', path.join(dir, 'rejects.csv')],
        ['stats', '--json', '--at', '2026-10-25T02:30'],
        ['explain', 'sales', '--day', '2026-10-25'],
        ['explain', 'orders', '--json', '--day', '2026-10-25'],
        ['stats', '--at', '2026-10-25T22:30'],
      ];
      const printed: string[] = [];
      for (const args of commands) printed.push((await succeed(args, env)).replaceAll(env['DATA_DIR'] ?? '', ''));
      await succeed(['report', '--day', '2026-10-25'], env);
      for (const name of ['2026-10-25.csv', '2026-10-25.md']) {
        const text = await readFile(path.join(env['REPORTS_DIR'] ?? '', name), 'utf8');
        printed.push(text.replace(/issued .*/, ''));
      }
      results.push(printed);
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[0]?.join('')).toMatch(/SEK\s[\d,]+\.\d\d/);
  });
});

describeWithEngines('roles in another zone than the reports', ({ brokers, uri }) => {
  it.each([['serve'], ['report'], ['mail'], ['start', '--no-simulator'], ['simulate', '--rate', '1']])(
    '%s is refused',
    { timeout: TIMEOUT_MS },
    async (...args) => {
      const prefix = uniqueName('zone');
      const env = {
        ...(await environment(prefix)),
        KAFKA_BROKERS: brokers.join(','),
        MONGODB_URI: new URL(`/${prefix}`, uri).href,
        TOPIC_PREFIX: `${prefix}-`,
      };
      const log = await openKafkaLog({ brokers, clientId: 'test', logger: silentLogger, topicPrefix: `${prefix}-` });
      try {
        await log.ensureTopics();
        const golden = path.resolve(import.meta.dirname, '../../backend/events/golden/ReportIssued.v1.json');
        const event = JSON.parse(await readFile(golden, 'utf8')) as ReportIssued;
        await log.append([encode({ ...event, timeZone: 'Europe/Stockholm' })]);
      } finally {
        await log.close();
      }
      await expectRefused(args, { ...env, ...NEW_YORK });
    },
  );
});
