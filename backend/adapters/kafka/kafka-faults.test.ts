import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
// The default import, because Node does not see all the names that this CommonJS package exports.
import kafkajs, { Partitioners } from 'kafkajs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeWithKafka, uniqueName } from '../../../tests/engines.ts';
import { CACHE_DIR } from '../../engines/java.ts';
import { findEngines } from '../../engines/engines.ts';
import { startKafka } from '../../engines/kafka.ts';
import { describeGroup } from '../../engines/kafka-tools.ts';
import { isShopError } from '../../ports/errors.ts';
import type { EventLog, Writer } from '../../ports/event-log.ts';
import {
  Collector,
  eventually,
  keysOf,
  readAll,
  record,
  recordsOf,
  readRange,
  series,
} from '../../ports/event-log.contract-kit.ts';
import { silentLogger } from '../../ports/logger.ts';
import { createClient, topicName } from './client.ts';
import { ensureTopics } from './topic-admin.ts';
import { kafkaForTests, listenSilently, settingsForTests } from './kafka-test-kit.ts';
import { openKafkaLog } from './kafka-log.ts';

const TEST_MAX_MS = 300_000;
/** Where brokers are given but none can be started, the tests that end one are skipped. */
const cannotStart = (await findEngines()).kafka.missing !== null;

describeWithKafka('Kafka: transactions of others', ({ brokers }) => {
  let opened: Awaited<ReturnType<typeof kafkaForTests>>;
  beforeEach(async () => {
    opened = await kafkaForTests(brokers);
  });
  afterEach(() => opened.dispose());

  /** A transaction that is ended, or left open, by hand. */
  async function transaction(name: string) {
    const { settings } = opened;
    const producer = createClient(settings).producer({
      transactionalId: settings.topicPrefix + name,
      idempotent: true,
      createPartitioner: Partitioners.DefaultPartitioner,
      transactionTimeout: 60_000,
    });
    await producer.connect();
    const begun = await producer.transaction();
    const send = (key: string): Promise<unknown> =>
      begun.send({ topic: topicName(settings, 'orders'), messages: [{ key, value: key, partition: 0 }] });
    return { send, commit: () => begun.commit(), abort: () => begun.abort(), close: () => producer.disconnect() };
  }

  it('leaves out what was aborted, also when aborted transactions overlap', async () => {
    const { log } = opened;
    const writer = await log.writer('shop');
    const a = await transaction('a');
    const b = await transaction('b');
    await a.send('a1');
    await b.send('b1');
    await writer.append([record('orders', 0, 'w1')]);
    await a.send('a2');
    // The broker lists aborted transactions by their ends, so the one that began later comes first.
    await b.abort();
    await writer.append([record('orders', 0, 'w2')]);
    await a.abort();
    const c = await transaction('c');
    await c.send('c1');
    await c.abort();
    await writer.append([record('orders', 0, 'w3')]);
    await eventually('all is decided', async () => ((await log.bounds('orders'))[0]?.end ?? 0) >= 10);
    expect(keysOf(await readAll(log, 'orders', 0))).toEqual(['w1', 'w2', 'w3']);
    const collector = new Collector();
    const subscription = await collector.subscribe(log, { group: 'sales', topics: ['orders'] });
    const end = (await log.bounds('orders'))[0]?.end ?? -1;
    await eventually('the end', () => collector.next({ topic: 'orders', partition: 0 }) === end);
    await subscription.stop();
    expect(collector.allKeys()).toEqual(['w1', 'w2', 'w3']);
    expect(collector.faults).toEqual([]);
    await Promise.all([a.close(), b.close(), c.close()]);
  });

  it('ends before a transaction that is still open, which a writer of its name aborts', async () => {
    const { log } = opened;
    const open = await transaction('shop');
    await open.send('half');
    expect((await log.bounds('orders'))[0]).toEqual({ low: 0, end: 0 });
    const writer = await log.writer('shop');
    // Fencing first has decided the predecessor's transaction, so the ends taken now are final.
    const { end } = (await log.bounds('orders'))[0] ?? { end: -1 };
    expect(end).toBeGreaterThan(0);
    expect(recordsOf(await readRange(log, { topic: 'orders', partition: 0 }, 0, end))).toEqual([]);
    await writer.append([record('orders', 0, 'after')]);
    await expect(open.commit()).rejects.toThrow();
    expect(keysOf(await readAll(log, 'orders', 0))).toEqual(['after']);
    await open.close();
  });

  it('fences writers in other processes', async () => {
    const a = await opened.log.writer('shop');
    await a.append([record('orders', 0, 'a')]);
    const other = await opened.reopen();
    const b = await other.writer('shop');
    expect(keysOf(await readAll(other, 'orders', 0))).toEqual(['a']);
    await expect(a.append([record('orders', 0, 'late')])).rejects.toMatchObject({ code: 'FENCED' });
    await b.append([record('orders', 0, 'b')]);
    expect(keysOf(await readAll(other, 'orders', 0))).toEqual(['a', 'b']);
  });

  it('refuses a record that Kafka refuses, and appends nothing of its batch', async () => {
    const { log } = opened;
    const writer = await log.writer('shop');
    const tooLarge = record('orders', 1, 'large', 'x'.repeat(5_000_000));
    await expect(writer.append([record('orders', 0, 'a'), tooLarge])).rejects.toMatchObject({ code: 'STORAGE' });
    await expect(writer.append([record('orders', 0, 'b')])).rejects.toMatchObject({ code: 'STORAGE' });
    const again = await log.writer('shop');
    await again.append([record('orders', 0, 'c')]);
    expect(keysOf(await readAll(log, 'orders', 0))).toEqual(['c']);
  });

  it.skipIf(cannotStart)(
    "shows no lag in Kafka's own tool after the end was committed",
    { timeout: TEST_MAX_MS },
    async () => {
      const { log, settings } = opened;
      const writer = await log.writer('shop');
      await writer.append(series('settings', 0, 's', 10));
      const collector = new Collector();
      const subscription = await collector.subscribe(log, { group: 'sales', topics: ['settings'] });
      const source = { topic: 'settings', partition: 0 } as const;
      const end = (await log.bounds('settings'))[0]?.end ?? -1;
      await eventually('the end', () => collector.next(source) === end);
      subscription.commit(source, end);
      await subscription.stop();
      const group = `${settings.topicPrefix}sales`;
      expect(await describeGroup({ brokers, group })).toMatchObject([{ group, current: end, end, lag: 0 }]);
    },
  );
});

