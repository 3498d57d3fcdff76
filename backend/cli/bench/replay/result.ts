/** What a measured rebuild comes to, for people and for programs. */
import Table from 'cli-table3';
import colors from 'picocolors';
import { formatCount } from '../../../domain/money.ts';
import { spreadOf, type Spread } from '../../soak/figures.ts';
import type { Wrong } from './judge.ts';
import type { Measured, ReplayJob } from './measure.ts';

export interface ReplayResult {
  readonly part: 'replay';
  readonly orders: number;
  readonly rate: number;
  readonly on: 'embedded' | 'engines';
  readonly projections: readonly string[];
  readonly fillPerSecond: number;
  /** Until each projection had the history for the first time. */
  readonly catchUpSeconds: Readonly<Record<string, number>>;
  readonly records: number;
  readonly foldSeconds: number;
  readonly foldPerSecond: number;
  readonly compareSeconds: number;
  readonly comparePerSecond: number;
  /** From the opening of the flip to the change of the pointer. */
  readonly flipSeconds: number;
  /** Around the flip, the longest that a follower of the figures saw no newer position; null without a follower's. */
  readonly swapStallSeconds: number | null;
  /** The same, over as long a time, before the rebuild. */
  readonly usualStallSeconds: number | null;
  /** Answers over HTTP, in ms. */
  readonly answersBefore: Spread;
  readonly answersDuring: Spread;
  /** Peak of the shop's memory that is not files, in MiB. */
  readonly peakBeforeMiB: number | null;
  readonly peakDuringMiB: number | null;
  readonly gate: 'passed' | 'failed';
  readonly differences: number;
  readonly judged: number;
  readonly unjudged: number;
  readonly frames: number;
  readonly steppedBack: number;
  readonly mixed: number;
  readonly failed: number;
  readonly wrong: readonly Wrong[];
  readonly verified: boolean;
  readonly ok: boolean;
}

/** Beyond the flip itself: what a reader had remembered of the pointer by then runs out. */
const AROUND_MS = 2_000;
const MS = 1_000;

export function resultOf(job: ReplayJob, measured: Measured): ReplayResult {
  const { filled, caughtUp, phases, judge, unjudged, verified, frames } = measured;
  const { startedAt, endedAt } = phases;
  const comparingAt = phases.comparingAt ?? endedAt;
  const openedAt = phases.openedAt ?? endedAt;
  const records = phases.endings.reduce((sum, each) => sum + each.records, 0);
  const seconds = (from: number, to: number): number => Math.max(0, to - from) / MS;
  const perSecond = (from: number, to: number): number => Math.round(records / Math.max(0.001, seconds(from, to)));
  const answers = (from: number, to: number): Spread =>
    spreadOf(measured.answers.filter(({ at }) => at >= from && at < to).map(({ ms }) => ms));
  const gate = phases.endings.every(({ state }) => state === 'SWAPPED') ? 'passed' : 'failed';
  const { counts, wrong, judged } = judge;
  const isRight = counts['stepped back'] + counts.mixed + counts.failed + unjudged === 0;
  const swap = { from: openedAt - AROUND_MS, to: endedAt + AROUND_MS };
  const usual = { from: startedAt - (swap.to - swap.from), to: startedAt };
  return {
    part: 'replay',
    orders: job.orders,
    rate: job.rate,
    on: job.engines === null ? 'embedded' : 'engines',
    projections: job.projections.map(({ name }) => name),
    fillPerSecond: Math.round(filled.records / filled.seconds),
    catchUpSeconds: Object.fromEntries(caughtUp.map((each) => [each.projection, each.seconds])),
    records,
    foldSeconds: seconds(startedAt, comparingAt),
    foldPerSecond: perSecond(startedAt, comparingAt),
    compareSeconds: seconds(comparingAt, openedAt),
    comparePerSecond: perSecond(comparingAt, openedAt),
    flipSeconds: seconds(openedAt, endedAt),
    swapStallSeconds: stallOf(job, measured, swap),
    usualStallSeconds: stallOf(job, measured, usual),
    answersBefore: answers(-Infinity, startedAt),
    answersDuring: answers(startedAt, endedAt + AROUND_MS),
    peakBeforeMiB: peakOf(measured, -Infinity, startedAt),
    peakDuringMiB: peakOf(measured, startedAt, Infinity),
    gate,
    differences: phases.endings.reduce((sum, each) => sum + (each.differences ?? 0), 0),
    judged,
    unjudged,
    frames,
    steppedBack: counts['stepped back'],
    mixed: counts.mixed,
    failed: counts.failed,
    wrong,
    verified,
    ok: isRight && judged > 0 && gate === 'passed' && verified,
  };
}

