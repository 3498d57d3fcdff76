/** Midnight in the shop's zone, seen in a browser: the API stands on a clock that the test moves. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MemoryLog } from '../../backend/adapters/memory/memory-log.ts';
import { MemoryStore } from '../../backend/adapters/memory/memory-store.ts';
import { encode } from '../../backend/events/codec.ts';
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
import { handled, placed } from '../../backend/queries/testing.ts';
import { PROJECTIONS } from '../../projections/index.ts';
import { MemoryModels, MemoryStore as ModelsStore } from '../../projections/model/memory-models.ts';
import { collectionOf } from '../../projections/projection.ts';
import { startProjector } from '../../projections/projector.ts';
import { BUILT, describeWithChromium, launchChromium } from '../chromium.ts';
import { becomes, readLive, visit } from './visit.ts';

const TIMEOUT_MS = 60_000;
const ZONE = 'Europe/Stockholm';
const MIDNIGHT = Date.parse('2026-11-22T23:00:00.000Z');
const TICK_MS = 20;
const COLLECTIONS = Object.fromEntries(PROJECTIONS.map((each) => [each.name, collectionOf(each, 1)]));

let browser: Browser | undefined;
/** What has to be stopped after the test. */
const stopping: (() => Promise<void>)[] = [];

interface Stage {
  readonly url: string;
  readonly clock: ManualClock;
  readonly log: MemoryLog;
}

/** The API over a log and read models in memory. */
async function stage(now: number): Promise<Stage> {
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
  return { url: api.url, clock, log };
}

/** Lets the clock go on as clocks do, so that everything that waits for it gets its turn; returns what stops it. */
function run(clock: ManualClock): () => Promise<void> {
  let going = true;
  const ticking = (async () => {
    while (going) {
      await pause(TICK_MS);
      clock.advance(TICK_MS);
    }
  })();
  return async () => {
    going = false;
    await ticking;
  };
}

describeWithChromium('midnight', () => {
  beforeAll(async () => {
    browser = await launchChromium();
  }, TIMEOUT_MS);
  afterAll(async () => {
    for (const stop of stopping.splice(0).reverse()) await stop();
    await browser?.close();
  });

  it('begins a new day on a page that stays open', { timeout: TIMEOUT_MS }, async () => {
    const { url, clock, log } = await stage(MIDNIGHT - 600_000);
    stopping.push(run(clock));
    await log.append([1, 2, 3].map((n) => encode(placed(`o-${n}`, MIDNIGHT - 601_000 - n))));
    const minutesAgo = [2, 20, 50, 100].map((minutes) => clock.now() - minutes * 60_000);
    await log.append(minutesAgo.map((at, n) => encode(handled(`o-${n}`, at))));
    const { page, leave } = await visit(browser!, url);
    await becomes(async () => (await readLive(page)).orders, '3');
    // Each window is a figure of its own here; in a shop that began just now all are the same.
    await becomes(async () => (await readLive(page)).windows, ['1', '2', '3', '4']);
    const time = page.locator('time.clock');
    expect(await time.innerText()).toContain('Sun');
    await page.evaluate('globalThis.notReloaded = true');

    clock.set(MIDNIGHT - 3_000);
    await expect.poll(() => time.innerText(), { timeout: 20_000, interval: 50 }).toContain('23:59:5');
    expect(await time.innerText()).toContain('Sun');
    await becomes(async () => (await readLive(page)).orders, '0');
    await becomes(async () => (await readLive(page)).sales, 'kr 0');
    await expect.poll(() => time.innerText(), { timeout: 20_000, interval: 50 }).toMatch(/Mon.*\s00:00:/s);
    // What slides goes on: they were sold within the hour, and belong to yesterday.
    expect((await readLive(page)).lastHour).toBe('kr 3');

    await log.append([encode(placed('o-4', clock.now()))]);
    await becomes(async () => (await readLive(page)).orders, '1');
    expect(await page.evaluate('globalThis.notReloaded')).toBe(true);
    await leave();
  });
});
