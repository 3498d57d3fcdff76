/** Whatever is typed or missing: one clear line, the right exit code, nothing changed. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { killAll, freePort, run, type Environment } from '../cli.ts';

const TIMEOUT_MS = 60_000;
const FAILED = 1;
const BAD_INPUT = 2;

let dir: string;
let taken: Server;
let takenPort: number;
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-bad-'));
  takenPort = await freePort();
  taken = createServer().listen(takenPort, '127.0.0.1');
});
afterEach(killAll);
afterAll(async () => {
  taken.close();
  await rm(dir, { recursive: true, force: true });
});

interface Case {
  readonly name: string;
  readonly args: readonly string[] | (() => Promise<string[]>);
  readonly env?: () => Environment | Promise<Environment>;
  readonly code: number;
  readonly says: RegExp;
}

async function file(name: string, text: string): Promise<string> {
  const at = path.join(dir, name);
  await writeFile(at, text);
  return at;
}

const CASES: readonly Case[] = [
  {
    name: 'figures over another file',
    args: async () => ['bench', 'kafka', '--json', await file('orders-of-march.csv', 'InvoiceNo,StockCode')],
    code: BAD_INPUT,
    says: /--json.*It is there, and holds no figures/,
  },
  { name: 'an unknown verb', args: ['strat'], code: BAD_INPUT, says: /unknown command 'strat'.*\(Did you mean/s },
  { name: 'an unknown option', args: ['stats', '--jsno'], code: BAD_INPUT, says: /unknown option '--jsno'.*--json/s },
  { name: 'a chance of 120 %', args: ['start', '--chance', '120%'], code: BAD_INPUT, says: /chance.*0%.*100%/i },
  { name: 'a day that does not exist', args: ['report', '--day', '2026-02-30'], code: BAD_INPUT, says: /day/ },
  { name: 'an instant that is none', args: ['stats', '--at', 'noon'], code: BAD_INPUT, says: /"noon" is no instant/ },
  {
    name: 'a projection that is none',
    args: ['project', 'sale'],
    code: BAD_INPUT,
    says: /no projection "sale".*sales/,
  },
  { name: 'a span that ends before it begins', args: ['simulate', '--from', '2026-11-02', '--to', '2026-11-01'], code: BAD_INPUT, says: /before/ }, // prettier-ignore
  {
    name: 'a span before 1970',
    args: ['simulate', '--day', '1950-01-01'],
    code: BAD_INPUT,
    says: /years 1970 to 2199/,
  },
  { name: 'a role without engines', args: ['handle'], code: BAD_INPUT, says: /KAFKA_BROKERS/ },
  { name: 'a time zone that is none', args: ['stats'], env: () => ({ TIME_ZONE: 'Europe/Stokholm' }), code: BAD_INPUT, says: /TIME_ZONE.*Stokholm/ }, // prettier-ignore
  { name: 'a currency that is none', args: ['stats'], env: () => ({ CURRENCY: 'KRONOR' }), code: BAD_INPUT, says: /CURRENCY.*KRONOR/ }, // prettier-ignore
  { name: 'one engine without the other', args: ['stats'], env: () => ({ KAFKA_BROKERS: 'localhost:9092' }), code: BAD_INPUT, says: /MONGODB_URI/ }, // prettier-ignore
  { name: 'no data yet', args: ['stats'], code: FAILED, says: /no data.*npm start/ },
  { name: 'a file that is not there', args: ['import', 'nowhere.csv'], code: BAD_INPUT, says: /nowhere\.csv/ },
  { name: 'a file without the columns', args: async () => ['import', await file('columns.csv', 'a,b\n1,2\n')], code: BAD_INPUT, says: /InvoiceNo/ }, // prettier-ignore
  { name: 'a file with an unclosed quote', args: async () => ['import', await file('quote.csv', 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n1,A,"open,1,12/1/10 8:26,1,1,UK\n')], code: BAD_INPUT, says: /line 2|quote/i }, // prettier-ignore
  { name: 'a port in use', args: async () => ['start', '--no-history', '--port', String(takenPort)], code: FAILED, says: /port.*in use/i }, // prettier-ignore
  { name: 'brokers that do not answer', args: ['stats'], env: async () => ({ KAFKA_BROKERS: `127.0.0.1:${await freePort()}`, MONGODB_URI: 'mongodb://127.0.0.1:1/x' }), code: FAILED, says: /Kafka does not answer.*KAFKA_BROKERS/ }, // prettier-ignore
  { name: 'a data folder that cannot be made', args: ['start', '--no-history'], env: async () => ({ DATA_DIR: path.join(await file('a-file', ''), 'data') }), code: FAILED, says: /a-file/ }, // prettier-ignore
];

describe('bad input', () => {
  it.each(CASES)('$name', { timeout: TIMEOUT_MS }, async ({ args, env, code, says }) => {
    const base = {
      DATA_DIR: path.join(dir, 'none'),
      SHOP_URL: `http://127.0.0.1:${await freePort()}`,
      LOG_LEVEL: 'warn',
    };
    const finished = await run(typeof args === 'function' ? await args() : args, { ...base, ...(await env?.()) });
    expect(finished.stderr).toMatch(says);
    expect(finished.stderr).not.toMatch(/^\s+at /m);
    expect(finished.stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
    expect(finished.code).not.toBe(0);
    expect([code, FAILED, BAD_INPUT]).toContain(finished.code);
  });
});
