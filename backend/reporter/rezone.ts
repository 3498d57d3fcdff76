/** Restates every report in the zone that the shop has now: what has to happen when TIME_ZONE was changed. */
import { dayOf, type Day } from '../domain/calendar.ts';
import { dueDays, openedAt } from './due.ts';
import { issueDays, projectionsReach, reportedEnds } from './issue.ts';
import { IssuedReports } from './issued.ts';
import { readActivity } from './late.ts';
import { folderOf, GRACE_MS, STALLED_MS, type ReporterOptions } from './reporter.ts';

export interface Rezoned {
  /** Days that have a report now. */
  readonly days: number;
  /** Those that got a new revision, or their first. */
  readonly restated: number;
  /** False when `signal` aborted first; the next call goes on with the rest. */
  readonly complete: boolean;
}

/**
 * Each day that has a report gets a revision in the zone, also one that has no order in it any more, and each that is
 * to have one and has none gets its first. A day that has not ended in this zone is reported as far as it has come, and
 * anew when it ends. Rejects with UNAVAILABLE when the read models are behind, FENCED, STORAGE.
 */
export async function rezoneReports(
  options: ReporterOptions,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (done: number, total: number) => void },
): Promise<Rezoned> {
  const { log, models, clock, collections, timeZone, graceMs = GRACE_MS } = options;
  const issued = new IssuedReports(log);
  await issued.readToEnd();
  const reported = new Map([...issued.all()].map(({ day, id }) => [day, id]));
  if (reported.size === 0) return { days: 0, restated: 0, complete: true };
  // In this order: what is in the log by `now` lies before the ends.
  const now = clock.now();
  const ends = await reportedEnds(log);
  if (!(await projectionsReach(ends, options, { signal, stalledMs: STALLED_MS }))) {
    return { days: reported.size, restated: 0, complete: false };
  }
  const { firstAt, quarters } = await readActivity(models, await collections());
  const busy = new Set([...quarters].map((quarter) => dayOf(quarter, timeZone)));
  const opened = await openedAt(log);
  const due = dueDays({
    today: dayOf(now - graceMs, timeZone),
    first: firstAt === Infinity ? null : dayOf(firstAt, timeZone),
    opened: opened === -Infinity ? null : dayOf(opened, timeZone),
    isBusy: (day) => busy.has(day),
    isReported: (day) => reported.has(day),
  });
  const days: Day[] = [...new Set([...reported.keys(), ...due])].sort();
  onProgress(0, days.length);
  let done = 0;
  await issueDays(days, issued, options, signal, { rezone: true, onIssued: () => onProgress(++done, days.length) });
  await issued.writeFiles(folderOf(options), options.minorDigits);
  const restated = days.filter((day) => (issued.latest(day)?.id ?? null) !== (reported.get(day) ?? null)).length;
  return { days: days.length, restated, complete: done === days.length };
}
