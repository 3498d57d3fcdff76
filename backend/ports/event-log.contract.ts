/**
 * What every event log must do, whatever engine is behind it. An adapter's own test file calls these with
 * a way to open a fresh log.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { partitionOf } from '../events/topics.ts';
import type { EventLog, TopicPartition } from './event-log.ts';
import { ShopError } from './errors.ts';
import {
  drain,
  eventually,
  keysOf,
  readAll,
  readRange,
  record,
  recordsOf,
  series,
  TEST_MAX_MS,
  type OpenedLog,
  type OpenLog,
} from './event-log.contract-kit.ts';
import { groupSuite } from './event-log.contract-group.ts';
import { subscribeSuite } from './event-log.contract-subscribe.ts';

const ONE_MIB = 1_048_576;
const ORDERS_0: TopicPartition = { topic: 'orders', partition: 0 };

/** The log of the test that is running. */
interface Current {
  readonly log: EventLog;
  readonly reopen: () => Promise<EventLog>;
}

/** The suite for every event log. `open` gives a fresh, empty log whose topics are ensured. */
export function eventLogContract(name: string, open: OpenLog): void {
  describe(`${name} keeps the event log's promises`, { timeout: TEST_MAX_MS }, () => {
    const current = opened(open);
    describe('append and read', () => {
      appendSuite(current);
      rangeSuite(current);
    });
    describe('writers', () => fencingSuite(current));
    describe('subscribe', () => subscribeSuite(current));
    describe('closing', () => closingSuite(current));
  });
}

/** The suite for logs whose subscribers share a group's partitions out among processes. */
export function eventLogGroupContract(name: string, open: OpenLog): void {
  describe(`${name} shares partitions out among the members of a group`, { timeout: TEST_MAX_MS }, () => {
    groupSuite(opened(open));
  });
}

function opened(open: OpenLog): Current {
  let present: OpenedLog | null = null;
  const need = (): OpenedLog => {
    if (present === null) throw new Error('no log is open');
    return present;
  };
  beforeEach(async () => {
    present = await open();
  }, TEST_MAX_MS);
  afterEach(async () => {
    await present?.dispose();
    present = null;
  }, TEST_MAX_MS);
  return {
    get log() {
      return need().log;
    },
    reopen: () => need().reopen(),
  };
}

