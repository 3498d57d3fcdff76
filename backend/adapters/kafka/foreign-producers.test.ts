/** What others write to the topics, by real producers to a real broker: what is read, and what becomes a dead letter. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
// The default import, because Node does not see all the names that this CommonJS package exports.
import kafkajs, { type Message } from 'kafkajs';
import { compressSync } from 'snappy';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeWithKafka } from '../../../tests/engines.ts';
import { placed } from '../../../tests/events.ts';
import { findEngines } from '../../engines/engines.ts';
import { CACHE_DIR } from '../../engines/java.ts';
import { produceFromJava } from '../../engines/kafka-tools.ts';
import { startKafka } from '../../engines/kafka.ts';
import { encode, type NewRecord } from '../../events/codec.ts';
import { eventsIn, judge } from '../../events/record.ts';
import { PARTITIONS } from '../../events/topics.ts';
import { Collector, eventually, readAll, record } from '../../ports/event-log.contract-kit.ts';
import type { EventLog } from '../../ports/event-log.ts';
import { silentLogger } from '../../ports/logger.ts';
import { createClient, topicName, type KafkaSettings } from './client.ts';
import { ClusterConnection } from './connection.ts';
import { fetchFrom } from './fetch.ts';
import { openKafkaLog } from './kafka-log.ts';
import { kafkaForTests, settingsForTests } from './kafka-test-kit.ts';

const TEST_MAX_MS = 180_000;
const ORDERS = 300;
const CODECS = ['gzip', 'snappy', 'lz4', 'zstd'] as const;
/** Where brokers are given but none can be started, what needs Kafka's jars is skipped. */
const cannotStart = (await findEngines()).kafka.missing !== null;

function ordersOf(prefix: string, count = ORDERS): NewRecord[] {
  return Array.from({ length: count }, (_, number) => encode(placed({ orderId: `${prefix}-${number}` })));
}

const idsOf = (records: readonly { readonly key: string }[]): string[] => records.map(({ key }) => key).sort();

/** The ids of all orders that can be read, sorted. */
async function readIds(log: EventLog): Promise<string[]> {
  const ids: string[] = [];
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const records = await readAll(log, 'orders', partition);
    for (const { event } of eventsIn({ topic: 'orders', partition, records })) {
      if (event.type === 'OrderPlaced') ids.push(event.orderId);
    }
  }
  return ids.sort();
}

/** Why records are put aside, by partition and offset. */
async function causesIn(log: EventLog): Promise<string[]> {
  const causes: string[] = [];
  for (let partition = 0; partition < PARTITIONS; partition++) {
    for (const each of await readAll(log, 'orders', partition)) {
      const judged = judge('orders', partition, each);
      if (!judged.ok) causes.push(judged.cause);
    }
  }
  return causes;
}

/** The numbers of the codecs that the batches of orders stand in, in the broker's own log. */
async function codecsOf(settings: KafkaSettings): Promise<number[]> {
  const connection = new ClusterConnection(settings);
  const codecs = new Set<number>();
  const topic = topicName(settings, 'orders');
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const { responses } = await connection.run([topic], async (cluster) => {
      const [leader = ''] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]));
      const partitions = [{ partition, fetchOffset: '0', maxBytes: 1_000_000 }];
      const request = { isolationLevel: 1, maxWaitTime: 100, minBytes: 1, maxBytes: 1_000_000 };
      return fetchFrom(await cluster.findBroker({ nodeId: leader }), { ...request, topics: [{ topic, partitions }] });
    });
    const records = responses[0]?.partitions[0]?.records ?? Buffer.alloc(0);
    for (let at = 0; at + 61 < records.length; at += 12 + records.readInt32BE(at + 8)) {
      const attributes = records.readInt16BE(at + 21);
      if ((attributes & 0x20) === 0) codecs.add(attributes & 7);
    }
  }
  await connection.close();
  return [...codecs];
}

