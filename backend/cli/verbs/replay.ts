/**
 * `replay`: rebuilds projections beside the live ones. Beside an owner of the embedded data it asks it; without
 * one this process is the owner for as long as it takes; on Kafka and MongoDB it drives what the projectors fold.
 */
import Table from 'cli-table3';
import colors from 'picocolors';
import { PROJECTIONS } from '../../../projections/index.ts';
import { systemClock } from '../../ports/clock.ts';
import { ShopError } from '../../ports/errors.ts';
import { isOver, type Rebuild } from '../../replay/rebuild.ts';
import { connect, isEnginesMode, ownerUrl } from '../connect.ts';
import type { ReplayAnswer, ReplayRequest } from '../replay-routes.ts';
import { openReplays, projectionsNamed, startProjecting, type Projecting, type RoleContext } from '../roles.ts';
import { stopAll, stopSignal } from '../run-until.ts';
import { readSettings, type Settings } from '../settings.ts';
import { createLogger, EXIT_FAILED, progressBar } from '../terminal.ts';

interface Options {
  readonly keep: boolean;
  readonly back: boolean;
  readonly dryRun: boolean;
}

/** Whoever does it: this process, or another. */
interface Driver {
  start(request: ReplayRequest): Promise<readonly Rebuild[]>;
  list(): Promise<readonly Rebuild[]>;
  cancel(): Promise<void>;
}

const POLL_MS = 200;
const EXIT_INTERRUPTED = 130;

export async function run(names: string[], { keep, back, dryRun }: Options): Promise<void> {
  if (back && (keep || dryRun)) throw new ShopError('BAD_INPUT', '--back goes alone: it rebuilds nothing');
  if (!names.includes('all')) projectionsNamed(names);
  const settings = readSettings(process.env);
  const signal = stopSignal();
  await withDriver(settings, async (driver) => {
    const started = await driver.start({ projections: names, keep, back, dryRun });
    if (back) {
      process.stdout.write(`${names.join(', ')}: the generation that was kept is live again.\n`);
      return;
    }
    const ended = await followed(driver, started, signal);
    process.stdout.write(summary(ended, dryRun));
    if (signal.aborted) process.exitCode = EXIT_INTERRUPTED;
    else if (ended.some(({ state, error }) => state === 'FAILED' || error !== null)) process.exitCode = EXIT_FAILED;
  });
}

async function withDriver(settings: Settings, use: (driver: Driver) => Promise<void>): Promise<void> {
  const logger = createLogger('warn', 'replay');
  const owner = isEnginesMode(settings) ? null : await ownerUrl(settings);
  if (owner !== null) return use(driverAt(owner));
  const connection = await connect(settings, 'own', logger);
  const context: RoleContext = { settings, connection, logger, clock: systemClock };
  let projecting: Projecting | null = null;
  try {
    // Nobody else folds the embedded data now.
    if (connection.mode === 'embedded') projecting = await startProjecting(context, PROJECTIONS);
    const replays = await openReplays(context, projecting);
    try {
      await use({
        start: async ({ projections, back, ...choice }) => {
          if (!back) return replays.startAll(projections, choice);
          await replays.back(projections);
          return [];
        },
        list: () => Promise.resolve(replays.list()),
        cancel: () => replays.cancel(),
      });
    } finally {
      await replays.cancel();
      await replays.stop();
    }
  } finally {
    if (projecting !== null) await stopAll([projecting], logger);
    await connection.close();
  }
}

/** Only the owner of the embedded data writes to it. */
function driverAt(url: string): Driver {
  const ask = async (method: string, body?: ReplayRequest): Promise<readonly Rebuild[]> => {
    const json =
      body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await fetch(new URL('/replays', url), { method, ...json }).catch((error: unknown) => {
      throw new ShopError('UNAVAILABLE', `the shop at ${url} does not answer any more`, { cause: error });
    });
    const answer = (await response.json()) as ReplayAnswer & { error?: string };
    if (response.ok) return answer.rebuilds;
    const code = response.status === 400 ? 'BAD_INPUT' : 'UNAVAILABLE';
    throw new ShopError(code, answer.error ?? `the shop at ${url} could not rebuild anything`);
  };
  return {
    start: (request) => ask('POST', request),
    list: () => ask('GET'),
    cancel: async () => {
      await ask('DELETE');
    },
  };
}

/** Shows the progress until all that was started is over; Ctrl-C gives it up. */
async function followed(driver: Driver, started: readonly Rebuild[], signal: AbortSignal): Promise<Rebuild[]> {
  const bar = progressBar(`rebuilding ${started.map(({ projection }) => projection).join(', ')}`);
  const isStarted = ({ projection, generation }: Rebuild): boolean =>
    started.some((each) => each.projection === projection && each.generation === generation);
  try {
    for (let cancelled = false; ;) {
      const found = (await driver.list()).filter(isStarted);
      const sum = (of: (rebuild: Rebuild) => number): number => found.reduce((total, each) => total + of(each), 0);
      const note = found.find((each) => !isOver(each) && each.note !== null)?.note ?? '';
      bar.update(
        sum(({ records }) => records),
        sum(({ total }) => total),
        note,
      );
      if (found.length > 0 && found.every(isOver)) return found;
      if (found.length === 0)
        throw new ShopError('UNAVAILABLE', 'nobody knows of the rebuild any more; start it again');
      if (signal.aborted && !cancelled) {
        cancelled = true;
        await driver.cancel();
      } else await systemClock.until(systemClock.now() + POLL_MS, cancelled ? undefined : signal);
    }
  } finally {
    bar.stop();
  }
}

function summary(rebuilds: readonly Rebuild[], dryRun: boolean): string {
  const head = ['Projection', 'Generation', 'Records', 'Seconds', 'Live one differed', 'Gate'];
  const table = new Table({ head, style: { head: [], border: [] } });
  const right = (content: string): { content: string; hAlign: 'right' } => ({ content, hAlign: 'right' });
  for (const { projection, generation, records, startedAt, endedAt, differences, ...rest } of rebuilds) {
    const seconds = (Date.parse(endedAt ?? startedAt) - Date.parse(startedAt)) / 1_000;
    table.push([
      projection,
      right(String(generation)),
      right(String(records)),
      right(seconds.toFixed(1)),
      right(differences === null ? '–' : String(differences)),
      verdict(rest, differences, dryRun),
    ]);
  }
  const lines = rebuilds.flatMap(({ projection, examples, error }) => [
    ...examples.map((each) => `  ${projection} ${each}`),
    ...(error === null ? [] : [colors.red(`${projection}: ${error}`)]),
  ]);
  return `${[table.toString(), ...lines].join('\n')}\n`;
}

function verdict({ state }: Pick<Rebuild, 'state'>, differences: number | null, dryRun: boolean): string {
  if (state === 'SWAPPED') return colors.green('equal; live now');
  if (state === 'FAILED') return colors.red('failed');
  return dryRun && differences !== null
    ? 'equal to the independent fold; dropped again'
    : 'given up; the live one stays';
}
