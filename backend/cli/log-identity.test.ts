import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEmbedded } from '../adapters/lmdb/embedded.ts';
import { MemoryLog } from '../adapters/memory/memory-log.ts';
import { MINOR_DIGITS } from '../domain/minor-digits.ts';
import { encode } from '../events/codec.ts';
import { eventsIn } from '../events/record.ts';
import type { LogCreated, ProductListed, ShopEvent } from '../events/events.ts';
import type { EventLog } from '../ports/event-log.ts';
import { silentLogger } from '../ports/logger.ts';
import { connect } from './connect.ts';
import { identify, ONCE_WITHOUT_DECIMALS, type LogIdentity, type Told } from './log-identity.ts';
import { readSettings } from './settings.ts';

const NOBODY: Told = { mayWrite: true, currency: null, minorDigits: null };
const envelope = { version: 1, at: '2026-11-01T08:00:00.000Z', source: 'live' } as const;

/** As former versions made it. */
const createdIn = (currency: string): LogCreated => ({
  type: 'LogCreated',
  ...envelope,
  id: 'log',
  logId: 'l-1',
  currency,
});

const listedAt = (price: number): ProductListed => ({
  type: 'ProductListed',
  ...envelope,
  id: 'listed',
  productId: 'p-1' as ProductListed['productId'],
  name: 'Teáskanna',
  category: '',
  price,
  currency: 'HUF',
});

async function logWith(...events: readonly ShopEvent[]): Promise<EventLog> {
  const log = new MemoryLog();
  await log.ensureTopics();
  for (const event of events) await log.append([encode(event)]);
  return log;
}

async function settingsIn(log: EventLog): Promise<ShopEvent[]> {
  const events: ShopEvent[] = [];
  const [bounds] = await log.bounds('settings');
  for await (const batch of log.read({ topic: 'settings', partition: 0 }, 0, bounds?.end ?? 0))
    events.push(...eventsIn(batch).map(({ event }) => event));
  return events;
}

async function refusal(identifying: Promise<LogIdentity | null>): Promise<string> {
  const error: unknown = await identifying.then(
    (found) => found,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ code: 'BAD_INPUT' });
  const { message } = error as Error;
  expect(message).not.toContain('\n');
  return message.replaceAll('\u00a0', ' ');
}

describe('a new log', () => {
  it('says how many decimals its amounts have, in any currency', async () => {
    for (const [currency, digits] of MINOR_DIGITS) {
      const log = await logWith();
      const identity = await identify(log, { ...NOBODY, currency });
      expect(identity).toMatchObject({ currency, minorDigits: digits });
      expect(await settingsIn(log)).toMatchObject([{ type: 'LogCreated', currency, minorDigits: digits }]);
      expect(await identify(log, { ...NOBODY, mayWrite: false })).toEqual(identity);
    }
  });

  it('is not made by who may not write', async () => {
    const log = await logWith();
    expect(await identify(log, { ...NOBODY, mayWrite: false })).toBeNull();
    expect(await settingsIn(log)).toEqual([]);
  });

  it('is not made with other decimals than ISO 4217 has', async () => {
    const log = await logWith();
    expect(await refusal(identify(log, { mayWrite: true, currency: 'HUF', minorDigits: 0 }))).toBe(
      'MINOR_DIGITS is 0, but the amounts of this log, in HUF, have 2 decimals: leave it out',
    );
    expect(await settingsIn(log)).toEqual([]);
  });
});

describe('a log that says its decimals', () => {
  it('has these, whatever the table or an operator says', async () => {
    const log = await logWith({ ...createdIn('HUF'), minorDigits: 0 });
    expect(await identify(log, NOBODY)).toMatchObject({ minorDigits: 0 });
    expect(await refusal(identify(log, { ...NOBODY, minorDigits: 2 }))).toBe(
      'MINOR_DIGITS is 2, but the amounts of this log, in HUF, have 0 decimals: leave it out',
    );
    expect(await identify(log, { ...NOBODY, minorDigits: 0 })).toMatchObject({ minorDigits: 0 });
    expect(await settingsIn(log)).toHaveLength(1);
  });

  it('has one currency', async () => {
    const log = await logWith({ ...createdIn('HUF'), minorDigits: 2 });
    expect(await refusal(identify(log, { ...NOBODY, currency: 'SEK' }))).toMatch(
      /^this log's currency is HUF, not SEK/,
    );
  });
});

