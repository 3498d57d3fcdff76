/**
 * One data folder, read by one version of Node after another: every figure and every file is the same, byte for byte.
 * Locale data differs from one to the next: it gives HUF two digits in 20.19.0 and none in 20.20.2.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { openEmbedded } from '../../backend/adapters/lmdb/embedded.ts';
import { MINOR_DIGITS } from '../../backend/domain/minor-digits.ts';
import { ONCE_WITHOUT_DECIMALS } from '../../backend/cli/log-identity.ts';
import { encode } from '../../backend/events/codec.ts';
import { silentLogger } from '../../backend/ports/logger.ts';
import { line, placed } from '../../backend/queries/testing.ts';
import { killAll, run, succeed, type Environment } from '../cli.ts';
import { describeWithNodes } from '../engines.ts';
import type { OtherNode } from '../nodes.ts';

const TIMEOUT_MS = 300_000;
const DAY = '2024-05-06';

const HEADER = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country';
const fileOf = (first: string, second: string): string =>
  [
    HEADER,
    `860001,Q-1,TEÁSKANNA,2,${DAY} 08:26:00,${first},C1,Hungary`,
    `860002,Q-2,CSÉSZE,1,${DAY} 09:26:00,${second},C1,Hungary`,
    '',
  ].join('\n');

interface Case {
  readonly currency: string;
  /** Which of the versions, from the oldest, makes the folder. */
  readonly writer: number;
  readonly csv: string;
  readonly sales: number;
  readonly shown: string;
}

const CASES: readonly Case[] = [
  { currency: 'HUF', writer: 0, csv: fileOf('1299.90', '450'), sales: 304_980, shown: 'HUF 3,049.80' },
  { currency: 'HUF', writer: 3, csv: fileOf('1299.90', '450'), sales: 304_980, shown: 'HUF 3,049.80' },
  { currency: 'SEK', writer: 2, csv: fileOf('1299.90', '450'), sales: 304_980, shown: 'SEK 3,049.80' },
  { currency: 'KWD', writer: 1, csv: fileOf('1299.905', '0.001'), sales: 2_599_811, shown: 'KWD 2,599.811' },
];

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-nodes-'));
});
afterEach(killAll);
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Amounts have a no-break space, which the cells of a report have not. */
const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

function environment(name: string, reports: string): Environment {
  return {
    DATA_DIR: path.join(dir, name),
    REPORTS_DIR: path.join(dir, name, reports),
    MAILBOX_DIR: path.join(dir, name, 'mailbox'),
    LOG_LEVEL: 'warn',
    TIME_ZONE: 'Europe/Stockholm',
  };
}

/** Everything that is told of the folder, and every file of the report. */
async function toldBy({ version, file: node }: OtherNode, name: string): Promise<Record<string, string>> {
  const env = environment(name, version);
  const told: Record<string, string> = {
    stats: await succeed(['stats', '--json', '--at', `${DAY}T12:00`], env, node),
    explained: await succeed(['explain', 'sales', '--from', DAY, '--to', `${DAY}T12:00`], env, node),
  };
  await succeed(['report', '--day', DAY], env, node);
  for (const end of ['json', 'md', 'csv']) {
    told[end] = await readFile(path.join(env['REPORTS_DIR'] ?? '', `${DAY}.${end}`), 'utf8');
  }
  return told;
}

