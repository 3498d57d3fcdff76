/** What `bench --json` has written, as the report's tables. A part that was not measured has no row. */
import { formatCount } from '../../backend/domain/money.ts';

interface Ratio {
  readonly part: 'kafka' | 'lmdb' | 'orders' | 'shop';
  readonly goal: number;
  readonly ratio: number;
  readonly ours: { readonly events: number; readonly perSecond: number };
  readonly bare: { readonly perSecond: number };
}

interface Fanout {
  readonly subscribers: number;
  readonly rate: number;
  readonly seconds: number;
  readonly stalled: boolean;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

interface Replay {
  readonly part: 'replay';
  readonly orders: number;
  readonly rate: number;
  readonly on: 'embedded' | 'engines';
  readonly foldPerSecond: number;
  readonly flipSeconds: number;
  readonly answersDuring: { readonly p99: number };
  readonly peakDuringMiB: number | null;
  readonly steppedBack: number;
  readonly mixed: number;
}

export type Measured = Ratio | Fanout | Replay;

const WHAT: Readonly<Record<Ratio['part'], string>> = {
  kafka: 'statistics: Kafka to MongoDB',
  lmdb: 'statistics: LMDB to LMDB',
  orders: 'orders: Kafka to MongoDB',
  shop: 'orders decided, appended',
};
const COUNTS = ['None', 'One', 'Two', 'Three', 'Four'];

const isRatio = (each: Measured): each is Ratio => 'ratio' in each;
const isFanout = (each: Measured): each is Fanout => 'subscribers' in each;
const isReplay = (each: Measured): each is Replay => 'part' in each && each.part === 'replay';
const inMillions = (orders: number): string => (orders >= 1e5 ? `${orders / 1e6} M` : whole(orders));
const wrongOf = (answers: number): string => (answers === 0 ? '' : `; ${whole(answers)} answers wrong`);
const whole = (value: number): string => formatCount(Math.round(value));

/** Whether the goals are met, in a sentence. */
export function verdict(measured: readonly Measured[]): string {
  const ratios = measured.filter(isRatio);
  const met = ratios.filter(({ ratio, goal }) => ratio >= goal).length;
  if (ratios.length === 0) return '';
  if (met === ratios.length) return 'Every goal is met.';
  return `${COUNTS[met] ?? met} of the ${(COUNTS[ratios.length] ?? String(ratios.length)).toLowerCase()} goals ${met === 1 ? 'is' : 'are'} met.`;
}

export function measuredHtml(measured: readonly Measured[]): string {
  return [
    ratioTable(measured.filter(isRatio)),
    fanoutTable(measured.filter(isFanout)),
    replayTable(measured.filter(isReplay)),
  ].join('\n');
}

function ratioTable(ratios: readonly Ratio[]): string {
  const events = whole(Math.max(...ratios.map(({ ours }) => ours.events)));
  return table(
    `<b>Table 1.</b> ${events} orders; the median of three runs.`,
    ['part', 'ours/s', 'bare/s', 'ratio', 'goal'],
    ratios.map(({ part, ours, bare, ratio, goal }) => [
      WHAT[part],
      whole(ours.perSecond),
      whole(bare.perSecond),
      `<span class="${ratio >= goal ? 'is-met' : 'is-missed'}">${ratio.toFixed(2)}</span>`,
      goal.toFixed(2),
    ]),
  );
}

function fanoutTable(fanouts: readonly Fanout[]): string {
  const rate = whole(Math.max(...fanouts.map((each) => each.rate)));
  return table(
    `<b>Table 2.</b> Order to screen, at ${rate} orders a second.`,
    ['screens', 'median', '99 %', 'longest'],
    fanouts.map(({ subscribers, stalled, p50Ms, p99Ms, maxMs }) => [
      `${whole(subscribers)}${stalled ? ', and one that stalls' : ''}`,
      `${whole(p50Ms)} ms`,
      `${whole(p99Ms)} ms`,
      `${whole(maxMs)} ms`,
    ]),
  );
}

function replayTable(replays: readonly Replay[]): string {
  return table(
    `<b>Table 3.</b> A rebuild, with ${whole(Math.max(...replays.map((each) => each.rate)))} orders a second coming in.${verdictOf(replays)}`,
    ['orders, log', 'folded/s', 'flip', 'answers, 99 %', 'memory'],
    replays.map(({ orders, on, foldPerSecond, flipSeconds, answersDuring, peakDuringMiB, steppedBack, mixed }) => [
      `${inMillions(orders)}, ${on === 'engines' ? 'Kafka' : 'LMDB'}${wrongOf(steppedBack + mixed)}`,
      whole(foldPerSecond),
      `${flipSeconds.toFixed(2)} s`,
      `${whole(answersDuring.p99)} ms`,
      peakDuringMiB === null ? '' : `${whole(peakDuringMiB)} MiB`,
    ]),
  );
}

function verdictOf(replays: readonly Replay[]): string {
  return replays.every(({ steppedBack, mixed }) => steppedBack + mixed === 0) ? ' No answer was wrong.' : '';
}

/** The first column is words, the others are figures. */
function table(caption: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const cells = (tag: string, row: readonly string[]): string =>
    row.map((cell, column) => `<${tag}${column === 0 ? '' : ' class="number"'}>${cell}</${tag}>`).join('');
  const body = rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('\n');
  return `<table><caption>${caption}</caption><thead><tr>${cells('th', head)}</tr></thead><tbody>\n${body}\n</tbody></table>`;
}
