/**
 * kill -9 during rebuilds on Kafka and MongoDB: of who drives the rebuild and of who projects, in turn, at seeded
 * moments of each phase. The live generation is right at any time, and the next rebuild succeeds.
 * ENGINE_REPLAY_KILLS sets how often (default 2; each takes half a minute), REPLAY_SEED the moments.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { afterAll, afterEach, expect, it } from 'vitest';
import { caughtUp, endsOf } from '../../projections/caught-up.ts';
import { collectionsOf, lineageOf, readGenerations, type Generations } from '../../projections/generations.ts';
import { PROJECTIONS } from '../../projections/index.ts';
import { openKafkaLog } from '../../backend/adapters/kafka/kafka-log.ts';
import { openMongoModels } from '../../backend/adapters/mongo/mongo-models.ts';
import { orderEvents } from '../../backend/cli/bench/dataset.ts';
import { fillHistory } from '../../backend/cli/bench/replay/fill.ts';
import { encode } from '../../backend/events/codec.ts';
import type { OrderId } from '../../backend/events/events.ts';
import { systemClock } from '../../backend/ports/clock.ts';
import type { EventLog } from '../../backend/ports/event-log.ts';
import { silentLogger } from '../../backend/ports/logger.ts';
import type { Checkpoint, ReadModels } from '../../backend/ports/read-models.ts';
import { verify } from '../../backend/verify/verify.ts';
import { killAll, Running, type Environment } from '../cli.ts';
import { describeWithEngines, uniqueName } from '../engines.ts';
import { phaseOf, type Phase } from '../rebuilding.ts';

const KILLS = Number(process.env['ENGINE_REPLAY_KILLS'] ?? 2);
const SEED = Number(process.env['REPLAY_SEED'] ?? Date.now() % 1_000_000);
const TIMEOUT_MS = 240_000 + KILLS * 90_000;
const HISTORY = 2_000;
const ORDERS_AT_ONCE = 5;
const PLACE_EVERY_MS = 50;
const HOUR_MS = 3_600_000;
const LOOK_EVERY_MS = 10;
const KILL_WITHIN_MS = 400;
/** Who drives is refused until the lease of the one before it has run out. */
const REFUSED_PAUSE_MS = 1_000;
const EXIT_BAD_INPUT = 2;
/** The former generations stay for half a minute after the end, with nobody but the projector at work. */
const KILLED_IN: readonly Phase[] = ['folding', 'comparing', 'changing over'];