/** The longest time without a newer position that touches the span, over the projections, in seconds. */
function stallOf({ projections }: ReplayJob, { moves }: Measured, span: { from: number; to: number }): number | null {
  let longest: number | null = null;
  for (const { name } of projections) {
    const seen = moves.get(name) ?? [];
    for (const [index, at] of seen.entries()) {
      const before = seen[index - 1];
      if (before === undefined || at < span.from || before > span.to) continue;
      longest = Math.max(longest ?? 0, (at - before) / MS);
    }
  }
  return longest;
}

function peakOf({ memory }: Measured, from: number, to: number): number | null {
  const within = memory.filter(({ at }) => at >= from && at < to).map(({ anonymousMiB }) => anonymousMiB);
  return within.length === 0 ? null : Math.round(Math.max(...within));
}

/** One column for each. */
export function renderReplays(results: readonly ReplayResult[]): string {
  const number = formatCount;
  const seconds = (value: number | null): string => (value === null ? '–' : `${value.toFixed(2)} s`);
  const mib = (value: number | null): string => (value === null ? '–' : `${value} MiB`);
  const spread = ({ count, p50, p99, max }: Spread): string =>
    `${Math.round(p50)} / ${Math.round(p99)} / ${Math.round(max)} ms (${number(count)})`;
  const none = (value: number): string => (value === 0 ? 'none' : colors.red(number(value)));
  const yes = (value: boolean): string => (value ? 'yes' : colors.red('NO'));
  const rows: readonly [string, (result: ReplayResult) => string][] = [
    ['History: orders', ({ orders, on }) => `${number(orders)}, ${on}`],
    ['Meanwhile', ({ rate }) => `${number(rate)} orders/s`],
    ['History written', ({ fillPerSecond }) => `${number(fillPerSecond)} records/s`],
    ['Rebuilt', ({ projections }) => projections.join(', ')],
    ['Folded', (each) => `${number(each.records)} records, ${seconds(each.foldSeconds)}`],
    ['', ({ foldPerSecond }) => `${number(foldPerSecond)} records/s`],
    ['Compared', (each) => `${seconds(each.compareSeconds)}, ${number(each.comparePerSecond)} records/s`],
    ['Flip, opened to changed', ({ flipSeconds }) => seconds(flipSeconds)],
    ['No newer figure: at the swap', ({ swapStallSeconds }) => seconds(swapStallSeconds)],
    ['No newer figure: usually', ({ usualStallSeconds }) => seconds(usualStallSeconds)],
    ['Answers before: p50 / p99 / max', ({ answersBefore }) => spread(answersBefore)],
    ['Answers during', ({ answersDuring }) => spread(answersDuring)],
    ['Peak memory before', ({ peakBeforeMiB }) => mib(peakBeforeMiB)],
    ['Peak memory during', ({ peakDuringMiB }) => mib(peakDuringMiB)],
    ['Gate', (each) => `${each.gate}; the former one differed in ${number(each.differences)} documents`],
    ['Held against the log', (each) => `${number(each.judged)} answers; ${number(each.frames)} frames followed`],
    ['Stepped back', ({ steppedBack }) => none(steppedBack)],
    ['Mixed generations', ({ mixed }) => none(mixed)],
    ['No answer', ({ failed, unjudged }) => none(failed + unjudged)],
    ['Equal to the log in the end', ({ verified }) => yes(verified)],
  ];
  const table = new Table({ style: { head: [], border: [] } });
  for (const [name, of] of rows) table.push([name, ...results.map(of)]);
  const wrong = results.flatMap((each) => each.wrong.map(({ kind, about }) => colors.red(`  ${kind}: ${about}`)));
  return [table.toString(), ...wrong].join('\n');
}

/** How long the first folding of the history took: what a run with more orders will take. */
export function renderCatchUp({ catchUpSeconds }: ReplayResult): string {
  const each = Object.entries(catchUpSeconds).map(([name, seconds]) => `${name} ${seconds.toFixed(1)} s`);
  return `  caught up with the history, from the start of the shop: ${each.join(', ')}`;
}
