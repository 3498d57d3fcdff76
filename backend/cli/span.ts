/** A span of time as people give it: a day, an hour or a minute of it, or from an instant to another. */
import { boundsOf, dayOf, localTime } from '../domain/calendar.ts';
import { ShopError } from '../ports/errors.ts';
import { instantIn } from './options.ts';

export interface SpanGiven {
  readonly day?: string;
  /** "14", or "14:00". */
  readonly hour?: string;
  /** "14:05". */
  readonly minute?: string;
  readonly from?: string;
  readonly to?: string;
}

/** Epoch ms; `to` is the first instant after it. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

const MINUTE_MS = 60_000;
/** Clocks are put forward and back by whole quarters. */
const QUARTER_MS = 900_000;
const HOUR = /^([01]?\d|2[0-3])(?::00)?$/;
const MINUTE = /^([01]\d|2[0-3]):[0-5]\d$/;

/** Today when nothing is given. Throws BAD_INPUT. */
export function spanOf(given: SpanGiven, timeZone: string, now: number): Span {
  const { day, hour, minute, from, to } = given;
  if ([hour, minute, from ?? to].filter((each) => each !== undefined).length > 1) {
    throw new ShopError('BAD_INPUT', 'give one of --hour, --minute, or --from with --to');
  }
  if (from !== undefined || to !== undefined) {
    if (from === undefined || to === undefined) throw new ShopError('BAD_INPUT', '--from and --to go together');
    if (day !== undefined) throw new ShopError('BAD_INPUT', '--from and --to name their days; leave --day out');
    const span = { from: instantOf('--from', from, timeZone), to: instantOf('--to', to, timeZone) };
    if (span.to <= span.from) throw new ShopError('BAD_INPUT', `--to ${to} is not after --from ${from}`);
    return span;
  }
  const onDay = day ?? dayOf(now, timeZone);
  if (hour !== undefined) return hourOf(onDay, hour, timeZone);
  if (minute !== undefined) return minuteOf(onDay, minute, timeZone);
  return boundsOf(onDay, timeZone);
}

/** Where clocks are put back, the hour comes twice and counts as one; where they are put forward, it is left out. */
function hourOf(day: string, text: string, timeZone: string): Span {
  const match = HOUR.exec(text);
  if (match === null) throw new ShopError('BAD_INPUT', `--hour ${text}: an hour is written like 14`);
  const hour = `${(match[1] ?? '').padStart(2, '0')}:`;
  const quarters = startsOf(day, QUARTER_MS, timeZone, (local) => local.startsWith(`${day} ${hour}`));
  const from = quarters[0];
  const last = quarters.at(-1);
  if (from === undefined || last === undefined) {
    throw new ShopError('BAD_INPUT', `${day} has no hour ${text} in ${timeZone}`);
  }
  return { from, to: last + QUARTER_MS };
}

/** Of a minute that comes twice, the first. */
function minuteOf(day: string, text: string, timeZone: string): Span {
  if (!MINUTE.test(text)) throw new ShopError('BAD_INPUT', `--minute ${text}: a minute is written like 14:05`);
  const [from] = startsOf(day, MINUTE_MS, timeZone, (local) => local.startsWith(`${day} ${text}`));
  if (from === undefined) throw new ShopError('BAD_INPUT', `${day} has no minute ${text} in ${timeZone}`);
  return { from, to: from + MINUTE_MS };
}

/** The steps of a day that begin at a local time ("2026-11-22 14:05:00") that is looked for, oldest first. */
function startsOf(day: string, stepMs: number, timeZone: string, isWanted: (local: string) => boolean): number[] {
  const { from, to } = boundsOf(day, timeZone);
  const found: number[] = [];
  for (let instant = from; instant < to; instant += stepMs) {
    if (isWanted(localTime(instant, timeZone))) found.push(instant);
  }
  return found;
}

/** Throws BAD_INPUT, naming the option. */
export function instantOf(option: string, text: string, timeZone: string): number {
  try {
    return instantIn(text, timeZone);
  } catch (error) {
    throw new ShopError('BAD_INPUT', `${option}: ${(error as Error).message}`);
  }
}
