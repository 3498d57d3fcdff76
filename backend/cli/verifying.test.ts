import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEmbedded } from '../adapters/lmdb/embedded.ts';
import { ManualClock, systemClock, type Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import { silentLogger } from '../ports/logger.ts';
import type { Round } from '../verify/rounds.ts';
import { readSettings } from './settings.ts';
import { Verifying } from './verifying.ts';

let dir: string;
let verifying: Verifying | undefined;

beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-verifying-'));
});

afterEach(async () => {
  await verifying?.stop();
  verifying = undefined;
  await rm(dir, { recursive: true, force: true });
});

/** What the thread tells, and what is logged. */
class Told {
  readonly rounds: Round[] = [];
  readonly logged: { readonly fields: object; readonly message: string }[] = [];
  stills = 0;
  #waiting: (() => void)[] = [];
  readonly logger: Logger;

  constructor() {
    const log = (fields: object, message: string): void => {
      this.logged.push({ fields, message });
      this.#changed();
    };
    this.logger = { debug: () => {}, info: log, warn: log, error: log };
  }

  note(round: Round): void {
    this.rounds.push(round);
    this.#changed();
  }

  still(): void {
    this.stills += 1;
    this.#changed();
  }

  #changed(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

function start(told: Told, more: { seconds?: string; worker?: URL; clock?: Clock } = {}): Verifying {
  const { seconds = '1', clock = systemClock, worker } = more;
  const settings = readSettings({ DATA_DIR: dir, VERIFY_SECONDS: seconds, LOG_LEVEL: 'silent' });
  const other = worker === undefined ? {} : { worker };
  return new Verifying({ settings, clock, logger: told.logger, verified: told, ...other });
}

/** A thread of the test's own. */
async function thread(code: string): Promise<URL> {
  const file = path.join(dir, 'thread.mjs');
  await writeFile(file, code);
  return pathToFileURL(file);
}

describe('verification beside a shop', () => {
  it('reads what this process owns, from a thread of its own, and says when nothing has moved', async () => {
    const embedded = await openEmbedded({ dir, logger: silentLogger, mode: 'own' });
    try {
      await embedded.log.ensureTopics();
      const told = new Told();
      verifying = start(told);
      await told.until(() => told.rounds.length === 1 && told.stills > 0);
      expect(told.rounds[0]?.verification.ok).toBe(true);
      await verifying.stop();
      // What the thread closed is still open here.
      expect(await embedded.log.bounds('orders')).toHaveLength(6);
      await embedded.models.putMeta('test', { still: 'written' }, null);
      expect(told.logged).toEqual([]);
    } finally {
      await embedded.close();
    }
  });

  it('starts a thread that died again after a pause, and says why it died', async () => {
    const told = new Told();
    const clock = new ManualClock(0);
    const worker = await thread("throw new Error('out of luck');");
    verifying = start(told, { worker, clock });
    await told.until(() => told.logged.length === 1);
    expect(told.logged[0]?.fields).toEqual({ cause: 'out of luck' });
    await writeFile(path.join(dir, 'thread.mjs'), '');
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(29_999);
    expect(told.logged).toHaveLength(1);
    clock.advance(1);
    await told.until(() => told.logged.length === 2);
  });

  it('tells once that the read models differ', async () => {
    const told = new Told();
    const projection = { name: 'sales', differenceCount: 1, differences: [{ id: 'orders/1/x' }] };
    const bad = JSON.stringify({ kind: 'round', round: { verification: { ok: false, projections: [projection] } } });
    const worker = await thread(`
      import { parentPort } from 'node:worker_threads';
      parentPort.once('message', () => parentPort.close());
      for (let times = 0; times < 2; times++) parentPort.postMessage(${bad});`);
    verifying = start(told, { worker });
    await told.until(() => told.rounds.length === 2);
    expect(told.logged.map(({ fields }) => fields)).toEqual([{ projection: 'sales', document: 'orders/1/x' }]);
  });

  it('is ended when it does not end', async () => {
    const told = new Told();
    const worker = await thread(`
      import { parentPort } from 'node:worker_threads';
      parentPort.postMessage({ kind: 'still' });
      for (;;);`);
    const deaf = start(told, { worker });
    await told.until(() => told.stills === 1);
    await deaf.stop();
    expect(told.logged).toEqual([]);
  });

  it('is not started when it is switched off', async () => {
    const told = new Told();
    const off = start(told, { seconds: '0', worker: await thread("throw new Error('started');") });
    await off.stop();
    expect(told.logged).toEqual([]);
  });
});