describeWithNodes('any version of Node', (nodes) => {
  it.each(CASES.map((each) => ({ ...each, by: nodes[each.writer] ?? nodes[0] })))(
    'tells the same of a folder in $currency that $by.version made',
    { timeout: TIMEOUT_MS },
    async ({ currency, writer, by, csv, sales, shown }) => {
      const file = path.join(dir, `${currency}.csv`);
      await writeFile(file, csv);
      const name = `${currency}-${writer}`;
      const env = environment(name, '');
      const imported = await succeed(['import', file, '--currency', currency], env, by?.file);
      expect(plain(imported)).toContain(shown);

      const told = new Map<string, Record<string, string>>();
      for (const node of nodes) told.set(node.version, await toldBy(node, name));
      const [first = {}] = told.values();
      expect(JSON.parse(first['stats'] ?? '')).toMatchObject({ currency, salesToday: sales });
      for (const each of ['explained', 'md']) expect(plain(first[each] ?? '')).toContain(shown);
      for (const [version, each] of told) expect({ version, ...each }).toEqual({ version, ...first });
      await succeed(['verify'], env, nodes.at(-1)?.file);
    },
  );

  it('composes the same mail', { timeout: TIMEOUT_MS }, async () => {
    const root = path.resolve(import.meta.dirname, '../..');
    const program = `
      import { readFileSync } from 'node:fs';
      import { compose } from './backend/mailer/compose.ts';
      const event = JSON.parse(readFileSync('backend/events/golden/OrderHandled.v1.json', 'utf8'));
      for (const [currency, minorDigits] of [['SEK', 2], ['HUF', 2], ['HUF', 0], ['JPY', 0], ['EUR', 2]])
        for (const timeZone of ['Europe/Stockholm', 'America/New_York'])
          process.stdout.write((await compose({ ...event, currency }, { timeZone, minorDigits })).bytes);`;
    const args = ['--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', program];
    const mails = await Promise.all(
      nodes.map(async ({ file }) => (await promisify(execFile)(file, args, { cwd: root })).stdout),
    );
    expect(mails[0]).toContain('Subject: Your order');
    for (const mail of mails) expect(mail).toBe(mails[0]);
  });

  it('gives no currency other digits than ISO 4217 but those that old logs are asked about', async () => {
    const program = `
      const of = (currency) => new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions();
      process.stdout.write(JSON.stringify(process.argv.slice(1).map((each) => of(each).maximumFractionDigits)));`;
    const currencies = [...MINOR_DIGITS.keys()];
    const seen = new Set<string>();
    for (const { file } of nodes) {
      const { stdout } = await promisify(execFile)(file, ['--eval', program, ...currencies]);
      const digits = JSON.parse(stdout) as number[];
      for (const [index, currency] of currencies.entries()) {
        if (digits[index] === MINOR_DIGITS.get(currency)) continue;
        expect([currency, digits[index]]).toEqual([currency, 0]);
        seen.add(currency);
      }
    }
    expect([...seen].sort()).toEqual([...ONCE_WITHOUT_DECIMALS].sort());
  });
});

it('a folder of a former version is asked about once, instead of guessed', { timeout: TIMEOUT_MS }, async () => {
  const env = environment('former', 'reports');
  const envelope = { version: 1, at: `${DAY}T06:26:00.000Z`, source: 'import' } as const;
  const { log, close } = await openEmbedded({ dir: env['DATA_DIR'] ?? '', logger: silentLogger, mode: 'own' });
  await log.ensureTopics();
  await log.append([
    encode({ type: 'LogCreated', ...envelope, id: 'log', logId: 'l-1', currency: 'HUF' }),
    encode({ ...placed('o-1', Date.parse(envelope.at), { lines: [line('Q-1', 1, 304_980)] }), currency: 'HUF' }),
  ]);
  await close();
  const asked = await run(['report', '--day', DAY], env);
  expect(asked.code).toBe(2);
  expect(asked.stderr).toMatch(/^error: this log is in HUF and does not say .* MINOR_DIGITS=2 or MINOR_DIGITS=0.*\n$/);

  await succeed(['report', '--day', DAY], { ...env, MINOR_DIGITS: '2' });
  expect(await succeed(['stats', '--at', `${DAY}T12:00`], env).then(plain)).toContain('HUF 3,049.80');
  const other = await run(['stats'], { ...env, MINOR_DIGITS: '0' });
  expect(other.code).toBe(2);
  expect(other.stderr).toMatch(/^error: MINOR_DIGITS is 0, but .* have 2 decimals: leave it out\n$/);
});
