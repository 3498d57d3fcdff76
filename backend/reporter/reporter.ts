/**
 * The reporter: a report for each local day as it ends. What is due is derived from what is stored: every
 * ended day from that of the first order on that has no report (due.ts), and every one that something came in
 * for later. A timer only wakes it; it may wake at any time, and miss any.
 */
import cron from 'node-cron';
import { join } from 'node:path';
import { openFolder, type Folder } from '../adapters/files/folder.ts';
import { addDays, boundsOf, dayOf, isDay, type Day } from '../domain/calendar.ts';
import { HAPPENED_MAX, HAPPENED_MIN } from '../events/bounds.ts';
import type { HistoryBegun, ReportIssued } from '../events/events.ts';
import { isShopError, ShopError } from '../ports/errors.ts';
import { noteUngiven } from '../queries/ungiven-reports.ts';
import { unfinishedHistory } from '../simulator/first-history.ts';
import { dueDays, openedAt, waitsForHistory } from './due.ts';
import { isPreliminary, issueDays, projectionsReach, reportedEnds, type IssueOptions } from './issue.ts';
import { IssuedReports } from './issued.ts';
import { LateWatch, OUTSIDE } from './late.ts';
import { assertZone, daysMoved } from './zone.ts';

/** Orders that were placed before midnight may reach the log a little after it. */
export const GRACE_MS = 5_000;
/** How often it is looked whether anything came in late. */
const LOOK_EVERY_MS = 60_000;
export const STALLED_MS = 30_000;
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 60_000;

export interface ReporterOptions extends IssueOptions {
  readonly reportsDir: string;
  /** Opens that folder; other than the durable one in tests only. */
  readonly open?: (reportsDir: string) => Folder;
  /** How long after midnight the log's ends are taken. */
  readonly graceMs?: number;
  readonly lookEveryMs?: number;
}

export interface Reporter {
  /** Resolves after stop(); rejects when the reporter failed for good. */
  readonly ended: Promise<void>;
  /**
   * Looks now, after the look under way: resolves when what was due is issued and the files are written.
   * Rejects when that could not be done; the reporter tries again by itself.
   */
  look(): Promise<void>;
  /** As issueReport(), for the process that has this reporter. */
  issue(day: Day, choice?: { readonly force?: boolean }): Promise<IssuedByHand>;
  stop(): Promise<void>;
}

export interface IssuedByHand {
  readonly event: ReportIssued;
  /** Paths of the files. */
  readonly files: readonly string[];
}

/** Starts the reporter, which begins with what was missed. */
export function startReporter(options: ReporterOptions): Promise<Reporter> {
  const reporter = new RunningReporter(options);
  reporter.start();
  return Promise.resolve(reporter);
}

/**
 * Issues the report of a day by hand and writes its files: a new revision when the figures changed, else the
 * files only. Rejects with BAD_INPUT for what is no day, or has not ended (unless `force`), UNAVAILABLE when
 * the read models are behind, INEXACT when it cannot be given, STORAGE.
 */
export async function issueReport(
  day: Day,
  options: ReporterOptions,
  { force = false }: { readonly force?: boolean } = {},
): Promise<IssuedByHand> {
  const issued = new IssuedReports(options.log);
  return issueByHand(day, force, issued, folderOf(options), options);
}

export function folderOf({ reportsDir, open = openFolder }: ReporterOptions): Folder {
  return open(reportsDir);
}

async function issueByHand(
  day: Day,
  force: boolean,
  issued: IssuedReports,
  folder: Folder,
  options: ReporterOptions,
): Promise<IssuedByHand> {
  const { timeZone, clock, log, graceMs = GRACE_MS } = options;
  if (!isDay(day)) throw new ShopError('BAD_INPUT', `"${day}" is no day; write it as 2026-11-22`);
  const { from, to } = boundsOf(day, timeZone);
  if (to <= HAPPENED_MIN || from > HAPPENED_MAX) throw new ShopError('BAD_INPUT', OUTSIDE);
  if (!force && to + graceMs > clock.now()) {
    const next = addDays(day, 1);
    throw new ShopError(
      'BAD_INPUT',
      `${day} has not ended yet; its report comes by itself at 00:00 on ${next} (${timeZone})`,
    );
  }
  if (!force && waitsForHistory(day, await unfinishedHistory(log), timeZone)) {
    throw new ShopError(
      'UNAVAILABLE',
      `the orders of ${day} are not all there: the history that npm start began with was stopped; start again without --no-history, and the report comes by itself`,
    );
  }
  const { signal } = new AbortController();
  await projectionsReach(await reportedEnds(log), options, { signal, stalledMs: STALLED_MS });
  const ungiven = (await issueDays([day], issued, options, signal)).get(day);
  if (ungiven !== undefined) throw new ShopError('INEXACT', `there is no report of ${day}: ${ungiven}`);
  const event = issued.latest(day);
  if (event === null) throw new Error(`the report of ${day} was issued and is not in the topic reports`);
  const names = await issued.writeDay(day, folder, options.minorDigits);
  return { event, files: names.map((name) => join(folder.path, name)) };
}

