import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../ports/logger.ts';
import { openEmbedded, readOwner } from './embedded.ts';

const ROUNDS = 12;
const LINES_MAX = 60;
const WRITER = path.join(import.meta.dirname, 'crash/writer.ts');

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-crash-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** Lets the writer acknowledge so many appends, and kills it. Resolves to the last offset acknowledged. */
async function writeAndKill(acknowledgements: number): Promise<number> {
  const child = spawn(process.execPath, ['--import', 'tsx', WRITER, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.on('data', (data: Buffer) => {
    printed += data.toString();
    if (printed.split('\n').length > acknowledgements) child.kill('SIGKILL');
  });
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  expect(signal, `the writer was killed, after:\n${printed}`).toBe('SIGKILL');
  return Number(
    printed
      .split('\n')
      .filter((line) => line !== '')
      .at(-1),
  );
}

describe('the embedded data after kill -9', () => {
  it(`keeps every acknowledged append, and documents that agree, ${ROUNDS} times`, { timeout: 120_000 }, async () => {
    const seed = 42;
    const random = xoroshiro128plus(seed);
    for (let round = 1; round <= ROUNDS; round++) {
      const acknowledged = await writeAndKill(uniformInt(random, 1, LINES_MAX));
      const { log, models, close } = await openEmbedded({ dir, logger: silentLogger, mode: 'read' });
      const end = (await log.bounds('orders'))[0]?.end ?? 0;
      expect(end, `seed ${seed}, round ${round}`).toBeGreaterThan(acknowledged);
      expect(end % 20, 'appends are whole').toBe(0);
      const position = (await models.checkpoints(['counts']))[0]?.position ?? -1;
      const documents = await models.load('counts', { topic: 'orders', partition: 0 }, ['a', 'b']);
      expect(documents.map((each) => [each.position, each.body['total']])).toEqual(
        position === -1 ? [] : [[position, position + 1], [position, position + 1]], // prettier-ignore
      );
      await close();
    }
  });
});

// A limit on the size of files is as good as a full disk, and can be lifted while the process runs.
describe.skipIf(process.platform !== 'linux')('a full disk', () => {
  it(
    'refuses appends with a clear error, loses nothing, and goes on when there is space',
    { timeout: 60_000 },
    async () => {
      const limited = `trap '' XFSZ; ulimit -S -f 4000; exec "$0" --import tsx "$1" "$2"`;
      const args = ['-c', limited, process.execPath, path.join(import.meta.dirname, 'crash/full.ts'), dir];
      // lmdb prints the failed write itself; the test looks at what the adapter says.
      const child = spawn('bash', args, { stdio: ['ignore', 'pipe', 'ignore'] });
      let printed = '';
      child.stdout.on('data', (data: Buffer) => {
        const before = printed;
        printed += data.toString();
        if (!before.includes('refused') && printed.includes('refused')) {
          spawn('prlimit', ['--fsize=unlimited:unlimited', '--pid', String(child.pid)]);
        }
      });
      const [code] = (await once(child, 'close')) as [number | null];
      expect(code, printed).toBe(0);
      expect(printed).toMatch(/refused STORAGE the data folder .* cannot be written: .*DATA_DIR/);
      const acknowledged = Number(/acknowledged (\d+)/.exec(printed)?.[1]);
      const { log, close } = await openEmbedded({ dir, logger: silentLogger, mode: 'read' });
      expect((await log.bounds('orders'))[0]?.end).toBe(acknowledged);
      await close();
    },
  );
});

describe('the owner of the embedded data', () => {
  it('is one process; others learn who it is and where it answers', async () => {
    expect(await readOwner(dir)).toBeNull();
    const first = await openEmbedded({ dir, logger: silentLogger, mode: 'own' });
    await first.announce('http://127.0.0.1:7070/');
    await expect(openEmbedded({ dir, logger: silentLogger, mode: 'own' })).rejects.toMatchObject({
      code: 'OWNED',
      message: expect.stringContaining('http://127.0.0.1:7070/') as string,
    });
    expect(await readOwner(dir)).toMatchObject({ pid: process.pid, url: 'http://127.0.0.1:7070/' });
    await first.close();
    expect(await readOwner(dir)).toBeNull();
    const second = await openEmbedded({ dir, logger: silentLogger, mode: 'own' });
    await second.close();
  });

  it('is free at once after kill -9', { timeout: 60_000 }, async () => {
    await writeAndKill(1);
    expect(await readOwner(dir)).toBeNull();
    const { close } = await openEmbedded({ dir, logger: silentLogger, mode: 'own' });
    await close();
  });

  it('is refused a folder without data to read, and one that cannot be written', async () => {
    const empty = path.join(dir, 'empty');
    await expect(openEmbedded({ dir: empty, logger: silentLogger, mode: 'read' })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('npm start') as string,
    });
    const file = path.join(dir, 'a-file');
    await writeFile(file, '');
    const blocked = path.join(file, 'data');
    await expect(openEmbedded({ dir: blocked, logger: silentLogger, mode: 'own' })).rejects.toMatchObject({
      code: 'STORAGE',
      message: expect.stringContaining('DATA_DIR') as string,
    });
  });
});
