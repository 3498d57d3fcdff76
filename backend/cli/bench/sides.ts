/** The sides of the benchmarks: ours, and the barest program that does as much input and output. */
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { MongoClient } from 'mongodb';
import { collectionOf, type Projection } from '../../../projections/projection.ts';
import { caughtUp, endsOf } from '../../../projections/caught-up.ts';
import { orders } from '../../../projections/orders.ts';
import { PROJECTIONS } from '../../../projections/index.ts';
import { startProjector } from '../../../projections/projector.ts';
import { openKafkaLog } from '../../adapters/kafka/kafka-log.ts';
import { openEmbedded } from '../../adapters/lmdb/embedded.ts';
import { openMongoModels } from '../../adapters/mongo/mongo-models.ts';
import { judge } from '../../events/record.ts';
import { systemClock } from '../../ports/clock.ts';
import type { EventLog } from '../../ports/event-log.ts';
import { silentLogger } from '../../ports/logger.ts';
import type { ReadModels } from '../../ports/read-models.ts';
import type { Command } from '../../shop/commands.ts';
import { openShop } from '../../shop/shop.ts';
import { loadCatalogue } from '../../simulator/catalogue.ts';
import { grouped, orderRecords, placeOrders } from './dataset.ts';

export interface Job {
  readonly side: string;
  readonly events: number;
  /** Raised for each run, so that each folds into collections of its own. */
  readonly run: number;
  readonly brokers: readonly string[];
  readonly mongodbUri: string;
  readonly topicPrefix: string;
  /** The embedded data. */
  readonly dir: string;
}

export interface Measured {
  readonly events: number;
  readonly seconds: number;
}

export interface Figures extends Measured {
  readonly perSecond: number;
  /** The process's largest resident set, in MiB. */
  readonly peakMiB: number;
}

/** Documents or records in one request of the bare sides. */
const BULK_SIZE = 1_000;
/** Requests that our side has under way, as several clients of a shop would. */
const SUBMITS_IN_FLIGHT = 3;

const STATISTICS = PROJECTIONS.filter(({ kind }) => kind === 'folded');

export const SIDES: Readonly<Record<string, (job: Job) => Promise<Measured>>> = {
  'kafka-fill': fillKafka,
  'kafka-bare': bareKafka,
  'kafka-ours': async (job) => project(await kafkaLog(job), await mongoModels(job), STATISTICS, job),
  'lmdb-fill': fillLmdb,
  'lmdb-bare': bareLmdb,
  'lmdb-ours': projectLmdb,
  'orders-bare': bareOrders,
  'orders-ours': async (job) => project(await kafkaLog(job), await mongoModels(job), [orders], job),
  'shop-bare': bareProducer,
  'shop-ours': placeThroughShop,
};

export function figuresOf({ events, seconds }: Measured): Figures {
  const peakMiB = Math.round(process.resourceUsage().maxRSS / 1_024);
  return { events, seconds, perSecond: Math.round(events / seconds), peakMiB };
}

async function timed(events: number, work: () => Promise<void>): Promise<Measured> {
  const started = performance.now();
  await work();
  return { events, seconds: (performance.now() - started) / 1_000 };
}

function kafkaLog({ brokers, topicPrefix }: Job): Promise<EventLog> {
  return openKafkaLog({ brokers, clientId: 'bench', logger: silentLogger, topicPrefix });
}

function mongoModels({ mongodbUri }: Job): Promise<ReadModels> {
  return openMongoModels({ uri: mongodbUri, logger: silentLogger });
}

/** Folds everything from the beginning, until the checkpoints have reached the log's ends. */
async function project(
  log: EventLog,
  models: ReadModels,
  projections: readonly Projection[],
  job: Job,
): Promise<Measured> {
  const folded = projections.map((projection) => ({ projection, collection: collectionOf(projection, job.run) }));
  // Before the time runs: making indexes takes seconds, once.
  for (const { projection, collection } of folded) {
    await models.ensureCollection(collection, projection.kind === 'merged' ? projection.indexes : []);
  }
  const followed = folded.map(({ projection, collection }) => ({ collection, topics: projection.topics }));
  const ends = await endsOf(
    log,
    followed.flatMap(({ topics }) => topics),
  );
  return timed(job.events, async () => {
    await startProjector({
      log,
      models,
      clock: systemClock,
      logger: silentLogger,
      group: `bench-${job.run}`,
      projections: folded,
      deadLetters: () => Promise.reject(new Error('the benchmark has no dead letters')),
    });
    await caughtUp({ models, clock: systemClock, followed, ends });
  });
}

async function fillKafka(job: Job): Promise<Measured> {
  const log = await kafkaLog(job);
  await log.ensureTopics();
  return timed(job.events, async () => {
    for await (const group of grouped(orderRecords(job.events), BULK_SIZE)) await log.append(group);
  });
}

/** kafkajs's own consumer, and JSON.parse. */
async function bareKafka({ brokers, topicPrefix, events, run }: Job): Promise<Measured> {
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: `bench-bare-${topicPrefix}${run}`, maxBytesPerPartition: 1_048_576 });
  await consumer.connect();
  await consumer.subscribe({ topics: [`${topicPrefix}orders`], fromBeginning: true });
  let seen = 0;
  return timed(events, async () => {
    await new Promise<void>((resolve, reject) => {
      const running = consumer.run({
        autoCommit: false,
        partitionsConsumedConcurrently: 6,
        eachBatch: ({ batch }) => {
          for (const { value } of batch.messages) if (JSON.parse((value ?? '').toString()) !== null) seen++;
          if (seen >= events) resolve();
          return Promise.resolve();
        },
      });
      running.catch(reject);
    });
  });
}

