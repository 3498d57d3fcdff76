/**
 * Which days have to be reported. Each one of an open shop, so that a day without a report is always a fault and
 * never a quiet day. The shop is open from the day on that its log was made; what is older came in as history or
 * by an import, perhaps of orders of long ago, and there a quiet stretch ends the reports after a month.
 */
import { addDays, boundsOf, type Day } from '../domain/calendar.ts';
import type { HistoryBegun } from '../events/events.ts';
import type { EventLog } from '../ports/event-log.ts';
import { eventsOf } from '../ports/read-events.ts';

const QUIET_DAYS_MAX = 31;

export interface Known {
  /** The day that has not ended. */
  readonly today: Day;
  /** The day of the first order; null when there is none. */
  readonly first: Day | null;
  /** The day that the log was made; null when the log does not say, then the shop has always been open. */
  readonly opened: Day | null;
  /** Whether something was placed or handled on the day. */
  readonly isBusy: (day: Day) => boolean;
  /** Whether the day has its final report. */
  readonly isReported: (day: Day) => boolean;
}

/** Ended days that are to have a report and have no final one, oldest first. */
export function dueDays({ today, first, opened, isBusy, isReported }: Known): Day[] {
  const due: Day[] = [];
  if (first === null) return due;
  let quietDays = 0;
  for (let day = first; day < today; day = addDays(day, 1)) {
    quietDays = isBusy(day) ? 0 : quietDays + 1;
    const isOpen = opened === null || day >= opened;
    if ((isOpen || quietDays <= QUIET_DAYS_MAX) && !isReported(day)) due.push(day);
  }
  return due;
}

/** Whether orders of the day may still be missing, as the history that a first start began is not whole. */
export function waitsForHistory(day: Day, unfinished: HistoryBegun | null, timeZone: string): boolean {
  if (unfinished === null) return false;
  const { from, to } = boundsOf(day, timeZone);
  return Date.parse(unfinished.from) < to && Date.parse(unfinished.to) > from;
}

/** When the log was made, epoch ms; -Infinity when it does not say. */
export async function openedAt(log: EventLog): Promise<number> {
  for await (const { event, at } of eventsOf(log, 'settings')) if (event.type === 'LogCreated') return at;
  return -Infinity;
}
