/**
 * The calendar in every zone that Intl knows. The judge is Intl's own wall clock, read off as text: it finds the
 * instants at which a zone's clock is changed, and says what the clock shows; it knows nothing of the calendar.
 */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { addDays, boundsOf, dayOf, instantOfLocal, type LocalTime } from './calendar.ts';

const SECOND_MS = 1_000;
const QUARTER_MS = 900_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const FROM = Date.UTC(2000, 0, 1);
const TO = Date.UTC(2036, 0, 1);
/** No zone has changed its clock and changed it back within this time. */
const SAMPLED_EVERY_MS = 7 * DAY_MS;
/** Of the days on which no clock is changed, every so many-th is looked at. */
const QUIET_DAYS_STEP = 13;
const TEST_MAX_MS = 120_000;

const ZONES = [...new Set([...Intl.supportedValuesOf('timeZone'), 'UTC'])];

/** A change of a zone's clock: its first instant, and how far local time is ahead of UTC before and after it, ms. */
interface Change {
  readonly at: number;
  readonly before: number;
  readonly after: number;
}

class Judge {
  readonly #format: Intl.DateTimeFormat;

  constructor(timeZone: string) {
    const date = { year: 'numeric', month: '2-digit', day: '2-digit' } as const;
    const time = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const;
    this.#format = new Intl.DateTimeFormat('sv-SE', { timeZone, ...date, ...time });
  }

  /** "2026-11-22 14:05:00" */
  wall(instant: number): string {
    return this.#format.format(instant);
  }

  date(instant: number): string {
    return this.wall(instant).slice(0, 10);
  }

  changes(): Change[] {
    const changes: Change[] = [];
    let before = this.#ahead(FROM);
    for (let at = FROM + SAMPLED_EVERY_MS; at < TO; at += SAMPLED_EVERY_MS) {
      const after = this.#ahead(at);
      if (after !== before) changes.push({ at: this.#changeBefore(at, before), before, after });
      before = after;
    }
    return changes;
  }

  #changeBefore(sampled: number, before: number): number {
    let last = sampled - SAMPLED_EVERY_MS;
    let first = sampled;
    while (first - last > SECOND_MS) {
      const middle = last + Math.floor((first - last) / 2 / SECOND_MS) * SECOND_MS;
      if (this.#ahead(middle) === before) last = middle;
      else first = middle;
    }
    return first;
  }

  #ahead(instant: number): number {
    const text = this.wall(instant);
    const field = (from: number, to: number): number => Number(text.slice(from, to));
    const asUtc = Date.UTC(field(0, 4), field(5, 7) - 1, field(8, 10), field(11, 13), field(14, 16), field(17, 19));
    return asUtc - instant;
  }
}

const isoDay = (instant: number): string => new Date(instant).toISOString().slice(0, 10);
const judges = new Map(ZONES.map((zone) => [zone, new Judge(zone)]));
const judgeOf = (zone: string): Judge => judges.get(zone) ?? new Judge(zone);

/** One zone for each history of its clock since 2000: many share theirs. */
const histories = new Map<string, { readonly zone: string; readonly changes: readonly Change[] }>();
for (const zone of ZONES) {
  const changes = judgeOf(zone).changes();
  const key = JSON.stringify([judgeOf(zone).wall(FROM), changes]);
  if (!histories.has(key)) histories.set(key, { zone, changes });
}
const different = [...histories.values()];

/** What is wrong with the day, or null. Plain comparisons: there are hundreds of thousands of days. */
function faultOf(day: string, zone: string, changes: readonly Change[]): string | null {
  const judge = judgeOf(zone);
  const { from, to } = boundsOf(day, zone);
  if (boundsOf(addDays(day, 1), zone).from !== to) return 'the next day does not begin where it ends';
  if (from % QUARTER_MS !== 0) return 'it does not begin with a quarter of an hour';
  if (dayOf(from - 1, zone) >= day) return 'the instant before it is on it, too';
  // What was shown up to a change, too: there the clock may have gone back from this day.
  const earlier = changes.filter(({ at }) => at <= from && at > from - 2 * DAY_MS).map(({ at }) => at);
  const shown = [from, ...earlier].find((at) => judge.date(at - 1) >= day);
  if (shown !== undefined) return `it was shown before it began, at ${shown - 1}`;
  if (from === to) return judge.date(from) > day ? null : 'it is left out although the zone has it';
  if (judge.date(from) !== day) return 'its first instant shows another day';
  // The later instant first: an answer must not follow from the one before.
  const within = changes.filter(({ at }) => at > from && at < to).flatMap(({ at }) => [at, at - 1]);
  const strange = [...within, from, to - 1].find((at) => dayOf(at, zone) !== day);
  return strange === undefined ? null : `it does not hold ${strange}`;
}

function daysOf(changes: readonly Change[]): Set<string> {
  const days = new Set<string>();
  for (let at = FROM; at < TO; at += QUIET_DAYS_STEP * DAY_MS) days.add(isoDay(at));
  for (const { at } of changes) for (let n = -2; n <= 2; n++) days.add(isoDay(at + n * DAY_MS));
  return days;
}

/** Local times just before, within and after what a change leaves out or gives twice; as if they were UTC. */
function timesAround({ at, before, after }: Change): number[] {
  const [low, high] = [at + Math.min(before, after), at + Math.max(before, after)];
  return [low - SECOND_MS, low, low + Math.floor((high - low) / 2), high - SECOND_MS, high];
}

const wallOf = (local: number): string => new Date(local).toISOString().slice(0, 19).replace('T', ' ');

function localOf(local: number): LocalTime {
  const date = new Date(local);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    millisecond: date.getUTCMilliseconds(),
  };
}

