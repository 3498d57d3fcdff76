import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryModels, MemoryStore as ModelStore } from '../../projections/model/memory-models.ts';
import { MemoryLog } from '../adapters/memory/memory-log.ts';
import { MemoryStore as LogStore } from '../adapters/memory/memory-store.ts';
import { encode } from '../events/codec.ts';
import type { OrderHandled } from '../events/events.ts';
import { systemClock } from '../ports/clock.ts';
import { silentLogger } from '../ports/logger.ts';
import { handled } from '../queries/testing.ts';
import { compose, mailPath } from './compose.ts';
import { listening } from './mailer-test-kit.ts';
import { MAILER_COLLECTION, startMailer, type Mailer, type MailerOptions } from './mailer.ts';

const timeZone = 'Europe/Stockholm';
const AT = Date.parse('2026-11-22T14:00:00.000Z');
const DAY = '2026-11-22';

let mailbox: string;
let log: MemoryLog;
let models: MemoryModels;
let running: { stop(): Promise<void> }[];

beforeEach(async () => {
  mailbox = join(await mkdtemp(join(tmpdir(), 'mailbox-')), 'mailbox');
  log = new MemoryLog(new LogStore());
  models = new MemoryModels(new ModelStore());
  running = [];
});

afterEach(async () => {
  await Promise.all(running.map((each) => each.stop()));
  await rm(join(mailbox, '..'), { recursive: true, force: true });
});

async function start(more: Partial<MailerOptions> = {}): Promise<Mailer> {
  const mailer = await startMailer({
    log,
    models,
    clock: systemClock,
    logger: silentLogger,
    mailbox,
    timeZone,
    minorDigits: 2,
    ...more,
  });
  running.push(mailer);
  return mailer;
}

async function append(events: readonly OrderHandled[]): Promise<void> {
  await log.append(events.map(encode));
}

const orders = (from: number, count: number, more: Partial<OrderHandled> = {}): OrderHandled[] =>
  Array.from({ length: count }, (_, n) => handled(`order-${from + n}`, AT + from + n, more));

const ends = () => log.bounds('handled-orders');
const pathOf = (event: OrderHandled): string => mailPath(event, { timeZone });
const namesOf = (events: readonly OrderHandled[]): string[] => events.map(pathOf).sort();

/** Every file in the mailbox, whatever its name. */
async function filesOf(): Promise<string[]> {
  const entries = await readdir(mailbox, { recursive: true, withFileTypes: true });
  const files = entries.filter((each) => each.isFile());
  return files.map((each) => relative(mailbox, join(each.parentPath, each.name)).split(sep).join('/')).sort();
}

/** Files on a busy machine; nothing here is about time. */
const SLOW = { timeout: 60_000 };

describe('the mailbox', SLOW, () => {
  it('gets one file for each handled order, and goes on after a restart', async () => {
    const first = await start();
    await append(orders(0, 300));
    await first.caughtUp(await ends());
    expect(await filesOf()).toEqual(namesOf(orders(0, 300)));
    const one = orders(5, 1)[0] as OrderHandled;
    expect(await readFile(join(mailbox, pathOf(one)))).toEqual(
      (await compose(one, { timeZone, minorDigits: 2 })).bytes,
    );
    await first.stop();
    // What is behind the checkpoint is not written again, and what comes after it is.
    await rm(join(mailbox, pathOf(one)));
    await append(orders(300, 10));
    await (await start()).caughtUp(await ends());
    expect(await filesOf()).toEqual(namesOf(orders(0, 310).filter((each) => each.orderId !== 'order-5')));
  });

  it('leaves history and imports out unless asked', async () => {
    const history = [...orders(0, 5, { source: 'history' }), ...orders(5, 5, { source: 'import' })];
    await append([...history, ...orders(10, 1)]);
    const mailer = await start();
    await mailer.caughtUp(await ends());
    expect(await filesOf()).toEqual(namesOf(orders(10, 1)));
    await mailer.stop();
    models = new MemoryModels(new ModelStore());
    await (await start({ mailHistory: true })).caughtUp(await ends());
    expect(await filesOf()).toEqual(namesOf([...history, ...orders(10, 1)]));
  });

  it('holds exactly one whole file after a kill in mid-write', async () => {
    const [order] = orders(0, 1) as [OrderHandled];
    const folder = dirname(join(mailbox, pathOf(order)));
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, '.order-0.eml.4f1c.tmp'), 'From: Shop');
    await append([order]);
    await (await start()).caughtUp(await ends());
    expect(await filesOf()).toEqual([pathOf(order)]);
    const { bytes } = await compose(order, { timeZone, minorDigits: 2 });
    expect(await readFile(join(mailbox, pathOf(order)))).toEqual(bytes);
  });

  it('holds one file each with two mailers at once, and neither fails', async () => {
    const both = [await start(), await start()];
    for (let from = 0; from < 400; from += 40) await append(orders(from, 40));
    await Promise.all(both.map(async (each) => each.caughtUp(await ends())));
    expect(await filesOf()).toEqual(namesOf(orders(0, 400)));
    await Promise.all(both.map((each) => each.stop()));
    await Promise.all(both.map((each) => each.ended));
  });

  it('waits with files and checkpoint while the folder takes nothing', async () => {
    await mkdir(mailbox);
    await writeFile(join(mailbox, DAY), 'a file where the folder should be');
    const { logger, told } = listening();
    const mailer = await start({ logger });
    await append(orders(0, 20));
    await told(/cannot store files in .*mailbox: .*choose another folder\. The mails wait\./);
    expect(await models.checkpoints([MAILER_COLLECTION])).toEqual([]);
    await rm(join(mailbox, DAY));
    await mailer.caughtUp(await ends());
    expect(await filesOf()).toEqual(namesOf(orders(0, 20)));
  });

  it('goes on behind a record that cannot be read', async () => {
    await append(orders(0, 3));
    const poison = ['{', 'null', JSON.stringify({ type: 'OrderHandled', version: 7 })];
    await log.append(poison.map((value) => ({ topic: 'handled-orders', partition: 2, key: 'x', value })));
    await append(orders(3, 3));
    await (await start()).caughtUp(await ends());
    expect(await filesOf()).toEqual(namesOf(orders(0, 6)));
  });

  it('names a time zone that does not exist', async () => {
    await expect(start({ timeZone: 'Europe/Atlantis' })).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });
});