async function fillLmdb(job: Job): Promise<Measured> {
  const embedded = await openEmbedded({ dir: job.dir, logger: silentLogger, mode: 'own' });
  const { log } = embedded;
  await log.ensureTopics();
  const measured = await timed(job.events, async () => {
    for await (const group of grouped(orderRecords(job.events), BULK_SIZE)) await log.append(group);
  });
  await embedded.close();
  return measured;
}

/** A scan of every record, and JSON.parse. */
async function bareLmdb({ dir, events }: Job): Promise<Measured> {
  const { log } = await openEmbedded({ dir, logger: silentLogger, mode: 'read' });
  const bounds = await log.bounds('orders');
  let seen = 0;
  const measured = await timed(events, async () => {
    for (const [partition, { low, end }] of bounds.entries()) {
      for await (const batch of log.read({ topic: 'orders', partition }, low, end)) {
        for (const { value } of batch.records) if (JSON.parse((value ?? '').toString()) !== null) seen++;
      }
    }
  });
  if (seen !== events) throw new Error(`scanned ${seen} records instead of ${events}`);
  return measured;
}

async function projectLmdb(job: Job): Promise<Measured> {
  const { log, models } = await openEmbedded({ dir: job.dir, logger: silentLogger, mode: 'own' });
  return project(log, models, STATISTICS, job);
}

/** The same documents as the projection writes, by insertOne in unordered bulks. */
async function bareOrders(job: Job): Promise<Measured> {
  const client = await MongoClient.connect(job.mongodbUri);
  const name = `bench-orders-${job.run}`;
  const collection = client.db().collection<{ _id: string }>(name);
  // The same documents, under the same indexes.
  await (await mongoModels(job)).ensureCollection(name, orders.indexes);
  const bulks: { insertOne: { document: { _id: string } } }[][] = [];
  for await (const group of grouped(orderRecords(job.events), BULK_SIZE)) {
    bulks.push(
      group.map(({ key, value, partition }, index) => {
        const judged = judge('orders', partition, { offset: index, key, value: Buffer.from(value) });
        if (!judged.ok) throw new Error(judged.cause);
        const part = orders.partOf(judged.recorded);
        if (part === null) throw new Error('no part');
        return { insertOne: { document: { _id: part.id, placed: { position: index, ...part.fields } } } };
      }),
    );
  }
  return timed(job.events, async () => {
    for (const bulk of bulks) {
      await collection.bulkWrite(bulk, { ordered: false, writeConcern: { w: 'majority', journal: true } });
    }
  });
}

/** kafkajs's idempotent producer with the bytes that the shop would write. */
async function bareProducer(job: Job): Promise<Measured> {
  const { brokers, topicPrefix, events } = job;
  await (await kafkaLog(job)).ensureTopics();
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });
  const producer = kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  const groups: { key: string; value: string; partition: number }[][] = [];
  for await (const group of grouped(orderRecords(events), BULK_SIZE)) {
    groups.push(group.map(({ key, value, partition }) => ({ key, value, partition })));
  }
  return timed(events, async () => {
    for (const messages of groups) await producer.send({ topic: `${topicPrefix}orders`, acks: -1, messages });
  });
}

/** Orders placed through the shop: decided on, with the stock kept, and appended behind the fence. */
async function placeThroughShop(job: Job): Promise<Measured> {
  const log = await kafkaLog(job);
  await log.ensureTopics();
  const models = await mongoModels(job);
  const collections = { orders: `bench-none-${job.run}`, stock: `bench-none-stock-${job.run}` };
  for (const collection of Object.values(collections)) await models.ensureCollection(collection);
  const shop = await openShop({
    log,
    models,
    clock: systemClock,
    logger: silentLogger,
    currency: 'SEK',
    collections: () => Promise.resolve(collections),
  });
  const opening: Command[] = (await loadCatalogue()).flatMap(({ productId, name, category, price }): Command[] => [
    { type: 'ListProduct', source: 'live', productId, name, category, price, currency: 'SEK' },
    { type: 'ReceiveStock', source: 'live', productId, quantity: 1_000_000_000, reason: 'initial' },
  ]);
  await shop.submit(opening);
  const groups: Command[][] = [];
  for await (const group of grouped(placeOrders(job.events), BULK_SIZE)) {
    groups.push(
      group.map(({ customer, lines, handling }) => ({ type: 'PlaceOrder', source: 'live', customer, lines, handling })),
    );
  }
  return timed(job.events, async () => {
    let next = 0;
    const client = async (): Promise<void> => {
      for (let group = groups[next++]; group !== undefined; group = groups[next++]) {
        const refused = (await shop.submit(group)).filter(({ status }) => status !== 'accepted');
        if (refused.length > 0) throw new Error(`refused: ${JSON.stringify(refused[0])}`);
      }
    };
    await Promise.all(Array.from({ length: SUBMITS_IN_FLIGHT }, client));
  });
}