describe('a log of a former version', () => {
  const sure = [...MINOR_DIGITS].filter(([currency]) => !ONCE_WITHOUT_DECIMALS.has(currency));

  it('has the decimals that any Node would have taken, without a question and without a trace', async () => {
    expect(sure.length).toBeGreaterThan(140);
    for (const [currency, digits] of sure) {
      const log = await logWith(createdIn(currency));
      expect(await identify(log, NOBODY), currency).toMatchObject({ currency, minorDigits: digits });
      expect(await settingsIn(log)).toHaveLength(1);
    }
  });

  it.each([...ONCE_WITHOUT_DECIMALS])('in %s asks once, and is settled for good', async (currency) => {
    const iso = MINOR_DIGITS.get(currency) ?? Number.NaN;
    for (const digits of [0, iso]) {
      const log = await logWith(createdIn(currency));
      expect(await refusal(identify(log, NOBODY))).toContain(`MINOR_DIGITS=${iso} or MINOR_DIGITS=0`);
      await refusal(identify(log, { ...NOBODY, minorDigits: 1 }));
      await refusal(identify(log, { ...NOBODY, mayWrite: false, minorDigits: digits }));
      expect(await settingsIn(log)).toHaveLength(1);

      expect(await identify(log, { ...NOBODY, minorDigits: digits })).toMatchObject({ currency, minorDigits: digits });
      expect(await settingsIn(log)).toMatchObject([
        { type: 'LogCreated' },
        { type: 'MinorDigitsSettled', minorDigits: digits },
      ]);
      expect(await identify(log, { ...NOBODY, mayWrite: false })).toMatchObject({ minorDigits: digits });
      expect(await identify(log, { ...NOBODY, minorDigits: digits })).toMatchObject({ minorDigits: digits });
      await refusal(identify(log, { ...NOBODY, minorDigits: digits === 0 ? iso : 0 }));
      expect(await settingsIn(log)).toHaveLength(2);
    }
  });

  it('asks with a price of its own, so that whoever knows the shop knows the answer', async () => {
    const log = await logWith(createdIn('HUF'), listedAt(129_990));
    expect(await refusal(identify(log, NOBODY))).toBe(
      'this log is in HUF and does not say how many decimals its amounts have: 2 by ISO 4217, but some versions of Node took 0. Its first price is HUF 1,299.90 (2) or HUF 129,990 (0). Start the shop (or the import) once with MINOR_DIGITS=2 or MINOR_DIGITS=0, which settles it for good',
    );
  });

  it('in what is no currency of ISO 4217 any more asks, too', async () => {
    const log = await logWith(createdIn('HRK'));
    expect(await refusal(identify(log, NOBODY))).toMatch(/HRK has none by ISO 4217.*MINOR_DIGITS=0 or MINOR_DIGITS=1/);
    expect(await identify(log, { ...NOBODY, minorDigits: 2 })).toMatchObject({ currency: 'HRK', minorDigits: 2 });
    expect(await identify(log, NOBODY)).toMatchObject({ minorDigits: 2 });
  });

  it('has the first of two answers', async () => {
    const answer = (minorDigits: number): ShopEvent => ({
      type: 'MinorDigitsSettled',
      ...envelope,
      id: `a-${minorDigits}`,
      minorDigits,
    });
    const log = await logWith(createdIn('HUF'), answer(0), answer(2));
    expect(await identify(log, NOBODY)).toMatchObject({ minorDigits: 0 });
  });
});

describe('an embedded log of a former version', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-identity-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  async function digitsOf(access: 'own' | 'read', environment: Record<string, string> = {}): Promise<number> {
    const connection = await connect(readSettings({ DATA_DIR: dir, ...environment }), access, silentLogger);
    await connection.close();
    expect(connection.currency).toBe('HUF');
    return connection.minorDigits;
  }

  it('is settled by a verb that writes, and known to all from then on', async () => {
    const { log, close } = await openEmbedded({ dir, logger: silentLogger, mode: 'own' });
    await log.ensureTopics();
    await log.append([encode(createdIn('HUF')), encode(listedAt(129_990))]);
    await close();

    await expect(digitsOf('own')).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(digitsOf('read')).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(digitsOf('read', { MINOR_DIGITS: '2' })).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect(await digitsOf('own', { MINOR_DIGITS: '2' })).toBe(2);
    expect(await digitsOf('own')).toBe(2);
    expect(await digitsOf('read')).toBe(2);
    await expect(digitsOf('own', { MINOR_DIGITS: '0' })).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });
});
