/** The proof beside a running shop, and what it says of a store that somebody has changed. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { foldersIn } from '../../backend/cli/another.ts';
import { freePort, killAll, run, Running, succeed, type Environment } from '../cli.ts';
import { spoilDocument } from '../spoil.ts';

const TIMEOUT_MS = 180_000;
const DIGEST = /^ {2}stored {12}([0-9a-f]{32})$/m;

let dir: string;
let env: Environment;
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-verify-'));
  env = {
    ...foldersIn(dir),
    SHOP_URL: `http://127.0.0.1:${await freePort()}`,
    LOG_LEVEL: 'warn',
  };
});
afterEach(killAll);
afterAll(() => rm(dir, { recursive: true, force: true }));

it(
  'verify --continuous goes on beside a running shop, and ends with what it found',
  { timeout: TIMEOUT_MS },
  async () => {
    const shop = new Running(['start', '--no-history', '--rate', '20', '--flat', '--delay', '1s'], env);
    await shop.printed(/is running/);
    const proof = new Running(['verify', '--continuous'], env);
    await proof.printed(/digests equal[^]*digests equal/);
    expect(await proof.interrupt()).toMatchObject({ code: 0 });
    expect((await shop.interrupt()).code).toBe(0);

    const told = await succeed(['verify'], env);
    expect(told).toMatch(DIGEST);
    expect(await succeed(['verify'], env)).toBe(told);

    const key = await spoilDocument(env['DATA_DIR'] ?? '', 'sales');
    const once = await run(['verify'], env);
    expect(once.code).toBe(1);
    expect(once.stdout).toContain(`${key} total`);
    const json = JSON.parse((await run(['verify', '--json'], env)).stdout) as {
      projections: { name: string; digest: string; expectedDigest: string }[];
    };
    const differing = json.projections.filter(({ digest, expectedDigest }) => digest !== expectedDigest);
    expect(differing.map(({ name }) => name)).toEqual(['sales']);

    const again = new Running(['verify', '--continuous'], env);
    await again.printed(/sales differs in 1/);
    const ended = await again.interrupt();
    expect(ended.code).toBe(1);
    expect(ended.stdout).toContain(`${key} total`);
  },
);
