/**
 * A rebuild under load: a shop with a long history takes orders and is asked all the time while it rebuilds its
 * projections. What its readers see is held against the log.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Projection } from '../../../../projections/projection.ts';
import type { Rebuild } from '../../../replay/rebuild.ts';
import { ShopError } from '../../../ports/errors.ts';
import { verify } from '../../../verify/verify.ts';
import { removedAtExit } from '../../another.ts';
import { liveCollections } from '../../collections.ts';
import { connect, type Access, type Connection } from '../../connect.ts';
import { readSettings } from '../../settings.ts';
import { anonymousOf, environmentIn } from '../../soak/shop-process.ts';
import { createLogger, progressBar } from '../../terminal.ts';
import { catchUp, type CaughtUp } from './catch-up.ts';
import { CURRENCY } from '../dataset.ts';
import { fillHistory, type Filled } from './fill.ts';
import { Judge } from './judge.ts';
import { LogSums } from './log-sums.ts';
import { phasesOf, type Phases } from './phases.ts';
import { Readers, type Moves, type Timed } from './readers.ts';
import { startShop, startSimulator, type RunningShop } from '../shop.ts';

export interface ReplayJob {
  readonly orders: number;
  /** Orders a second meanwhile. */
  readonly rate: number;
  readonly projections: readonly Projection[];
  /** How long the shop is looked at before the rebuild. */
  readonly beforeSeconds: number;
  /** How long after it; beyond the time after which the former generation is dropped. */
  readonly afterSeconds: number;
  /** Where engines are; null: embedded. */
  readonly engines: { readonly brokers: readonly string[]; readonly mongodbUri: string } | null;
}

export interface MemorySample {
  /** Epoch ms. */
  readonly at: number;
  readonly anonymousMiB: number;
}

export interface Measured {
  readonly filled: Filled;
  readonly caughtUp: readonly CaughtUp[];
  readonly phases: Phases;
  readonly answers: readonly Timed[];
  readonly moves: Moves;
  readonly frames: number;
  readonly memory: readonly MemorySample[];
  readonly judge: Judge;
  /** Answers that came too late to be held against the log. */
  readonly unjudged: number;
  /** Whether the projections that were rebuilt equal the independent fold in the end. */
  readonly verified: boolean;
}

const DAY_MS = 86_400_000;
const HISTORY_DAYS = 30;
/** The history ends so long ago that all of it was handled. */
const HISTORY_ENDS_MS = 6 * 3_600_000;
const SAMPLE_EVERY_MS = 500;
const JUDGE_EVERY_MS = 200;
const JUDGE_TRIES_MAX = 50;

export async function measureReplay(job: ReplayJob): Promise<Measured> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-replay-'));
  const forget = removedAtExit(dir);
  try {
    const env = environment(dir, job);
    const filled = await fill(env, job.orders);
    const caughtUp = await caughtUpOnce(env);
    const shop = await startShop(env);
    try {
      return { filled, caughtUp, ...(await watch(env, shop, job)) };
    } finally {
      await shop.close();
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
    forget();
  }
}

function environment(dir: string, { engines, orders }: ReplayJob): NodeJS.ProcessEnv {
  // What verifies in the background would be measured, too.
  const env = { ...environmentIn(dir), TIME_ZONE: 'UTC', CURRENCY, VERIFY_SECONDS: '0' };
  if (engines === null) return env;
  const name = `bench-replay-${process.pid}-${orders}`;
  const database = new URL(engines.mongodbUri);
  database.pathname = `/${name}`;
  return { ...env, KAFKA_BROKERS: engines.brokers.join(','), MONGODB_URI: database.href, TOPIC_PREFIX: `${name}-` };
}

async function connected<T>(env: NodeJS.ProcessEnv, access: Access, use: (to: Connection) => Promise<T>): Promise<T> {
  const connection = await connect(readSettings(env), access, createLogger('warn', 'bench'));
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}

async function fill(env: NodeJS.ProcessEnv, orders: number): Promise<Filled> {
  const to = Date.now() - HISTORY_ENDS_MS;
  const bar = progressBar('writing the history');
  try {
    return await connected(env, 'own', ({ log }) =>
      fillHistory(log, orders, { from: to - HISTORY_DAYS * DAY_MS, to }, (done) => bar.update(done, orders)),
    );
  } finally {
    bar.stop();
  }
}

