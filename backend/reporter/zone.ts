/**
 * The zone that the reports are in. In another zone a day is another stretch of time: with reports of both, some
 * orders would be in two and others in none. So the shop's zone is that of its reports, until all are restated.
 */
import { boundsOf, isSameZone, type Day } from '../domain/calendar.ts';
import type { ReportIssued } from '../events/events.ts';
import { ShopError } from '../ports/errors.ts';
import type { EventLog } from '../ports/event-log.ts';
import { IssuedReports } from './issued.ts';

/** Throws BAD_INPUT, and says what to do, when one of the latest revisions is of another zone. */
export function assertZone(latest: Iterable<ReportIssued>, timeZone: string): void {
  const zones = new Set<string>();
  let inOurs = false;
  for (const report of latest) {
    if (isSameZone(report.timeZone, timeZone)) inOurs = true;
    else zones.add(report.timeZone);
  }
  if (zones.size === 0) return;
  const others = [...zones].join(', ');
  const isMixed = inOurs || zones.size > 1;
  throw new ShopError(
    'BAD_INPUT',
    isMixed
      ? `some of the reports are in ${others} and TIME_ZONE is ${timeZone}: npm run report -- --rezone restates all of them in TIME_ZONE`
      : `the reports are in ${others}, but TIME_ZONE is ${timeZone}: set TIME_ZONE=${others}, or restate all of them with npm run report -- --rezone`,
  );
}

/** The same, of the reports that the log has. */
export async function assertZoneOf(log: EventLog, timeZone: string): Promise<void> {
  const issued = new IssuedReports(log);
  await issued.readToEnd();
  assertZone(issued.all(), timeZone);
}

/** The reports whose days begin or end elsewhere by the rules that Intl has for their zone now. */
export function daysMoved(latest: Iterable<ReportIssued>): Day[] {
  const moved: Day[] = [];
  for (const { day, timeZone, from, to } of latest) {
    const bounds = boundsOf(day, timeZone);
    if (bounds.from !== Date.parse(from) || bounds.to !== Date.parse(to)) moved.push(day);
  }
  return moved;
}
