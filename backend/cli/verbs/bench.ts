/** `bench`: how fast it is, as ratios to the barest program that does as much, both sides in one run. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import Table from 'cli-table3';
import type { Projection } from '../../../projections/projection.ts';
import { formatCount } from '../../domain/money.ts';
import { startEngines } from '../../engines/engines.ts';
import { ShopError } from '../../ports/errors.ts';
import { measureFanout, type FanoutResult } from '../bench/fanout.ts';
import type { Figures, Job } from '../bench/sides.ts';
import type { ReplayResult } from '../bench/replay/result.ts';
import { NODE_OPTIONS } from '../another.ts';
import { isEnginesMode } from '../connect.ts';
import { projectionsNamed } from '../roles.ts';
import { stopSignal, untilAborted } from '../run-until.ts';
import { readSettings } from '../settings.ts';
import { createLogger, EXIT_FAILED, EXIT_INTERRUPTED } from '../terminal.ts';

interface Part {
  readonly name: string;
  readonly about: string;
  /** Ours ÷ bare that was aimed at. */
  readonly goal: number;
  readonly needsEngines: boolean;
  readonly fill: 'kafka-fill' | 'lmdb-fill' | null;
}

const PARTS: readonly Part[] = [
  { name: 'kafka', about: 'statistics, Kafka → MongoDB ÷ kafkajs eachBatch + JSON.parse', goal: 0.95, needsEngines: true, fill: 'kafka-fill' }, // prettier-ignore
  {
    name: 'lmdb',
    about: 'statistics, LMDB → LMDB ÷ scan + JSON.parse',
    goal: 0.8,
    needsEngines: false,
    fill: 'lmdb-fill',
  },
  { name: 'orders', about: 'orders, Kafka → MongoDB ÷ bulkWrite of the same documents', goal: 0.85, needsEngines: true, fill: 'kafka-fill' }, // prettier-ignore
  { name: 'shop', about: 'orders through the shop ÷ idempotent producer', goal: 0.5, needsEngines: true, fill: null },
];

/** Each side runs so often, in turn; the median counts. */
const RUNS = 3;
const WORKER = fileURLToPath(new URL('../bench/worker.ts', import.meta.url));
const OUTPUT_BYTES_MAX = 1_048_576;

interface Result {
  readonly part: string;
  readonly about: string;
  readonly goal: number;
  readonly ratio: number;
  readonly ours: Figures;
  readonly bare: Figures;
}

const FANOUT = 'fanout';
/** Only when it is named: it is a long run. */
const REPLAY = 'replay';
const FANOUT_RATE = 1_000;
const REPLAY_RATE = 500;
/** Longer than the time after which a former generation is dropped. */
const AFTER_REPLAY_SECONDS = 40;

interface Options {
  readonly events: number;
  readonly subscribers: number;
  readonly rate?: number;
  readonly seconds: number;
  readonly projections: string;
  readonly once: boolean;
  readonly engines: boolean;
  readonly json?: string;
}

export async function run(names: string[], options: Options): Promise<void> {
  const known = [...PARTS.map(({ name }) => name), FANOUT, REPLAY];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new ShopError('BAD_INPUT', `there is no part "${unknown}"; there are ${known.join(', ')}`);
  }
  const replayed = names.includes(REPLAY) ? projectionsNamed(replayNames(options)) : [];
  const stopping = stopSignal();
  try {
    await measureAll(names, replayed, options, stopping);
  } catch (error) {
    if (!stopping.aborted) throw error;
    process.stderr.write('Interrupted. Nothing is left running.\n');
    // What was under way does not end by itself; what it started is killed with this.
    process.exit(EXIT_INTERRUPTED);
  }
}

async function measureAll(
  names: readonly string[],
  replayed: readonly Projection[],
  options: Options,
  stopping: AbortSignal,
): Promise<void> {
  const results = await measureRatios(names, options, stopping);
  const isFannedOut = names.length === 0 || names.includes(FANOUT);
  const fanout = isFannedOut ? await unlessAborted(stopping, fanOut(options)) : [];
  const replays = replayed.length === 0 ? [] : await replayUnderLoad(replayed, options, stopping);
  if (options.json !== undefined)
    await writeFile(options.json, `${JSON.stringify([...results, ...fanout, ...replays], null, 2)}\n`);
}