/** By a shop of its own, which then ends: what catching up takes is not what a rebuild takes. */
async function caughtUpOnce(env: NodeJS.ProcessEnv): Promise<CaughtUp[]> {
  const started = Date.now();
  const bar = progressBar('catching up');
  const shop = startShop(env);
  try {
    return await connected(env, 'read', (connection) =>
      catchUp(connection, started, (done, total, note) => bar.update(done, total, note), shop),
    );
  } finally {
    bar.stop();
    await (await shop).close();
  }
}

async function watch(
  env: NodeJS.ProcessEnv,
  shop: RunningShop,
  job: ReplayJob,
): Promise<Omit<Measured, 'filled' | 'caughtUp'>> {
  return connected(env, 'read', async (connection) => {
    const { log } = connection;
    const sums = await LogSums.from(log);
    const judge = new Judge(sums);
    const since = Math.floor(Date.now() / 1_000) * 1_000;
    const simulator = startSimulator(env, shop.endpoint, job.rate);
    const looking = new AbortController();
    const memory: MemorySample[] = [];
    const sampling = every(SAMPLE_EVERY_MS, looking.signal, async () => {
      const anonymousMiB = await anonymousOf(shop.pid);
      if (anonymousMiB !== null) memory.push({ at: Date.now(), anonymousMiB });
    });
    const judging = every(JUDGE_EVERY_MS, looking.signal, async () => {
      await sums.readOn();
      judge.judge();
    });
    const readers = new Readers(shop.url, since, judge);
    let phases: Phases;
    try {
      await pause(job.beforeSeconds * 1_000);
      phases = await rebuilt(connection, shop, job.projections);
      await pause(job.afterSeconds * 1_000);
    } finally {
      await readers.stop();
      looking.abort();
      await Promise.all([sampling, judging]);
      await simulator.close();
    }
    const unjudged = await judgeRest(sums, judge);
    const verified = await verifiedLive(connection, job.projections);
    const { answers, moves, frames } = readers;
    return { phases, answers, moves, frames, memory, judge, unjudged, verified };
  });
}

async function rebuilt({ models }: Connection, shop: RunningShop, projections: readonly Projection[]): Promise<Phases> {
  const url = `${shop.endpoint}/replays`;
  const body = JSON.stringify({ projections: projections.map(({ name }) => name) });
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const { rebuilds, error } = (await response.json()) as { rebuilds?: readonly Rebuild[]; error?: string };
  if (rebuilds === undefined) throw new ShopError('UNAVAILABLE', `the shop did not rebuild anything: ${error ?? ''}`);
  const bar = progressBar('rebuilding');
  const stopping = new AbortController();
  const telling = every(SAMPLE_EVERY_MS, stopping.signal, async () => {
    const present = (await (await fetch(url)).json()) as { rebuilds?: readonly Rebuild[] };
    const sum = (of: 'records' | 'total'): number => (present.rebuilds ?? []).reduce((all, each) => all + each[of], 0);
    bar.update(sum('records'), sum('total'), present.rebuilds?.find(({ note }) => note !== null)?.note ?? '');
  });
  try {
    return await phasesOf(models, projections, new Map(rebuilds.map((each) => [each.projection, each.generation])));
  } finally {
    stopping.abort();
    await telling;
    bar.stop();
  }
}

async function judgeRest(sums: LogSums, judge: Judge): Promise<number> {
  for (let tries = 0; ; tries++) {
    await sums.readOn();
    const left = judge.judge();
    if (left === 0 || tries === JUDGE_TRIES_MAX) return left;
    await pause(JUDGE_EVERY_MS);
  }
}

async function verifiedLive({ log, models }: Connection, projections: readonly Projection[]): Promise<boolean> {
  const live = await liveCollections(models);
  const collections = Object.fromEntries(projections.map(({ name }) => [name, live[name] ?? '']));
  const bar = progressBar('verifying');
  try {
    const onProgress = (done: number, total: number): void => bar.update(done, total);
    return (await verify({ log, models, collections, onProgress })).ok;
  } finally {
    bar.stop();
  }
}

async function every(ms: number, signal: AbortSignal, action: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await action();
    await pause(ms, undefined, { signal }).catch(() => {});
  }
}
