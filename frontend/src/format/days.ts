/** Days in the shop's time zone, by the rules of the shop itself: pure arithmetic over Intl, which the browser has. */
import { parseInstant } from '../../../backend/domain/calendar.ts';

export { addDays, boundsOf, dayOf, isDay, type DayBounds } from '../../../backend/domain/calendar.ts';

export const MINUTE_MS = 60_000;

/** The instant of a local time as inputs give it, "2026-11-22T14:05"; null when it is none. */
export const instantOf = parseInstant;