function replayNames({ projections }: Options): string[] {
  return projections === 'all' ? [] : projections.split(',').map((each) => each.trim());
}

/** With a tenth of the history first: what it takes in memory does not depend on that. */
async function replayUnderLoad(
  projections: readonly Projection[],
  options: Options,
  stopping: AbortSignal,
): Promise<ReplayResult[]> {
  const { measureReplay } = await import('../bench/replay/measure.ts');
  const { renderCatchUp, renderReplays, resultOf } = await import('../bench/replay/result.ts');
  const { events, rate = REPLAY_RATE, seconds, once } = options;
  const tenth = Math.floor(events / 10);
  const results: ReplayResult[] = [];
  const onEngines = options.engines || isEnginesMode(readSettings(process.env));
  await withEngines(onEngines, stopping, async ({ brokers, mongodbUri }) => {
    for (const orders of once || tenth === 0 ? [events] : [tenth, events]) {
      const engines = onEngines ? { brokers, mongodbUri } : null;
      const job = {
        orders,
        rate,
        projections,
        engines,
        beforeSeconds: seconds,
        afterSeconds: AFTER_REPLAY_SECONDS,
      };
      const result = resultOf(job, await measureReplay(job));
      results.push(result);
      process.stdout.write(`${renderReplays([result])}\n${renderCatchUp(result)}\n`);
    }
  });
  if (results.length > 1) process.stdout.write(`\n${renderReplays(results)}\n`);
  if (results.some(({ ok }) => !ok)) process.exitCode = EXIT_FAILED;
  return results;
}

/** Those that the settings name, or some that are started here. */
async function withEngines<T>(
  needed: boolean,
  stopping: AbortSignal,
  use: (engines: {
    readonly brokers: readonly string[];
    readonly mongodbUri: string;
    readonly dir: string;
  }) => Promise<T>,
): Promise<T> {
  const settings = readSettings(process.env);
  const logger = createLogger('warn', 'bench');
  const dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-bench-'));
  const own = needed && !isEnginesMode(settings);
  const engines = own ? await startEngines({ dir: path.join(dir, 'engines'), logger }) : null;
  try {
    const brokers = engines?.brokers ?? settings.kafkaBrokers ?? [];
    const mongodbUri = engines?.mongodbUri ?? settings.mongodbUri ?? '';
    return await unlessAborted(stopping, use({ brokers, mongodbUri, dir }));
  } finally {
    await engines?.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

/** What the work resolves to; rejects with the signal's reason when that comes first, and the work is then left alone. */
async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const aborted = untilAborted(signal).then(() => Promise.reject<never>(signal.reason as Error));
  work.catch(() => {});
  aborted.catch(() => {});
  return Promise.race([work, aborted]);
}

/** One subscriber, and many with one more that reads nothing. */
async function fanOut({ subscribers, rate = FANOUT_RATE, seconds }: Options): Promise<FanoutResult[]> {
  const results: FanoutResult[] = [];
  const cases = subscribers === 1 ? [1] : [1, subscribers];
  for (const count of cases) {
    const result = await measureFanout({
      subscribers: count,
      rate,
      seconds,
      stalled: count > 1,
      onMinute: ({ atSeconds, memoryMiB }) =>
        process.stdout.write(`  ${count} subscribers, after ${atSeconds} s: ${memoryMiB} MiB\n`),
    });
    results.push(result);
    process.stdout.write(`${renderFanout([result])}\n`);
  }
  return results;
}

async function measureRatios(names: readonly string[], options: Options, stopping: AbortSignal): Promise<Result[]> {
  const parts = PARTS.filter(({ name }) => names.length === 0 || names.includes(name));
  const needsEngines = parts.some((part) => part.needsEngines);
  return withEngines(needsEngines, stopping, async ({ brokers, mongodbUri, dir }) => {
    const where = { brokers, mongodbUri: inDatabase(mongodbUri, `bench-${process.pid}`) };
    const results: Result[] = [];
    for (const part of parts) {
      results.push(await measure(part, options.events, { ...where, dir: path.join(dir, part.name) }));
      process.stdout.write(`${render(results.slice(-1))}\n`);
    }
    if (results.length > 1) process.stdout.write(`\n${render(results)}\n`);
    return results;
  });
}

async function measure(
  part: Part,
  events: number,
  where: Pick<Job, 'brokers' | 'mongodbUri' | 'dir'>,
): Promise<Result> {
  const topicPrefix = `bench-${process.pid}-${part.name}-`;
  const job = (side: string, run: number): Job => ({ side, events, run, topicPrefix, ...where });
  if (part.fill !== null) await inProcess(job(part.fill, 0));
  const bare: Figures[] = [];
  const ours: Figures[] = [];
  for (let run = 1; run <= RUNS; run++) {
    bare.push(await inProcess(job(`${part.name}-bare`, run)));
    ours.push(await inProcess(job(`${part.name}-ours`, run)));
  }
  const { name, about, goal } = part;
  const medians = { ours: median(ours), bare: median(bare) };
  return { part: name, about, goal, ratio: medians.ours.perSecond / medians.bare.perSecond, ...medians };
}

async function inProcess(job: Job): Promise<Figures> {
  const args = [...NODE_OPTIONS, WORKER, JSON.stringify(job)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: OUTPUT_BYTES_MAX });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Figures;
}