function appendSuite(current: Current): void {
  it('starts empty, and ensuring the topics again changes nothing', async () => {
    const { log } = current;
    await log.ensureTopics();
    expect(await log.bounds('orders')).toEqual(Array.from({ length: 6 }, () => ({ low: 0, end: 0 })));
    expect(await log.bounds('settings')).toEqual([{ low: 0, end: 0 }]);
    expect(log.engine).not.toBe('');
  });

  it('gives back keys and values as they were appended', async () => {
    const { log } = current;
    const values = ['plain', '', 'åäö 漢字 🙂 \u0000 \u2028', '{"a":[1,2]}', 'x'.repeat(ONE_MIB)];
    const keys = ['k', 'ключ', '🙂', 'a/b.c$d', 'long'];
    const writer = await log.writer('shop');
    await writer.append(values.map((value, index) => record('orders', 0, keys[index] ?? '', value)));
    const records = await readAll(log, 'orders', 0);
    expect(keysOf(records)).toEqual(keys);
    expect(records.map((each) => each.value?.toString('utf8'))).toEqual(values);
  });

  it('keeps the order in each partition and returns the offsets that are read later', async () => {
    const { log } = current;
    const writer = await log.writer('shop');
    const first = Array.from({ length: 300 }, (_, index) => record('orders', partitionOf(`k${index}`), `k${index}`));
    const second = Array.from({ length: 200 }, (_, index) => record('orders', partitionOf(`l${index}`), `l${index}`));
    const offsets = [...(await writer.append(first)), ...(await writer.append(second))];
    const records = [...first, ...second];
    expect(offsets).toHaveLength(records.length);
    for (let partition = 0; partition < 6; partition++) {
      const expected = records
        .map((each, index) => ({ offset: offsets[index], key: each.key, partition: each.partition }))
        .filter((each) => each.partition === partition)
        .map(({ offset, key }) => ({ offset, key }));
      const read = await readAll(log, 'orders', partition);
      expect(read.map(({ offset, key }) => ({ offset, key }))).toEqual(expected);
    }
  });

  it('appends to several topics at once', async () => {
    const { log } = current;
    const writer = await log.writer('shop');
    const offsets = await writer.append([
      record('orders', 3, 'a'),
      record('settings', 0, 's'),
      record('orders', 3, 'b'),
      record('stock', 5, 'p'),
    ]);
    expect(keysOf(await readAll(log, 'orders', 3))).toEqual(['a', 'b']);
    expect((await readAll(log, 'settings', 0))[0]?.offset).toBe(offsets[1]);
    expect((await readAll(log, 'stock', 5))[0]?.offset).toBe(offsets[3]);
    expect(offsets[2]).toBeGreaterThan(offsets[0] ?? Infinity);
  });

  it('appends nothing at all when one record cannot be appended', async () => {
    const { log } = current;
    const writer = await log.writer('shop');
    const outcome = writer.append([record('orders', 0, 'a'), record('stock', 1, 'b'), record('orders', 99, 'c')]);
    await expect(outcome).rejects.toBeInstanceOf(ShopError);
    const again = await log.writer('shop');
    await again.append([record('orders', 0, 'd'), record('stock', 1, 'e')]);
    expect(keysOf(await readAll(log, 'orders', 0))).toEqual(['d']);
    expect(keysOf(await readAll(log, 'stock', 1))).toEqual(['e']);
  });

  it('serialises appends that are started side by side', async () => {
    const { log } = current;
    const writer = await log.writer('shop');
    const groups = Array.from({ length: 10 }, (_, index) => series('orders', 0, `g${index}-`, 20));
    const offsets = await Promise.all(groups.map((group) => writer.append(group)));
    const read = await readAll(log, 'orders', 0);
    expect(read.map((each) => each.offset)).toEqual(offsets.flat());
    expect(keysOf(read)).toEqual(groups.flat().map((each) => each.key));
    expect(await writer.append([])).toEqual([]);
  });

  it('appends without a fence', async () => {
    const { log } = current;
    await log.append([record('dead-letters', 0, 'orders/0/1'), record('dead-letters', 0, 'orders/0/2')]);
    expect(keysOf(await readAll(log, 'dead-letters', 0))).toEqual(['orders/0/1', 'orders/0/2']);
    await log.append([record('read-model-updates', 0, 'sales')], { signal: true });
    await eventually('the signal is there', async () => (await log.bounds('read-model-updates'))[0]?.end === 1);
    expect(keysOf(await readAll(log, 'read-model-updates', 0))).toEqual(['sales']);
  });
}

