/** Real orders, imported by the program in both modes, give the figures that the file itself gives. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { killAll, freePort, run, Running, succeed, type Environment } from '../cli.ts';
import { sumsOf, type DaySums } from '../csv-sums.ts';
import { describeWithEngines, uniqueName } from '../engines.ts';

const REAL = path.resolve(import.meta.dirname, '../../../shared/data/online-retail-1000.csv');
const MADE_UP = path.resolve(import.meta.dirname, '../../backend/importer/fixtures/orders.csv');
const FILES = [REAL, MADE_UP].filter(existsSync);
const TIMEOUT_MS = 180_000;

interface Report {
  readonly orders: number;
  readonly sales: number;
  readonly products: readonly { readonly productId: string; readonly units: number; readonly amount: number }[];
}

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-import-'));
});
afterEach(killAll);
afterAll(() => rm(dir, { recursive: true, force: true }));

function environment(name: string): Environment {
  return {
    DATA_DIR: path.join(dir, name),
    REPORTS_DIR: path.join(dir, name, 'reports'),
    MAILBOX_DIR: path.join(dir, name, 'mailbox'),
    LOG_LEVEL: 'warn',
  };
}

async function expectImported(file: string, env: Environment): Promise<void> {
  const rejects = path.join(dir, `${path.basename(env['DATA_DIR'] ?? '')}.rejects.csv`);
  const args = ['import', file, '--date-format', 'month-first', '--rejects', rejects];
  await succeed(args, env);
  const again = await succeed(args, env);
  expect(again).toMatch(/\b0 (new )?orders/);
  const days = sumsOf(file);
  expect(days.size).toBeGreaterThan(0);
  for (const [day, sums] of days) await expectDay(day, sums, env);
  await succeed(['verify'], env);
}

async function expectDay(day: string, sums: DaySums, env: Environment): Promise<void> {
  const text = await succeed(['stats', '--json', '--at', `${day}T23:59:59`], env);
  const stats = JSON.parse(text) as Record<string, number>;
  expect({ day, orders: stats['ordersToday'], sales: stats['salesToday'] }).toEqual({
    day,
    orders: sums.orders,
    sales: sums.sales,
  });
  await succeed(['report', '--day', day], env);
  const file = path.join(env['REPORTS_DIR'] ?? '', `${day}.json`);
  const report = JSON.parse(await readFile(file, 'utf8')) as Report;
  expect({ orders: report.orders, sales: report.sales }).toEqual({ orders: sums.orders, sales: sums.sales });
  expect(new Map(report.products.map(({ productId, units }) => [productId, units]))).toEqual(sums.units);
  expect(new Map(report.products.map(({ productId, amount }) => [productId, amount]))).toEqual(sums.amounts);
}

describe('import, embedded', () => {
  it.each(FILES.map((file) => [path.basename(file), file]))('%s', { timeout: TIMEOUT_MS }, async (name, file) => {
    await expectImported(file, environment(`embedded-${name}`));
  });
});

describeWithEngines('import, on Kafka and MongoDB', ({ brokers, uri }) => {
  it.each(FILES.map((file) => [path.basename(file), file]))('%s', { timeout: TIMEOUT_MS }, async (name, file) => {
    const prefix = uniqueName('import');
    const env = {
      ...environment(`engines-${name}`),
      KAFKA_BROKERS: brokers.join(','),
      MONGODB_URI: new URL(`/${prefix}`, uri).href,
      TOPIC_PREFIX: `${prefix}-`,
      SHOP_URL: `http://127.0.0.1:${await freePort()}`,
    };
    const roles = [
      new Running(['shop'], { ...env, LOG_LEVEL: 'info' }),
      new Running(['project'], { ...env, LOG_LEVEL: 'info' }),
    ];
    try {
      await Promise.all(roles.map((role) => role.printed(/Running/)));
      await expectImported(file, env);
    } finally {
      for (const role of roles) await role.interrupt();
    }
  });
});

describe('import, by hand', () => {
  const HEADER = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country';
  const exists = (env: Environment): boolean => existsSync(env['DATA_DIR'] ?? '');

  it('leaves no trace of a file that cannot be used', { timeout: TIMEOUT_MS }, async () => {
    const env = environment('no-trace');
    const missing = await run(['import', 'nosuch/orders.csv', '--currency', 'GBP'], env);
    expect([missing.code, missing.stderr]).toEqual([2, 'error: nosuch/orders.csv does not exist\n']);
    const undecided = path.join(dir, 'undecided.csv');
    await writeFile(undecided, `${HEADER}\n1,A,APPLE,1,01/03/2024,1.00,7,SE\n`);
    const refused = await run(['import', undecided, '--currency', 'GBP'], env);
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toMatch(/^error: .*can be day-first .* or month-first .*; say --date-format day-first or/);
    const useless = path.join(dir, 'useless.csv');
    await writeFile(useless, `${HEADER}\n1,A,APPLE,1,2024-03-01,£1,7,SE\n`);
    const rejected = await run(['import', useless, '--currency', 'GBP'], env);
    expect(rejected.code).toBe(1);
    expect(rejected.stderr).toMatch(/no order can be made of .*: each line is in .*useless\.csv\.rejects\.csv/);
    expect(await readFile(`${useless}.rejects.csv`, 'utf8')).toContain('2,unreadable price,1,A');
    expect(exists(env)).toBe(false);
    await writeFile(useless, `${HEADER}\n1,A,APPLE,1,2024-03-01,1,7,SE\n`);
    expect(await succeed(['import', useless, '--currency', 'USD'], env)).toMatch(/^1 new orders/m);
  });

  it('shows how a file is read, and its first orders', { timeout: TIMEOUT_MS }, async () => {
    const env = environment('dry-run');
    const folder = path.join(dir, 'stands-here');
    await mkdir(folder, { recursive: true });
    const rows = ['1;A;APPLE;2;01.03.2024 10:00;1.234,50;7;SE', '2;A;APPLE;1;13.03.2024 10:00;1,5;7;SE'];
    const header = HEADER.replaceAll(',', ';').replace('InvoiceNo', 'Order, no. = id');
    await writeFile(path.join(folder, 'orders.csv'), [header, ...rows].join('\n'));
    const args = ['import', 'orders.csv', '--columns', 'InvoiceNo=Order, no. = id,StockCode=StockCode', '--dry-run'];
    const told = await succeed(args, { ...env, INIT_CWD: folder, TIME_ZONE: 'Europe/Stockholm' });
    expect(told.split('\n')).toEqual([
      `${path.join(folder, 'orders.csv')}: utf-8, separated by semicolons, dates day-first (line 3 settles it), ` +
        'decimal comma (line 2 settles it), times of Europe/Stockholm, SEK',
      '2 orders of 2 lines; the first ones:',
      expect.stringMatching(/^ {2}INV-1 {2}2024-03-01 10:00:00 {2}SEK.2,469\.00 {2}Customer 7, SE {2}2 × A$/),
      expect.stringMatching(/^ {2}INV-2 {2}2024-03-13 10:00:00 {2}SEK.1\.50 {2}Customer 7, SE {2}1 × A$/),
      'Nothing was imported.',
      '',
    ]);
    expect(exists(env)).toBe(false);
  });
});