function median(figures: readonly Figures[]): Figures {
  const sorted = [...figures].sort((a, b) => a.perSecond - b.perSecond);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('nothing was measured');
  return { ...middle, peakMiB: Math.max(...figures.map(({ peakMiB }) => peakMiB)) };
}

function inDatabase(uri: string, database: string): string {
  if (uri === '') return uri;
  const url = new URL(uri);
  url.pathname = `/${database}`;
  return url.href;
}

function render(results: readonly Result[]): string {
  const table = new Table({
    head: ['What', 'Ours/s', 'Bare/s', 'Ratio', 'Goal', 'Peak ours', 'Peak bare'],
    style: { head: [], border: [] },
  });
  for (const { about, ours, bare, ratio, goal } of results) {
    table.push([
      about,
      formatCount(ours.perSecond),
      formatCount(bare.perSecond),
      ratio.toFixed(2),
      `≥ ${goal}`,
      `${ours.peakMiB} MiB`,
      `${bare.peakMiB} MiB`,
    ]);
  }
  return table.toString();
}

function renderFanout(results: readonly FanoutResult[]): string {
  const table = new Table({
    head: ['Subscribers', 'Orders/s', 'Order → frame p50', 'p99', 'Max', 'Frames/s', 'All the same', 'Memory', 'CPU'],
    style: { head: [], border: [] },
  });
  for (const {
    subscribers,
    placed,
    seconds,
    p50Ms,
    p99Ms,
    maxMs,
    framesPerSecond,
    isSame,
    samples,
    stalledCode,
    stalled,
  } of results) {
    const memory = samples.map(({ memoryMiB }) => memoryMiB);
    const cpu =
      ((samples.at(-1)?.cpuSeconds ?? 0) - (samples[0]?.cpuSeconds ?? 0)) / Math.max(1, samples.at(-1)?.atSeconds ?? 1);
    const deaf = stalled ? ` + 1 that reads nothing (${stalledCode === null ? 'open' : `closed: ${stalledCode}`})` : '';
    table.push([
      `${subscribers}${deaf}`,
      formatCount(Math.round(placed / seconds)),
      `${p50Ms} ms`,
      `${p99Ms} ms`,
      `${maxMs} ms`,
      framesPerSecond.toFixed(1),
      isSame ? 'yes' : 'NO',
      `${memory[0] ?? 0} → ${memory.at(-1) ?? 0} MiB`,
      `${Math.round(cpu * 100)} %`,
    ]);
  }
  return table.toString();
}
