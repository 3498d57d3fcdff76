/** What a long run came to, as a table, and which goals it missed. */
import Table from 'cli-table3';
import { formatCount } from '../../domain/money.ts';
import { droppedShare, slopeOf, spreadOf, type Point } from './figures.ts';
import type { PageSample } from './page.ts';
import type { ShopSample } from './shop-process.ts';
import type { Soak } from './soak.ts';
import { LONG_TASK_MS } from './trace.ts';

const SHOWN_TASKS = 5;
/** Most tasks of a page do next to nothing, and hide the others. */
const WORK_MS_MIN = 1;
const POINTS_MAX = 8;

/** Each goal that was missed, as one line; of a run that was stopped only what was measured counts. */
export function missedGoals({ page, shown, verified, frames }: Soak): string[] {
  const { count, p99 } = spreadOf((page?.tasks ?? []).map(({ ms }) => ms));
  const missed: string[] = [];
  if (count > 0 && p99 >= LONG_TASK_MS)
    missed.push(`99 % of the page's tasks took up to ${ms(p99)}, not < ${LONG_TASK_MS} ms`);
  if (page !== null && page.tracedSeconds > 1 && count === 0) missed.push("the trace had no task of the page's");
  if (shown !== null && !shown.isSame) {
    missed.push(`the page shows ${JSON.stringify(shown.page)} where the API says ${JSON.stringify(shown.api)}`);
  }
  if (verified === false) missed.push('the read models differ from the log');
  if (frames.failure !== null) missed.push(`the subscription ended: ${frames.failure}`);
  for (const error of page?.errors ?? []) missed.push(`the page's script failed: ${error}`);
  return missed;
}

export function renderSoak(soak: Soak): string {
  const table = new Table({ head: ['What', 'Figures'], style: { head: [], border: [] }, wordWrap: true });
  const rows = [...generalRows(soak), ...shopRows(soak.shop), ...pageRows(soak.page), ...endRows(soak)];
  for (const [what, figures] of rows) table.push([what, figures]);
  return table.toString();
}

type Row = readonly [what: string, figures: string];

function generalRows({ seconds, stopped, placed, frames }: Soak): Row[] {
  const { p50, p99, max } = spreadOf(frames.gaps);
  const perSecond = seconds === 0 ? 0 : placed / seconds;
  return [
    ['Time', `${Math.round(seconds)} s${stopped ? ', then stopped' : ''}`],
    ['Orders', `${formatCount(placed)} (${formatCount(Math.round(perSecond))}/s)`],
    ['Frames of a subscriber', `${frames.count}; apart p50 ${ms(p50)}, p99 ${ms(p99)}, max ${ms(max)}`],
  ];
}

function shopRows(samples: readonly ShopSample[] | null): Row[] {
  const first = samples?.[0];
  const last = samples?.at(-1);
  if (samples === null || first === undefined || last === undefined) return [];
  const course = (of: (sample: ShopSample) => number | null): string => series(samples, of, 'MiB', 0);
  const cpu = (last.cpuSeconds - first.cpuSeconds) / Math.max(1, last.atSeconds - first.atSeconds);
  const growing = growth(
    pointsOf(samples, ({ anonymousMiB }) => anonymousMiB),
    'MiB',
    0,
  );
  return [
    ['Shop: resident, with its data', course(({ residentMiB }) => residentMiB)],
    ['Shop: anonymous (no files)', `${course(({ anonymousMiB }) => anonymousMiB)}${growing}`],
    ['Shop: JS heap that is held', course(({ heapTotalMiB }) => heapTotalMiB)],
    ['Shop: JS heap that is used', course(({ heapUsedMiB }) => heapUsedMiB)],
    ['Shop: JS heap, collected', course(({ heapNeededMiB }) => heapNeededMiB)],
    ['Shop: buffers', course(({ externalMiB }) => externalMiB)],
    ['Shop: CPU', `${Math.round(cpu * 100)} % of one core`],
  ];
}