describe('in every zone', () => {
  it('days begin when they are shown first, tile the line, and hold their instants', { timeout: TEST_MAX_MS }, () => {
    const faults: string[] = [];
    let looked = 0;
    for (const { zone, changes } of different) {
      for (const day of daysOf(changes)) {
        looked += 1;
        const fault = faultOf(day, zone, changes);
        if (fault !== null) faults.push(`${day} in ${zone}: ${fault}`);
      }
    }
    expect(faults.slice(0, 10)).toEqual([]);
    expect(looked).toBeGreaterThan(150_000);
    expect(different.length).toBeGreaterThan(150);
  });

  it('a time that comes twice is the first, and one that is left out moves on by the gap', () => {
    const faults: string[] = [];
    const kinds = { twice: 0, once: 0, never: 0 };
    for (const { zone, changes } of different) {
      const judge = judgeOf(zone);
      for (const change of changes) {
        for (const local of timesAround(change)) {
          const both = [local - change.before, local - change.after].sort((a, b) => a - b);
          const right = both.filter((at) => judge.wall(at) === wallOf(local));
          kinds[right.length === 0 ? 'never' : right.length === 1 ? 'once' : 'twice'] += 1;
          const expected = right[0] ?? local - change.before;
          if (instantOfLocal(localOf(local), zone) !== expected) faults.push(`${wallOf(local)} in ${zone}`);
        }
      }
    }
    expect(faults.slice(0, 10)).toEqual([]);
    expect(Math.min(kinds.never, kinds.once, kinds.twice)).toBeGreaterThan(5_000);
  });
});

describe('whenever and wherever the program runs', () => {
  const { TZ } = process.env;
  afterEach(() => {
    vi.useRealTimers();
    if (TZ === undefined) delete process.env['TZ'];
    else process.env['TZ'] = TZ;
  });

  /** What a program that starts now answers about every clock that was changed in 2026. */
  async function answers(): Promise<unknown[]> {
    vi.resetModules();
    const calendar = await import('./calendar.ts');
    const all: unknown[] = [];
    for (const { zone, changes } of different) {
      for (const change of changes.filter(({ at }) => isoDay(at).startsWith('2026'))) {
        const day = calendar.dayOf(change.at, zone);
        all.push(zone, calendar.boundsOf(day, zone), calendar.dayOf(change.at - 1, zone));
        for (const local of timesAround(change)) {
          const text = wallOf(local).replace(' ', 'T');
          all.push(calendar.parseInstant(text, zone));
          all.push(calendar.localTime(local, zone), calendar.sameTimeOn(local, -1, zone));
        }
      }
    }
    return all;
  }

  it('the answers are the same', { timeout: TEST_MAX_MS }, async () => {
    const expected = await answers();
    expect(expected.length).toBeGreaterThan(1_000);
    for (const now of ['2026-07-01T12:00:00Z', '2026-12-01T12:00:00Z']) {
      for (const zone of ['Pacific/Auckland', 'America/Havana']) {
        process.env['TZ'] = zone;
        vi.useFakeTimers({ toFake: ['Date'], now: Date.parse(now) });
        expect(new Date().getHours()).toBe(Number(judgeOf(zone).wall(Date.parse(now)).slice(11, 13)));
        expect(await answers()).toEqual(expected);
      }
    }
  });
});