describeWithEngines('kill -9 during a rebuild', ({ brokers, uri }) => {
  const name = uniqueName('replay-killed');
  const mongodbUri = new URL(`/${name}`, uri).href;
  const env: Environment = { KAFKA_BROKERS: brokers.join(','), MONGODB_URI: mongodbUri, TOPIC_PREFIX: `${name}-` };
  const opened: { close(): Promise<void> }[] = [];
  afterEach(killAll);
  afterAll(async () => {
    for (const each of opened) await each.close();
  });

  it(`leaves the live generation right, ${KILLS} times, seed ${SEED}`, { timeout: TIMEOUT_MS }, async () => {
    const random = xoroshiro128plus(SEED);
    const log = await openKafkaLog({ brokers, clientId: 'test', logger: silentLogger, topicPrefix: `${name}-` });
    const models = await openMongoModels({ uri: mongodbUri, logger: silentLogger });
    opened.push(models, log);
    await log.ensureTopics();
    const to = Date.now() - 6 * HOUR_MS;
    await fillHistory(log, HISTORY, { from: to - 24 * HOUR_MS, to }, () => {});
    let projector = await projecting();
    await folded(log, models);
    const customers = new AbortController();
    const placing = place(log, customers.signal);
    let before: readonly Checkpoint[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      const ofDriver = kill % 2 === 0;
      const phase = KILLED_IN[uniformInt(random, 0, KILLED_IN.length - 1)] ?? 'folding';
      const message = `seed ${SEED}, kill ${kill} of the ${ofDriver ? 'driver' : 'projector'} while ${phase}`;
      const driver = await driving(models);
      await eventually(async () => phaseOf(await readGenerations(models)) === phase);
      await pause(uniformInt(random, 0, KILL_WITHIN_MS));
      await (ofDriver ? driver : projector).kill9();
      before = await expectRight(log, models, before, message);
      if (ofDriver) continue;
      projector = await projecting();
      const { code, stdout, stderr } = await driver.exited;
      expect(code, `${message}\n${stdout}${stderr}`).toBe(0);
    }
    const { code, stdout, stderr } = await (await driving(models)).exited;
    expect(code, `${stdout}${stderr}`).toBe(0);
    customers.abort();
    await placing;
    await folded(log, models);
    await expectRight(log, models, before, `seed ${SEED}, in the end`);
    const generations = await readGenerations(models);
    for (const each of PROJECTIONS) expect(lineageOf(generations, each).live.generation).toBeGreaterThan(1);
    expect((await projector.interrupt()).code).toBe(0);
  });

  async function projecting(): Promise<Running> {
    const projector = new Running(['project'], env);
    await projector.printed(/Running/);
    return projector;
  }

  /** Drives a rebuild of everything; resolves when it has begun, or gone on with what is there. */
  async function driving(models: ReadModels): Promise<Running> {
    const before = ownerOf(await readGenerations(models));
    for (;;) {
      const driver = new Running(['replay', 'all'], env);
      let over = false;
      void driver.exited.then(() => (over = true));
      await eventually(async () => over || ![before, null].includes(ownerOf(await readGenerations(models))));
      if (!over) return driver;
      const { code, stdout, stderr } = await driver.exited;
      expect(code, `${stdout}${stderr}`).toBe(EXIT_BAD_INPUT);
      await pause(REFUSED_PAUSE_MS);
    }
  }
});

function ownerOf(generations: Generations): string | null {
  return Object.values(generations).find(({ building }) => building !== null)?.building?.owner ?? null;
}

async function place(log: EventLog, signal: AbortSignal): Promise<void> {
  let placed = 0;
  let records = [];
  for await (const event of orderEvents(Number.MAX_SAFE_INTEGER)) {
    if (signal.aborted) return;
    const orderId = `live-${placed++}` as OrderId;
    records.push(encode({ ...event, orderId, id: `${orderId}/placed`, at: new Date().toISOString() }));
    if (records.length < ORDERS_AT_ONCE) continue;
    await log.append(records);
    records = [];
    await pause(PLACE_EVERY_MS);
  }
}

/** Waits until the live generations have all that is in the log now. */
async function folded(log: EventLog, models: ReadModels): Promise<void> {
  const collections = collectionsOf(await readGenerations(models), PROJECTIONS);
  const followed = PROJECTIONS.map(({ name, topics }) => ({ collection: collections[name] ?? '', topics }));
  const ends = await endsOf(
    log,
    PROJECTIONS.flatMap(({ topics }) => topics),
  );
  expect(await caughtUp({ models, clock: systemClock, followed, ends, stalledMs: 60_000 })).toBe(true);
}

/** Every document of the live generations is what the log says, and none is behind what it was before. */
async function expectRight(
  log: EventLog,
  models: ReadModels,
  before: readonly Checkpoint[],
  message: string,
): Promise<Checkpoint[]> {
  const collections = collectionsOf(await readGenerations(models), PROJECTIONS);
  const stored = await models.checkpoints(Object.values(collections));
  const { ok, projections } = await verify({ log, models, collections });
  expect(ok ? [] : projections.filter(({ differenceCount }) => differenceCount > 0), message).toEqual([]);
  const checkpoints = stored.map((each) => ({ ...each, collection: each.collection.replace(/-v\d+-g\d+$/, '') }));
  const behind = before.filter(({ collection, topic, partition, position }) => {
    const isSame = (each: Checkpoint): boolean =>
      each.collection === collection && each.topic === topic && each.partition === partition;
    return (checkpoints.find(isSame)?.position ?? -1) < position;
  });
  expect(behind, `${message}: the live generation stepped back`).toEqual([]);
  return checkpoints;
}

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause(LOOK_EVERY_MS);
}