describeWithKafka('Kafka: other producers', ({ brokers }) => {
  let opened: Awaited<ReturnType<typeof kafkaForTests>>;
  beforeEach(async () => {
    opened = await kafkaForTests(brokers);
  });
  afterEach(() => opened.dispose());

  async function send(messages: Message[], compression = kafkajs.CompressionTypes.None): Promise<void> {
    const producer = createClient(opened.settings).producer({
      idempotent: true,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    await producer.send({ topic: topicName(opened.settings, 'orders'), messages, compression });
    await producer.disconnect();
  }

  it.skipIf(cannotStart).each(CODECS)(
    'are read when they compress with %s, as a producer in Java does it',
    { timeout: TEST_MAX_MS },
    async (compression) => {
      const { log, settings } = opened;
      const records = ordersOf(compression);
      await produceFromJava({ brokers, topic: topicName(settings, 'orders'), records, compression });
      expect(await readIds(log)).toEqual(idsOf(records));
      expect(await causesIn(log)).toEqual([]);
      expect(await codecsOf(settings)).toEqual([CODECS.indexOf(compression) + 1]);
    },
  );

  it.each(CODECS)('may be the broker itself, where compression.type=%s is set on the topic', async (codec) => {
    const { log, settings } = opened;
    const admin = createClient(settings).admin();
    await admin.connect();
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name: topicName(settings, 'orders'),
          configEntries: [{ name: 'compression.type', value: codec }],
        },
      ],
    });
    await admin.disconnect();
    const records = ordersOf(codec);
    const collector = new Collector();
    const subscription = await collector.subscribe(log, { group: 'sales', topics: ['orders'] });
    await (await log.writer('shop')).append(records);
    expect(await readIds(log)).toEqual(idsOf(records));
    await eventually('a subscriber has all', () => collector.allKeys().length === ORDERS);
    await subscription.stop();
    expect(await codecsOf(settings)).toEqual([CODECS.indexOf(codec) + 1]);
  });

  it('are read when they compress with snappy as librdkafka does it, without frames', async () => {
    const { log, settings } = opened;
    // What a program of ours would never do: kafkajs's codecs are one table for all of a process.
    kafkajs.CompressionCodecs[kafkajs.CompressionTypes.Snappy] = () => ({
      compress: ({ buffer }: { buffer: Buffer }) => Promise.resolve(compressSync(buffer)),
    });
    const records = ordersOf('bare');
    await send(records, kafkajs.CompressionTypes.Snappy);
    expect(await readIds(log)).toEqual(idsOf(records));
    expect(await codecsOf(settings)).toEqual([2]);
  });

  it('cannot stop a reader by a batch that would take all memory', { timeout: TEST_MAX_MS }, async () => {
    const { log } = opened;
    const [first, after] = [encode(placed({ orderId: 'o-1' })), encode(placed({ orderId: 'o-1' }))];
    await send([first]);
    const bomb = { key: 'bomb', partition: first.partition, value: Buffer.alloc(70_000_000) };
    await send([bomb, { ...bomb, value: 'beside it' }], kafkajs.CompressionTypes.GZIP);
    await send([after]);
    expect(await readIds(log)).toEqual(['o-1', 'o-1']);
    const cause = 'the batch of the offsets 1 to 2 cannot be read: it decompresses to more than 67108864 bytes';
    expect(await causesIn(log)).toEqual([cause]);
  });

  it('are read whatever else is with a record, and put aside with a cause where it is none of ours', async () => {
    const { log } = opened;
    const order = encode(placed({ orderId: 'o-1' }));
    const { key, value, partition } = order;
    const other = (partition + 1) % PARTITIONS;
    await send([
      { ...order, headers: { trace: ['a', 'b'], empty: '' } },
      { ...order, timestamp: '0' },
      { ...order, timestamp: String(Date.now() + 30 * 60_000) },
      { ...order, value: null },
      { ...order, key: null },
      { ...order, key: 'c-1' },
      { key, value, partition: other },
    ]);
    expect(await readIds(log)).toEqual(['o-1', 'o-1', 'o-1']);
    expect((await causesIn(log)).sort()).toEqual([
      'OrderPlaced must have the key "o-1", not "c-1"',
      'OrderPlaced must have the key "o-1", not none',
      `belongs to partition ${partition} by its key "o-1", not to ${other}`,
      'the record is empty',
    ]);
  });
});

describeWithKafka('Kafka: a batch that a disk has spoilt', () => {
  it.skipIf(cannotStart)('stops its readers with its place, and no others', { timeout: TEST_MAX_MS }, async () => {
    const dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-kafka-'));
    const kafka = await startKafka({ dir, logger: silentLogger, cacheDir: CACHE_DIR });
    const log = await openKafkaLog(settingsForTests(kafka.brokers, ''));
    try {
      await log.ensureTopics();
      await log.append(ordersOf('whole'));
      const before = await readAll(log, 'orders', 3);
      await log.append([record('orders', 3, 'spoilt')]);
      await kafka.stop();
      const file = path.join(dir, 'data', 'orders-3', '00000000000000000000.log');
      const bytes = await readFile(file);
      bytes.write('S', bytes.lastIndexOf('spoilt'));
      await writeFile(file, bytes);
      await kafka.restart();
      const reading = readAll(log, 'orders', 3);
      await expect(reading).rejects.toMatchObject({ code: 'LOG_MISMATCH' });
      const place = `orders/3 cannot be read past offset ${before.length}: the batch there is damaged`;
      await expect(reading).rejects.toThrow(place);
      expect(await readAll(log, 'orders', 2)).not.toEqual([]);
    } finally {
      await log.close();
      await kafka.stop();
      await rm(dir, { recursive: true, force: true });
    }
  });
});
