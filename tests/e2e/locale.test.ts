/** What is printed for programs, and what is written, is the same whatever locale the machine has. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { foldersIn } from '../../backend/cli/another.ts';
import { succeed, type Environment } from '../cli.ts';

const TIMEOUT_MS = 180_000;
const DAY = '2026-11-20';
const LOCALES: readonly Environment[] = [
  { LANG: 'C' },
  { LC_ALL: 'tr_TR.UTF-8' },
  { LANG: 'en_US@posix' },
  { LC_ALL: 'ar_EG.UTF-8' },
];

let dir: string;
let env: Environment & { REPORTS_DIR: string };
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-locale-'));
  env = { ...foldersIn(dir), LOG_LEVEL: 'warn' };
  await succeed(['simulate', '--day', DAY, '--orders', '300', '--seed', '42'], env);
}, TIMEOUT_MS);
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('the locale of the machine', () => {
  it('changes nothing that programs read, and stops no verb', { timeout: TIMEOUT_MS }, async () => {
    const seen = new Map<string, Environment>();
    for (const locale of LOCALES) {
      const print = (...args: string[]): Promise<string> => succeed(args, { ...env, ...locale });
      const printed = [
        await print('stats', '--json', '--at', `${DAY}T20:00`),
        await print('explain', 'sales', '--json', '--day', DAY),
      ];
      await print('report', '--day', DAY);
      const files = ['json', 'md', 'csv'].map((kind) => readFile(path.join(env.REPORTS_DIR, `${DAY}.${kind}`), 'utf8'));
      await rm(env.REPORTS_DIR, { recursive: true });
      const all = [...printed, ...(await Promise.all(files))].join('\n');
      seen.set(all, locale);
      // For people it is in their own figures.
      expect(await print('stats', '--at', `${DAY}T20:00`)).toMatch(/P-1001|Kaffemugg/);
    }
    expect([...seen.values()]).toEqual([LOCALES.at(-1)]);
  });
});
