/** The part of the event log's contract that is about subscribers. */
import { expect, it } from 'vitest';
import type { Batch, EventLog, TopicPartition } from './event-log.ts';
import { Collector, eventually, gate, keysOf, readAll, record, series, TEST_MAX_MS } from './event-log.contract-kit.ts';

interface Current {
  readonly log: EventLog;
  readonly reopen: () => Promise<EventLog>;
}

const ORDERS_0: TopicPartition = { topic: 'orders', partition: 0 };
const ORDERS_1: TopicPartition = { topic: 'orders', partition: 1 };
const ALL_ORDERS = [0, 1, 2, 3, 4, 5].map((partition): TopicPartition => ({ topic: 'orders', partition }));

export function subscribeSuite(current: Current): void {
  followingSuite(current);
  startingSuite(current);
  seekingSuite(current);
  failingSuite(current);
}

/** Whether the subscriber has reached the end of every partition of `orders`. */
async function caughtUp(log: EventLog, collector: Collector): Promise<boolean> {
  const bounds = await log.bounds('orders');
  return bounds.every((each, partition) => collector.next({ topic: 'orders', partition }) >= each.end);
}

function followingSuite(current: Current): void {
  it('delivers every record of several topics, in the order of each partition, and reaches the ends', async () => {
    const { log } = current;
    const writer = await log.writer('shop');
    await writer.append([0, 1, 2, 3, 4, 5].flatMap((partition) => series('orders', partition, `o${partition}-`, 50)));
    await writer.append([...series('settings', 0, 's', 10), ...series('orders', 0, 'later-', 3)]);
    const collector = new Collector();
    const subscription = await collector.subscribe(log, { group: 'sales', topics: ['orders', 'settings'] });
    await eventually('all of orders', () => caughtUp(log, collector));
    await eventually('all of settings', () => collector.keys({ topic: 'settings', partition: 0 }).length === 10);
    await subscription.stop();
    await subscription.ended;
    for (const source of ALL_ORDERS)
      expect(collector.keys(source)).toEqual(keysOf(await readAll(log, 'orders', source.partition)));
    expect(collector.faults).toEqual([]);
  });

  // Twenty rounds in one test's time: an engine that polled seldom would not get through.
  it('delivers what is appended later soon, also through another handle', { timeout: TEST_MAX_MS / 2 }, async () => {
    const { log, reopen } = current;
    const writer = await log.writer('shop');
    const here = new Collector();
    const there = new Collector();
    const subscriptions = [
      await here.subscribe(log, { group: 'here', topics: ['orders'] }),
      await there.subscribe(await reopen(), { group: 'there', topics: ['orders'] }),
    ];
    await eventually('assigned', () => here.assignedNames.size === 6 && there.assignedNames.size === 6);
    for (let round = 0; round < 20; round++) {
      await writer.append([record('orders', round % 6, `r${round}`)]);
      await eventually(`round ${round} is seen`, () => here.allKeys().length > round && there.allKeys().length > round);
    }
    await Promise.all(subscriptions.map((each) => each.stop()));
    expect(here.allKeys()).toEqual(Array.from({ length: 20 }, (_, round) => `r${round}`));
    expect(there.allKeys()).toEqual(here.allKeys());
    expect([...here.faults, ...there.faults]).toEqual([]);
  });

  it('lets every group see all', async () => {
    const { log } = current;
    const writer = await log.writer('shop');
    await writer.append(series('orders', 2, 'a', 20));
    const groups = ['sales', 'stock-levels'];
    const collectors = groups.map(() => new Collector());
    const subscriptions = await Promise.all(
      collectors.map((each, index) => each.subscribe(log, { group: groups[index] ?? '', topics: ['orders'] })),
    );
    await writer.append(series('orders', 2, 'b', 20));
    for (const each of collectors) await eventually('40 records', () => each.allKeys().length === 40);
    await Promise.all(subscriptions.map((each) => each.stop()));
    expect(collectors.flatMap((each) => each.faults)).toEqual([]);
  });
}