function pageRows(page: Soak['page']): Row[] {
  if (page === null) return [];
  const { count, p50, p99, max } = spreadOf(page.tasks.map((task) => task.ms));
  const long = page.tasks.filter((task) => task.ms > LONG_TASK_MS).sort((a, b) => b.ms - a.ms);
  const working = page.tasks.filter((task) => task.ms >= WORK_MS_MIN);
  const work = spreadOf(working.map((task) => task.ms));
  const cpu = spreadOf(working.map((task) => task.cpuMs));
  const frames = spreadOf(page.intervals);
  const heap = ({ heapMiB }: PageSample): number => heapMiB;
  const nodes = (sample: PageSample): number => sample.nodes;
  return [
    [
      `Page: main-thread tasks (trace, ${Math.round(page.tracedSeconds)} s of it)`,
      `${count}; p50 ${ms(p50)}, p99 ${ms(p99)} (goal < ${LONG_TASK_MS} ms), max ${ms(max)}; over ${LONG_TASK_MS} ms: ${long.length} (${percent(long.length, count)})`,
    ],
    [`  those of ${WORK_MS_MIN} ms and more`, `${work.count}; p50 ${ms(work.p50)}, p99 ${ms(work.p99)}`],
    ['  their CPU, without waiting for it', `p50 ${ms(cpu.p50)}, p99 ${ms(cpu.p99)}, max ${ms(cpu.max)}`],
    ...long
      .slice(0, SHOWN_TASKS)
      .map((task): Row => [
        `  ${ms(task.ms)}, ${ms(task.cpuMs)} of it CPU`,
        task.within.length === 0 ? '?' : task.within.join(', '),
      ]),
    [
      'Page: frames, drawn without a GPU',
      `${frames.count}; apart p50 ${ms(frames.p50)}, p99 ${ms(frames.p99)}, max ${ms(frames.max)}; dropped ${(droppedShare(page.intervals) * 100).toFixed(2)} % of 60 Hz`,
    ],
    [
      'Page: JS heap, collected',
      `${series(page.samples, heap, 'MiB', 1)}${growth(pointsOf(page.samples, heap), 'MiB', 1)}`,
    ],
    ['Page: DOM nodes', `${series(page.samples, nodes, '', 0)}${growth(pointsOf(page.samples, nodes), '', 0)}`],
    ['Page: listeners', series(page.samples, ({ listeners }) => listeners, '', 0)],
    ['Page: browser', `headless Chromium ${page.chromium}`],
  ];
}

function endRows({ shown, verified }: Soak): Row[] {
  const rows: Row[] = [];
  if (shown !== null) {
    const { api, page, isSame } = shown;
    const text = `orders ${page.ordersToday} / ${api.ordersToday}, handled ${page.handledToday} / ${api.handledToday}`;
    rows.push(['At the end: page / API', `${text}: ${isSame ? 'the same' : 'NOT THE SAME'}`]);
  }
  if (verified !== null) rows.push(['verify', verified ? 'equal' : 'DIFFERENT']);
  return rows;
}

/** The points where the value is known. */
function pointsOf<S extends PageSample | ShopSample>(samples: readonly S[], of: (sample: S) => number | null): Point[] {
  return samples.flatMap((sample) => {
    const value = of(sample);
    return value === null ? [] : [{ atSeconds: sample.atSeconds, value }];
  });
}

/** Some of the values, from the first to the last. */
function series<S extends PageSample | ShopSample>(
  samples: readonly S[],
  of: (sample: S) => number | null,
  unit: string,
  digits: number,
): string {
  const points = pointsOf(samples, of);
  if (points.length === 0) return 'not known here';
  const step = Math.max(1, Math.ceil((points.length - 1) / (POINTS_MAX - 1)));
  const shown = points.filter((_, index) => index % step === 0 || index === points.length - 1);
  return `${shown.map(({ value }) => value.toFixed(digits)).join(' → ')} ${unit}`.trim();
}

/** How the value grew in the second half, with how sure that is. */
function growth(points: readonly Point[], unit: string, digits: number): string {
  const slope = slopeOf(points);
  if (slope === null) return '';
  const { perHour, error } = slope;
  const text = `${perHour >= 0 ? '+' : ''}${perHour.toFixed(digits)} ± ${error.toFixed(digits)} ${unit}`.trim();
  return `\nin the second half ${text} an hour`;
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(2) : Math.round(value)} ms`;
}

function percent(part: number, of: number): string {
  return `${of === 0 ? 0 : ((part / of) * 100).toFixed(3)} %`;
}
