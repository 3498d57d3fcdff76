/** Real orders, imported by the program in both modes, give the figures that the file itself gives. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { killAll, freePort, Running, succeed, type Environment } from '../cli.ts';
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
  await succeed(['import', file, '--rejects', rejects], env);
  const again = await succeed(['import', file, '--rejects', rejects], env);
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