function startingSuite(current: Current): void {
  it('starts at each checkpoint, whatever was committed before', async () => {
    const { log } = current;
    const writer = await log.writer('shop');
    for (let turn = 0; turn < 3; turn++) await writer.append(series('orders', 0, `t${turn}-`, 2));
    const whole = await readAll(log, 'orders', 0);
    const end = (await log.bounds('orders'))[0]?.end ?? -1;
    for (const from of [0, 1, 4, (whole.at(-1)?.offset ?? 0) + 1, end]) {
      const collector = new Collector();
      const subscription = await collector.subscribe(log, {
        group: 'sales',
        topics: ['orders'],
        from: (source) => (source.partition === 0 ? from : 0),
      });
      await eventually(`caught up from ${from}`, () => caughtUp(log, collector));
      subscription.commit(ORDERS_0, 3);
      await subscription.stop();
      expect(keysOf(collector.records(ORDERS_0))).toEqual(keysOf(whole.filter(({ offset }) => offset >= from)));
      expect(collector.faults).toEqual([]);
    }
  });

  it('never skips or repeats because of what is committed while it runs', async () => {
    const { log } = current;
    const writer = await log.writer('shop');
    await writer.append(series('orders', 0, 'a', 10));
    const collector = new Collector();
    const subscription = await collector.subscribe(log, { group: 'sales', topics: ['orders'] });
    await eventually('ten', () => collector.allKeys().length === 10);
    subscription.commit(ORDERS_0, 2);
    await writer.append(series('orders', 0, 'b', 10));
    await eventually('twenty', () => collector.allKeys().length === 20);
    await subscription.stop();
    expect(collector.keys(ORDERS_0)).toEqual(
      [...series('orders', 0, 'a', 10), ...series('orders', 0, 'b', 10)].map((each) => each.key),
    );
    expect(collector.faults).toEqual([]);
  });
}

function seekingSuite(current: Current): void {
  it('seeks back and forth, also while a batch is in hand', async () => {
    const { log } = current;
    const writer = await log.writer('shop');
    for (let turn = 0; turn < 10; turn++) await writer.append(series('orders', 0, `t${turn}-`, 3));
    const end = (await log.bounds('orders'))[0]?.end ?? -1;
    const held = gate();
    let calls = 0;
    const collector = new Collector();
    const subscription = await collector.subscribe(log, {
      group: 'sales',
      topics: ['orders'],
      handle: async (batch) => {
        if (batch.partition === 0 && ++calls === 1) await held.opened;
      },
    });
    await eventually('a batch is in hand', () => calls === 1);
    collector.seek(ORDERS_0, 17);
    collector.seek(ORDERS_0, end);
    // The jump that counts is the last one, and everything from there to the end follows.
    for (const target of [5, 0, 17, 1]) {
      const mark = collector.batches.length;
      collector.seek(ORDERS_0, target);
      held.open();
      const after = (): Batch[] => {
        const all = collector.batches.slice(mark).filter((each) => each.partition === 0);
        return all.slice(all.findIndex((each) => each.from === target));
      };
      await eventually(`all from ${target}`, () => after()[0]?.from === target && after().at(-1)?.next === end);
      const expected = (await readAll(log, 'orders', 0)).filter(({ offset }) => offset >= target);
      expect(keysOf(after().flatMap((each) => each.records))).toEqual(keysOf(expected));
    }
    await subscription.stop();
    expect(collector.faults).toEqual([]);
  });

  it('gives a slow reader one batch at a time, while other partitions go on', async () => {
    const { log } = current;
    const writer = await log.writer('shop');
    const held = gate();
    const inHand: Batch[] = [];
    const collector = new Collector();
    const subscription = await collector.subscribe(log, {
      group: 'sales',
      topics: ['orders'],
      handle: async (batch) => {
        if (batch.partition !== 0 || batch.records.length === 0) return;
        inHand.push(batch);
        await held.opened;
      },
    });
    await writer.append(series('orders', 0, 'first', 1));
    await eventually('a batch is in hand', () => inHand.length === 1);
    for (let round = 0; round < 5; round++) {
      await writer.append([...series('orders', 0, `more${round}-`, 2), ...series('orders', 1, `side${round}-`, 2)]);
      await eventually('the other goes on', () => collector.keys(ORDERS_1).length === 2 * (round + 1));
    }
    expect(inHand).toHaveLength(1);
    held.open();
    await eventually('the slow one gets the rest', () => collector.keys(ORDERS_0).length === 11);
    await subscription.stop();
    expect(collector.faults).toEqual([]);
  });
}