class RunningReporter implements Reporter {
  readonly ended: Promise<void>;
  readonly #options: ReporterOptions;
  readonly #graceMs: number;
  readonly #issued: IssuedReports;
  readonly #watch: LateWatch;
  readonly #folder: Folder;
  /** When the log was made, epoch ms. */
  #opened = -Infinity;
  /** The history that is not whole; whoever goes on with it does so before a reporter starts. */
  #unfinished: HistoryBegun | null = null;
  readonly #stopping = new AbortController();
  /** Preliminary reports whose figures turned out to be the final ones. */
  readonly #confirmed = new Set<string>();
  /** Days whose report cannot be given, and why. Sums only grow: nothing but a start looks at them again. */
  readonly #ungiven = new Map<Day, string>();
  #settle: { resolve: () => void; reject: (error: unknown) => void } = { resolve: () => {}, reject: () => {} };
  /** One thing at a time: two fences of one process would hinder each other. */
  #turn: Promise<unknown> = Promise.resolve();
  #wake: () => void = () => {};

  constructor(options: ReporterOptions) {
    const { log, models, timeZone, collections, graceMs = GRACE_MS } = options;
    this.#options = options;
    this.#graceMs = graceMs;
    this.#issued = new IssuedReports(log);
    this.#watch = new LateWatch({ log, models, timeZone, collections, issued: this.#issued });
    this.#folder = folderOf(options);
    this.ended = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.ended.catch(() => {});
  }