describeWithKafka('Kafka: a log that is not what the checkpoint was made on', ({ brokers }) => {
  it('fails loudly when records below the position were deleted', async () => {
    const opened = await kafkaForTests(brokers);
    const { log, settings } = opened;
    const writer = await log.writer('shop');
    for (let turn = 0; turn < 5; turn++) await writer.append(series('orders', 0, `t${turn}-`, 5));
    const admin = createClient(settings).admin();
    await admin.connect();
    // kafkajs deletes records only of topics that it knows already.
    await admin.fetchTopicOffsets(topicName(settings, 'orders'));
    await admin.deleteTopicRecords({
      topic: topicName(settings, 'orders'),
      partitions: [{ partition: 0, offset: '7' }],
    });
    await admin.disconnect();
    await eventually('the low end moved', async () => (await log.bounds('orders'))[0]?.low === 7);
    const reading = readRange(log, { topic: 'orders', partition: 0 }, 3, 20);
    await expect(reading).rejects.toMatchObject({ code: 'LOG_MISMATCH' });
    expect(await readAll(log, 'orders', 0)).not.toHaveLength(0);
    const collector = new Collector();
    const subscription = await collector.subscribe(log, {
      group: 'g',
      topics: ['orders'],
      from: ({ partition }) => (partition === 0 ? 7 : 0),
    });
    await eventually('reading', () => collector.allKeys().length > 0);
    collector.seek({ topic: 'orders', partition: 0 }, 2);
    await expect(subscription.ended).rejects.toMatchObject({ code: 'LOG_MISMATCH' });
    await opened.dispose();
  });
});

describeWithKafka('Kafka: topics', ({ brokers }) => {
  it('are created once by several processes at the same time', async () => {
    const settings = settingsForTests(brokers, `${uniqueName('t')}.`);
    await Promise.all([1, 2, 3, 4].map(() => ensureTopics(settings)));
    const log = await openKafkaLog(settings);
    expect(await log.bounds('orders')).toHaveLength(6);
    await log.close();
  });

  /** The topic stock as somebody made it before; resolves to what comes of a start. */
  async function startOn(numPartitions: number, config: Readonly<Record<string, string>>) {
    const settings = settingsForTests(brokers, `${uniqueName('t')}.`);
    const admin = createClient(settings).admin();
    await admin.connect();
    const topic = topicName(settings, 'stock');
    const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
    // kafkajs waits for leaders only of topics that the broker knows already.
    await admin.createTopics({
      waitForLeaders: false,
      topics: [{ topic, numPartitions, replicationFactor: 1, configEntries }],
    });
    const failure = await ensureTopics(settings).then(
      () => null,
      (error: unknown) => error,
    );
    const described = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: Object.keys(config) }],
    });
    const kept = described.resources[0]?.configEntries.map((each) => [each.configName, each.configValue]);
    await admin.disconnect();
    return { topic, failure, kept };
  }

  const RIGHT = { 'retention.ms': '-1', 'max.message.bytes': '4194304' };

  it.each([
    ['retention.ms', '604800000', '-1'],
    ['retention.bytes', '1000000', '-1'],
    ['cleanup.policy', 'compact', 'delete'],
    ['cleanup.policy', 'compact,delete', 'delete'],
    ['max.message.bytes', '1048588', '4194304'],
    ['min.insync.replicas', '2', '1'],
    ['unclean.leader.election.enable', 'true', 'false'],
  ])('that exist with %s=%s are refused, left as they are, and named with what to do', async (name, value, needed) => {
    const config = { ...RIGHT, [name]: value };
    const { topic, failure, kept } = await startOn(6, config);
    expect(failure).toMatchObject({ code: 'MISCONFIGURED' });
    const { message } = failure as Error;
    expect(message).toContain(`topic ${topic} has ${name}=${value}, but ${needed} is needed, `);
    expect(message).toContain(`--entity-name ${topic} --add-config ${name}=${needed}`);
    expect(message).not.toMatch(/\n|must be mended, too/);
    expect(Object.fromEntries(kept ?? [])).toEqual(config);
  });

  it('that exist as Kafka makes them are refused with one command for all that is wrong', async () => {
    const { failure } = await startOn(6, {});
    expect((failure as Error).message).toMatch(/--add-config max\.message\.bytes=4194304,retention\.ms=-1$/);
  });

  it.each([1, 3, 12])('that exist with %i partitions are refused', async (partitions) => {
    const { topic, failure } = await startOn(partitions, RIGHT);
    expect(failure).toMatchObject({ code: 'MISCONFIGURED' });
    expect((failure as Error).message).toMatch(`topic ${topic} has ${partitions} partitions, but 6 are needed`);
  });

  it.each([
    ['compression.type', 'zstd'],
    ['message.timestamp.type', 'LogAppendTime'],
    ['max.message.bytes', '10000000'],
  ])('that exist with %s=%s will do', async (name, value) => {
    expect((await startOn(6, { ...RIGHT, [name]: value })).failure).toBeNull();
  });
});