function failingSuite(current: Current): void {
  it.each([
    ['before the start of the log', (): number => -1],
    ['past the end of the log', (end: number): number => end + 5],
  ])('fails with LOG_MISMATCH when the checkpoint lies %s', async (_where, offsetFor) => {
    const { log } = current;
    const writer = await log.writer('shop');
    await writer.append(series('orders', 0, 'a', 3));
    const end = (await log.bounds('orders'))[0]?.end ?? 0;
    const collector = new Collector();
    const subscription = await collector.subscribe(log, {
      group: 'sales',
      topics: ['orders'],
      from: (source) => (source.partition === 0 ? offsetFor(end) : 0),
    });
    await expect(subscription.ended).rejects.toMatchObject({ code: 'LOG_MISMATCH' });
    await subscription.stop();
    expect(collector.records(ORDERS_0)).toEqual([]);
  });

  it('fails with the error of a handler that rejects', async () => {
    const { log } = current;
    const writer = await log.writer('shop');
    await writer.append(series('orders', 0, 'a', 3));
    const bug = new Error('a fold threw');
    const collector = new Collector();
    const subscription = await collector.subscribe(log, {
      group: 'sales',
      topics: ['orders'],
      handle: (batch) => (batch.records.length > 0 ? Promise.reject(bug) : Promise.resolve()),
    });
    await expect(subscription.ended).rejects.toBe(bug);
    await subscription.stop();
    expect(collector.batches.filter((each) => each.records.length > 0)).toHaveLength(1);
  });

  it('fails with the error of an assignment that rejects', async () => {
    const bug = new Error('the store does not answer');
    const subscription = await current.log.subscribe({
      group: 'sales',
      topics: ['orders'],
      assigned: () => Promise.reject(bug),
      revoked: () => {},
      batch: () => Promise.resolve(),
    });
    await expect(subscription.ended).rejects.toBe(bug);
    await subscription.stop();
  });

  it('waits for the batch in hand when it is stopped, and delivers nothing after', async () => {
    const { log } = current;
    const writer = await log.writer('shop');
    await writer.append(series('orders', 0, 'a', 3));
    const held = gate();
    const story: string[] = [];
    const collector = new Collector();
    const subscription = await collector.subscribe(log, {
      group: 'sales',
      topics: ['orders'],
      handle: async (batch) => {
        if (batch.partition !== 0) return;
        story.push('in hand');
        await held.opened;
        story.push('done');
      },
    });
    await eventually('a batch is in hand', () => story.length === 1);
    const stopped = subscription.stop().then(() => story.push('stopped'));
    // The whole life of another subscription is as much time as a stop that does not wait would need.
    const other = new Collector();
    const otherSubscription = await other.subscribe(log, { group: 'other', topics: ['orders'] });
    await writer.append(series('orders', 0, 'late', 3));
    await eventually('the other has all', () => other.allKeys().length === 6);
    await otherSubscription.stop();
    expect(story).toEqual(['in hand']);
    held.open();
    await stopped;
    await subscription.ended;
    await readAll(log, 'orders', 0);
    expect(story).toEqual(['in hand', 'done', 'stopped']);
    expect(collector.faults).toEqual([]);
  });
}