  start(): void {
    this.#run().then(
      () => this.#settle.resolve(),
      (error: unknown) => this.#settle.reject(error),
    );
  }

  look(): Promise<void> {
    return this.#inTurn(() => this.#look());
  }

  issue(day: Day, { force = false }: { readonly force?: boolean } = {}): Promise<IssuedByHand> {
    return this.#inTurn(() => issueByHand(day, force, this.#issued, this.#folder, this.#options));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.ended;
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(action, action);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #run(): Promise<void> {
    const { logger, timeZone, clock } = this.#options;
    const { signal } = this.#stopping;
    const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    const task = cron.schedule('0 0 * * *', () => this.#wake(), { timezone: timeZone, logger: quiet });
    let retryMs = RETRY_FIRST_MS;
    try {
      while (!signal.aborted) {
        let pauseUntil = this.#nextLook();
        try {
          await this.look();
          retryMs = RETRY_FIRST_MS;
        } catch (error) {
          if (!isPassing(error)) throw error;
          logger.warn({ error: error.message, again: `${retryMs} ms` }, 'A report could not be made; it waits.');
          pauseUntil = clock.now() + retryMs;
          retryMs = Math.min(RETRY_MAX_MS, retryMs * 2);
        }
        await this.#sleep(pauseUntil);
      }
    } finally {
      await task.destroy();
    }
  }

  /** The next midnight with its grace, or the next regular look, whichever is first. */
  #nextLook(): number {
    const { clock, timeZone, lookEveryMs = LOOK_EVERY_MS } = this.#options;
    const now = clock.now();
    const midnight = boundsOf(dayOf(now - this.#graceMs, timeZone), timeZone).to + this.#graceMs;
    return Math.min(midnight, now + lookEveryMs);
  }

  async #sleep(until: number): Promise<void> {
    const awake = new AbortController();
    const wake = (): void => awake.abort();
    this.#wake = wake;
    this.#stopping.signal.addEventListener('abort', wake, { once: true });
    if (!this.#stopping.signal.aborted) await this.#options.clock.until(until, awake.signal);
    this.#stopping.signal.removeEventListener('abort', wake);
    awake.abort();
  }

  async #look(): Promise<void> {
    const { clock, log, timeZone } = this.#options;
    const { signal } = this.#stopping;
    // In this order: whatever was in the log by `now` lies before the ends.
    const now = clock.now();
    const ends = await reportedEnds(log);
    await this.#issued.readToEnd();
    assertZone(this.#issued.all(), timeZone);
    if (this.#watch.isNew) {
      this.#opened = await openedAt(log);
      this.#unfinished = await unfinishedHistory(log);
      if (!(await this.#reach(ends))) return;
      await this.#watch.begin(ends);
      this.#findMoved();
    }
    await this.#watch.read(ends);
    const due = new Set([...this.#dueAt(now), ...this.#lateAt(now)]);
    if (due.size > 0) {
      if (!(await this.#reach(ends))) return;
      const days = [...due].sort();
      const ungiven = await issueDays(days, this.#issued, this.#options, signal);
      if (signal.aborted) return;
      for (const day of days) this.#reported(day);
      this.#note(ungiven);
    }
    await this.#noteOutside();
    await this.#watch.store();
    await this.#issued.writeFiles(this.#folder, this.#options.minorDigits);
  }

  /**
   * At the start only: two reporters with different rules, as Node and its time-zone data are updated on one machine
   * after the other, must not go on restating each other's days.
   */
  #findMoved(): void {
    const days = daysMoved(this.#issued.all());
    if (days.length === 0) return;
    for (const day of days) this.#watch.late.add(day);
    this.#options.logger.warn(
      { days: days.length, first: days[0], timeZone: this.#options.timeZone, rules: process.versions['tz'] },
      'By the rules that Node has for the time zone now these days begin or end at other instants; their reports are restated.',
    );
  }

  #reach(ends: Awaited<ReturnType<typeof reportedEnds>>): Promise<boolean> {
    return projectionsReach(ends, this.#options, { signal: this.#stopping.signal, stalledMs: STALLED_MS });
  }

  /** Says so once. */
  #note(ungiven: ReadonlyMap<Day, string>): void {
    for (const [day, reason] of ungiven) {
      if (this.#ungiven.get(day) === reason) continue;
      this.#ungiven.set(day, reason);
      this.#options.logger.warn({ day, reason }, 'The report of a day cannot be given; the others go on.');
    }
  }

  async #noteOutside(): Promise<void> {
    const found = new Map([...this.#watch.outside].map((day) => [day, OUTSIDE]));
    if (found.size === 0) return;
    await noteUngiven(this.#options.models, found);
    this.#note(found);
    this.#watch.outside.clear();
  }

  #reported(day: Day): void {
    this.#watch.late.delete(day);
    const report = this.#issued.latest(day);
    if (report !== null && isPreliminary(report)) this.#confirmed.add(report.id);
  }

  /** The day that has not ended, or within the grace. */
  #todayAt(now: number): Day {
    return dayOf(now - this.#graceMs, this.#options.timeZone);
  }

  /** Ended days that something came in for later. A day that has not ended gets its final report anyway. */
  #lateAt(now: number): Day[] {
    const today = this.#todayAt(now);
    for (const day of this.#watch.late) if (day >= today) this.#watch.late.delete(day);
    return [...this.#watch.late];
  }

  #dueAt(now: number): Day[] {
    const days = dueDays({
      today: this.#todayAt(now),
      first: this.#watch.firstDay,
      opened: this.#opened === -Infinity ? null : dayOf(this.#opened, this.#options.timeZone),
      isBusy: (day) => this.#watch.isBusy(day),
      isReported: (day) => {
        if (this.#ungiven.has(day)) return true;
        const report = this.#issued.latest(day);
        return report !== null && (!isPreliminary(report) || this.#confirmed.has(report.id));
      },
    });
    return days.filter((day) => !waitsForHistory(day, this.#unfinished, this.#options.timeZone));
  }
}

/** What may be over when it is tried again. */
function isPassing(error: unknown): error is ShopError {
  return (
    isShopError(error, 'UNAVAILABLE') ||
    isShopError(error, 'STORAGE') ||
    isShopError(error, 'FENCED') ||
    isShopError(error, 'UNKNOWN_OUTCOME')
  );
}
