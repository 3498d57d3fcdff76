/** The API over a log and read models in memory, on a clock that a test moves. */
import { setTimeout as pause } from 'node:timers/promises';
import { MemoryLog } from '../../backend/adapters/memory/memory-log.ts';
import { MemoryStore } from '../../backend/adapters/memory/memory-store.ts';
import type { ApiContext, Services } from '../../backend/graphql/context.ts';
import { buildApiSchema } from '../../backend/graphql/schema.ts';
import { startApi } from '../../backend/graphql/server/server.ts';
import { Live } from '../../backend/live/live.ts';
import { Progress } from '../../backend/live/progress.ts';
import { Rebuilds } from '../../backend/live/rebuilds.ts';
import { Verified } from '../../backend/live/verified.ts';
import { LocalAnnouncements } from '../../backend/ports/announcements.ts';
import { ManualClock, systemClock } from '../../backend/ports/clock.ts';
import { silentLogger } from '../../backend/ports/logger.ts';
import type { ReadModels } from '../../backend/ports/read-models.ts';
import { PROJECTIONS } from '../../projections/index.ts';
import { MemoryModels, MemoryStore as ModelsStore } from '../../projections/model/memory-models.ts';
import { collectionOf } from '../../projections/projection.ts';
import { startProjector } from '../../projections/projector.ts';
import { BUILT } from '../chromium.ts';

const ZONE = 'Europe/Stockholm';
const TICK_MS = 20;
const COLLECTIONS = Object.fromEntries(PROJECTIONS.map((each) => [each.name, collectionOf(each, 1)]));

/** What has to be stopped after the test. */
const stopping: (() => Promise<void>)[] = [];

/** For afterAll. */
export async function strike(): Promise<void> {
  for (const stop of stopping.splice(0).reverse()) await stop();
}

export interface Stage {
  readonly url: string;
  readonly clock: ManualClock;
  readonly log: MemoryLog;
  readonly models: ReadModels;
}

/** It begins at `now`, epoch ms. */
export async function stage(now: number): Promise<Stage> {
  const clock = new ManualClock(now);
  const log = new MemoryLog(new MemoryStore(1));
  await log.ensureTopics();
  const models = new MemoryModels(new ModelsStore());
  for (const collection of Object.values(COLLECTIONS)) await models.ensureCollection(collection);
  const announcements = new LocalAnnouncements();
  const of = (kind: string) => PROJECTIONS.filter((each) => each.kind === kind);
  for (const together of [of('folded'), ...of('merged').map((each) => [each])]) {
    const projector = await startProjector({
      log,
      models,
      // What is folded does not depend on the clock; when it is flushed does.
      clock: systemClock,
      logger: silentLogger,
      group: `project-${together.map(({ name }) => name).join('-')}`,
      projections: together.map((projection) => ({ projection, collection: collectionOf(projection, 1) })),
      deadLetters: () => Promise.resolve(),
      announce: (updates) => announcements.announce(updates),
    });
    stopping.push(() => projector.stop());
  }
  const progress = new Progress({ log, models, clock });
  const shared = { log, models, progress, clock, collections: () => Promise.resolve(COLLECTIONS) };
  const inZone = { timeZone: ZONE, currency: 'SEK' };
  const live = new Live({ ...shared, ...inZone, announcements, logger: silentLogger, group: 'live' });
  await live.start();
  stopping.push(() => live.stop());
  const refuse = () => Promise.reject(new Error('nobody does this here'));
  const rebuilds = new Rebuilds({ start: refuse, list: () => [], onChange: () => () => {} });
  const verified = new Verified({ ...shared, logger: silentLogger, everyMs: 0 });
  stopping.push(() => verified.stop());
  const services: Services = {
    ...shared,
    ...inZone,
    minorDigits: 2,
    name: 'Shopstream',
    version: '0',
    mode: 'EMBEDDED',
    shop: { submit: refuse, catalogue: refuse },
    live,
    rebuilds,
    verified,
    makeReport: refuse,
    mailOf: () => Promise.resolve(null),
    reportUrl: (file) => file,
  };
  const api = await startApi<ApiContext>({
    schema: await buildApiSchema(),
    context: ({ operator }) => ({ services, operator }),
    host: '127.0.0.1',
    port: 0,
    operatorToken: null,
    allowedOrigins: [],
    logger: silentLogger,
    staticDir: BUILT,
    playgroundDir: null,
    filesDirs: {},
  });
  stopping.push(() => api.close());
  return { url: api.url, clock, log, models };
}

/** Lets the clock go on as clocks do until the end, so that everything that waits for it gets its turn. */
export function run(clock: ManualClock): void {
  let going = true;
  const ticking = (async () => {
    while (going) {
      await pause(TICK_MS);
      clock.advance(TICK_MS);
    }
  })();
  stopping.push(async () => {
    going = false;
    await ticking;
  });
}
