/** `replay`: rebuilds projections beside the live ones; builds views of the past; mends one order's document. */
import Table from 'cli-table3';
import colors from 'picocolors';
import { systemClock } from '../../ports/clock.ts';
import { ShopError } from '../../ports/errors.ts';
import { isOver, type Rebuild } from '../../replay/rebuild.ts';
import { buildView, dropView, listViews, mendOrder } from '../past.ts';
import { withReplayDriver, type ReplayDriver } from '../replay-driver.ts';
import { projectionsNamed } from '../roles.ts';
import { stopSignal } from '../run-until.ts';
import { readSettings } from '../settings.ts';
import { EXIT_FAILED, EXIT_INTERRUPTED, progressBar } from '../terminal.ts';

interface Options {
  readonly keep: boolean;
  readonly back: boolean;
  readonly dryRun: boolean;
  readonly until?: string;
  readonly view?: string;
  readonly replace: boolean;
  readonly views: boolean;
  readonly drop?: string;
  readonly order?: string;
}

const POLL_MS = 200;

export async function run(names: string[], options: Options): Promise<void> {
  const settings = readSettings(process.env);
  const signal = stopSignal();
  if (!names.includes('all')) projectionsNamed(names);
  const work = workOf(names, options, settings.timeZone);
  await withReplayDriver(settings, (driver) => work(driver, signal));
}

type Work = (driver: ReplayDriver, signal: AbortSignal) => Promise<void>;

/** What the options ask for. Throws BAD_INPUT when it is nothing, or more than one thing. */
function workOf(names: readonly string[], options: Options, timeZone: string): Work {
  const { until, view, replace, views, drop, order } = options;
  const isOfView = until !== undefined || view !== undefined;
  assertOne([options.keep || options.back || options.dryRun, views, drop !== undefined, isOfView, order !== undefined]);
  if (order !== undefined) {
    if (names.length > 0)
      throw new ShopError('BAD_INPUT', '--order mends the document of one order: name no projections');
    return (driver) => mendOrder(driver, order);
  }
  if (views || drop !== undefined) {
    if (names.length > 0)
      throw new ShopError('BAD_INPUT', 'views are listed and dropped as a whole: name no projections');
    return drop === undefined ? (driver) => listViews(driver, timeZone) : (driver) => dropView(driver, drop);
  }
  if (names.length === 0) throw new ShopError('BAD_INPUT', 'name the projections that are to be folded, or "all"');
  if (isOfView) {
    if (until === undefined || view === undefined) {
      throw new ShopError(
        'BAD_INPUT',
        'a view of the past needs both: --until <instant or position> and --view <name>',
      );
    }
    const projections = names.includes('all') ? [] : names;
    return (driver, signal) => buildView(driver, { name: view, until, projections, replace, timeZone }, signal);
  }
  if (replace) throw new ShopError('BAD_INPUT', '--replace is for a view: name it by --view');
  if (options.back && (options.keep || options.dryRun)) {
    throw new ShopError('BAD_INPUT', '--back goes alone: it rebuilds nothing');
  }
  return (driver, signal) => rebuild(driver, names, options, signal);
}

function assertOne(asked: readonly boolean[]): void {
  if (asked.filter(Boolean).length <= 1) return;
  throw new ShopError(
    'BAD_INPUT',
    '--order, --view with --until, --views, --drop, and what a rebuild takes: give one of these',
  );
}

async function rebuild(
  driver: ReplayDriver,
  names: readonly string[],
  { keep, back, dryRun }: Options,
  signal: AbortSignal,
): Promise<void> {
  const started = await driver.start({ projections: names, keep, back, dryRun });
  if (back) {
    process.stdout.write(`${names.join(', ')}: the generation that was kept is live again.\n`);
    return;
  }
  const ended = await followed(driver, started, signal);
  process.stdout.write(summary(ended, dryRun));
  if (signal.aborted) process.exitCode = EXIT_INTERRUPTED;
  else if (ended.some(({ state, error }) => state === 'FAILED' || error !== null)) process.exitCode = EXIT_FAILED;
}

/** Shows the progress until all that was started is over; Ctrl-C gives it up. */
async function followed(driver: ReplayDriver, started: readonly Rebuild[], signal: AbortSignal): Promise<Rebuild[]> {
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
