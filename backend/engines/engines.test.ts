import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { MongoClient } from 'mongodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../ports/logger.ts';
import { findEngines } from './engines.ts';
import { CACHE_DIR, missingJars, missingJava } from './java.ts';
import { startKafka } from './kafka.ts';
import { parseGroups } from './kafka-tools.ts';
import { startMongo } from './mongo.ts';
import { answers, freePorts, startProcess, whenReady } from './process.ts';

const TEST_MAX_MS = 180_000;
const found = await findEngines();
const noJava = (await missingJava()) ?? (await missingJars(CACHE_DIR, 'mongo-java-server-1.47.0'));

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-test-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('a Kafka of one’s own', () => {
  it.skipIf(found.kafka.missing !== null)(
    'goes on with its data and port, and is found by the next start',
    { timeout: TEST_MAX_MS },
    async () => {
      const options = { dir, logger: silentLogger, cacheDir: CACHE_DIR };
      const first = await startKafka(options);
      const { brokers, pid } = first;
      const again = await startKafka(options);
      expect(again).toMatchObject({ brokers, pid });
      await again.stop();
      const port = Number(brokers[0]?.split(':')[1]);
      expect(await answers(port)).toBe(false);
      const later = await startKafka(options);
      expect(later.brokers).toEqual(brokers);
      expect(later.pid).not.toBe(pid);
      await later.kill9();
      expect(await answers(port)).toBe(false);
    },
  );
});

describe('a MongoDB server of one’s own', () => {
  it.skipIf(noJava !== null)(
    'keeps what it acknowledged through a kill -9, also where there is only Java',
    { timeout: TEST_MAX_MS },
    async () => {
      const options = { dir, logger: silentLogger, cacheDir: CACHE_DIR, kind: 'mongo-java-server' } as const;
      const server = await startMongo(options);
      const client = new MongoClient(server.uri);
      const collection = client.db('test').collection<{ _id: string; position: number }>('documents');
      const documents = Array.from({ length: 500 }, (_, index) => ({ _id: `d${index}`, position: index }));
      await collection.insertMany(documents, { writeConcern: { w: 'majority', journal: true } });
      // A guarded upsert whose guard does not hold finds its id taken.
      const guarded = collection.replaceOne({ _id: 'd7', position: 6 }, { position: 8 }, { upsert: true });
      await expect(guarded).rejects.toMatchObject({ code: 11000 });
      await collection.replaceOne({ _id: 'd7', position: 7 }, { position: 8 }, { upsert: true });
      await server.kill9();
      await server.restart();
      expect(await collection.countDocuments()).toBe(500);
      expect(await collection.findOne({ _id: 'd7' })).toEqual({ _id: 'd7', position: 8 });
      expect((await startMongo(options)).uri).toBe(server.uri);
      await client.close();
      await server.stop();
      expect(await answers(Number(new URL(server.uri).port))).toBe(false);
    },
  );
});

describe('a process that does not get ready', () => {
  it('is reported with the end of its log', async () => {
    const logFile = path.join(dir, 'log');
    const engine = startProcess('sh', ['-c', 'echo no space left; exit 3'], { cwd: dir, logFile });
    const ready = whenReady('The engine', engine, logFile, 10_000, () => Promise.resolve(false));
    await expect(ready).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(ready).rejects.toThrow(/ended while it was starting.*no space left/s);
  });

  it('is reported when its program is not installed', async () => {
    const logFile = path.join(dir, 'log');
    const engine = startProcess('no-such-program-anywhere', [], { cwd: dir, logFile });
    const ready = whenReady('The engine', engine, logFile, 10_000, () => Promise.resolve(false));
    await expect(ready).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

it('free ports are different ones', async () => {
  expect(new Set(await freePorts(5)).size).toBe(5);
});

it("Kafka's tool's tables are read by their headings", () => {
  const output = `
Consumer group 'a' has no active members.

GROUP           TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG             CONSUMER-ID     HOST            CLIENT-ID
a               orders          0          12              15              3               -               -               -
a               orders          1          -               4               -               -               -               -

GROUP           PARTITION  TOPIC           LOG-END-OFFSET  CURRENT-OFFSET  LAG
b               0          settings        7               7               0
`;
  expect(parseGroups(output)).toEqual([
    { group: 'a', topic: 'orders', partition: 0, current: 12, end: 15, lag: 3 },
    { group: 'a', topic: 'orders', partition: 1, current: null, end: 4, lag: null },
    { group: 'b', topic: 'settings', partition: 0, current: 7, end: 7, lag: 0 },
  ]);
});