describeWithKafka('Kafka: a broker that goes away', ({ brokers }) => {
  it('says where no broker answers and what to do', async () => {
    const nowhere = openKafkaLog({ brokers: ['127.0.0.1:1'], clientId: 'tests', logger: silentLogger });
    await expect(nowhere).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(nowhere).rejects.toThrow('Kafka does not answer at 127.0.0.1:1; start it or mend KAFKA_BROKERS');
    // Something that accepts connections and never says a word.
    const silent = await listenSilently();
    const mute = openKafkaLog({ brokers: [`127.0.0.1:${silent.port}`], clientId: 'tests', logger: silentLogger });
    await expect(mute).rejects.toThrow('Kafka does not answer at');
    silent.close();
    expect(brokers).not.toEqual([]);
  });

  it.skipIf(cannotStart)(
    'is survived: nothing acknowledged is lost, nothing comes twice, readers go on unaided',
    { timeout: TEST_MAX_MS },
    async () => {
      const dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-kafka-'));
      const kafka = await startKafka({ dir, logger: silentLogger, cacheDir: CACHE_DIR });
      const log = await openKafkaLog(settingsForTests(kafka.brokers, ''));
      try {
        await log.ensureTopics();
        const collector = new Collector();
        const subscription = await collector.subscribe(log, { group: 'sales', topics: ['orders'] });
        await eventually('assigned', () => collector.assignedNames.size === 6);
        const acknowledged: string[] = [];
        let going = true;
        const appending = appendSteadily(log, acknowledged, () => going);
        for (const outage of [() => kafka.kill9(), () => kafka.stop()]) {
          const target = acknowledged.length + 100;
          await eventually('appends go on', () => acknowledged.length >= target);
          await outage();
          await kafka.restart();
        }
        const target = acknowledged.length + 100;
        await eventually('appends go on', () => acknowledged.length >= target);
        going = false;
        await appending;
        await eventually('the reader has all', () => new Set(collector.allKeys()).size >= acknowledged.length);
        const inLog = (await Promise.all([0, 1, 2, 3, 4, 5].map((each) => readAll(log, 'orders', each)))).flatMap(
          keysOf,
        );
        expect(new Set(inLog).size).toBe(inLog.length);
        expect(acknowledged.filter((key) => !inLog.includes(key))).toEqual([]);
        await eventually('the reader has what the log has', () => collector.allKeys().length >= inLog.length);
        await subscription.stop();
        // After a rebalance the checkpoint of this test is 0 again, so records may come again, but only from there.
        expect(new Set(collector.allKeys())).toEqual(new Set(inLog));
        expect(collector.faults).toEqual([]);
      } finally {
        await log.close();
        await kafka.stop();
        await rm(dir, { recursive: true, force: true });
      }
    },
  );
});

/** As the shop does: after any failure fence again, read, and append what is not there. */
async function appendSteadily(log: EventLog, acknowledged: string[], going: () => boolean): Promise<void> {
  let writer: Writer | null = null;
  for (let number = 0; going(); number++) {
    const key = `k${number}`;
    for (;;) {
      try {
        if (writer === null) {
          writer = await log.writer('shop');
          if (keysOf(await readAll(log, 'orders', number % 6)).includes(key)) break;
        }
        await writer.append([record('orders', number % 6, key)]);
        break;
      } catch (error) {
        if (!isShopError(error)) throw error;
        await writer?.close();
        writer = null;
      }
    }
    acknowledged.push(key);
  }
}