function rangeSuite(current: Current): void {
  it('reads exactly the range that was asked for', async () => {
    const { log } = current;
    const writer = await log.writer('shop');
    for (let group = 0; group < 5; group++) await writer.append(series('orders', 0, `g${group}-`, 4));
    const { low, end } = (await log.bounds('orders'))[0] ?? { low: 0, end: 0 };
    const whole = recordsOf(await readRange(log, ORDERS_0, low, end));
    expect(whole).toHaveLength(20);
    for (let from = low; from <= end; from++) {
      expect(await drain(log.read(ORDERS_0, from, from))).toEqual([]);
      for (const to of new Set([Math.min(from + 1, end), Math.min(from + 7, end), end])) {
        const expected = whole.filter(({ offset }) => offset >= from && offset < to);
        expect(recordsOf(await readRange(log, ORDERS_0, from, to))).toEqual(expected);
      }
    }
  });

  it('reads to the end even if nothing but holes is left before it', async () => {
    const { log } = current;
    const writer = await log.writer('shop');
    for (let group = 0; group < 3; group++) await writer.append([record('orders', 0, `g${group}`)]);
    const last = (await readAll(log, 'orders', 0)).at(-1);
    const end = (await log.bounds('orders'))[0]?.end ?? -1;
    // Whether this engine leaves holes or not, reading on from the last record ends at `end`, with no record.
    expect(recordsOf(await readRange(log, ORDERS_0, (last?.offset ?? 0) + 1, end))).toEqual([]);
  });

  it('is there for another process', async () => {
    const { log, reopen } = current;
    const writer = await log.writer('shop');
    const [offset] = await writer.append([record('orders', 0, 'a'), record('orders', 0, 'b')]);
    const other = await reopen();
    await eventually('both are there', async () => ((await other.bounds('orders'))[0]?.end ?? 0) > (offset ?? 0) + 1);
    expect(keysOf(await readAll(other, 'orders', 0))).toEqual(['a', 'b']);
  });

  it('reads many records of several partitions side by side', async () => {
    const { log } = current;
    const writer = await log.writer('import');
    const records = [0, 1, 2, 3, 4, 5].flatMap((partition) => series('orders', partition, `p${partition}-`, 2_000));
    await writer.append(records);
    const read = await Promise.all([0, 1, 2, 3, 4, 5].map((partition) => readAll(log, 'orders', partition)));
    expect(read.flatMap(keysOf)).toEqual(records.map((each) => each.key));
  });
}

function fencingSuite(current: Current): void {
  it('lets only the newest writer of a name append', async () => {
    const { log } = current;
    const a = await log.writer('shop');
    const other = await log.writer('handler');
    await a.append([record('orders', 0, 'a1')]);
    const b = await log.writer('shop');
    // Fenced from the moment that B is there, before B has appended anything.
    await expect(a.append([record('orders', 0, 'a2'), record('stock', 1, 'a2')])).rejects.toMatchObject({
      code: 'FENCED',
    });
    await b.append([record('orders', 0, 'b1')]);
    await expect(a.append([record('orders', 0, 'a3')])).rejects.toMatchObject({ code: 'FENCED' });
    await other.append([record('orders', 0, 'h1')]);
    await b.append([record('orders', 0, 'b2')]);
    expect(keysOf(await readAll(log, 'orders', 0))).toEqual(['a1', 'b1', 'h1', 'b2']);
    expect(await readAll(log, 'stock', 1)).toEqual([]);
  });

  it('shows everything that its predecessor appended as soon as a writer is there', async () => {
    const { log } = current;
    for (let turn = 0; turn < 5; turn++) {
      const writer = await log.writer('shop');
      expect(await readAll(log, 'orders', 0)).toHaveLength(turn * 3);
      await writer.append(series('orders', 0, `t${turn}-`, 3));
    }
  });

  it('lets exactly one of several racing writers win each time', async () => {
    const { log } = current;
    await Promise.all([log.writer('shop'), log.writer('shop'), log.writer('shop')]).then(async (writers) => {
      const outcomes = await Promise.allSettled(
        writers.map((each, index) => each.append([record('orders', 0, `w${index}`)])),
      );
      const won = outcomes.flatMap((each, index) => (each.status === 'fulfilled' ? [`w${index}`] : []));
      expect(won).toHaveLength(1);
      const reader = await log.writer('shop');
      expect(keysOf(await readAll(log, 'orders', 0))).toEqual(won);
      await reader.close();
    });
  });
}

function closingSuite(current: Current): void {
  it('refuses what comes after it was closed', async () => {
    const { log } = current;
    const writer = await log.writer('shop');
    await writer.append([record('orders', 0, 'a')]);
    await writer.close();
    await writer.close();
    await expect(writer.append([record('orders', 0, 'b')])).rejects.toMatchObject({ code: 'CLOSED' });
    expect(keysOf(await readAll(log, 'orders', 0))).toEqual(['a']);
    await log.close();
    await log.close();
    await expect(log.bounds('orders')).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(log.writer('shop')).rejects.toMatchObject({ code: 'CLOSED' });
  });
}
