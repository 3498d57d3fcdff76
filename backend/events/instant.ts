/**
 * Instants as the log writes them: `2026-11-22T14:05:07.123Z`, nothing else.
 *
 * Date.parse alone would take 2026-02-30 for the 2nd of March and 24:00 for the next midnight, and costs
 * several times as much; every record has at least one instant, so it shows.
 */
const LENGTH = 24;
const CACHED_DAYS_MAX = 10_000;
/** What two characters that are not digits give: below zero, also when added up or bitwise or-ed. */
const NOT_DIGITS = -1_000_000_000;

/** Digits of a date as one number (20261122) to the day's first millisecond; NaN when there is no such day. */
const midnights = new Map<number, number>();
let lastDate = -1;
let lastMidnight = NaN;

/** Epoch milliseconds of an instant; NaN when it is written otherwise or does not exist. */
export function instantOf(text: string): number {
  if (text.length !== LENGTH || !isPunctuated(text)) return NaN;
  const century = digits(text, 0);
  const year = digits(text, 2);
  const month = digits(text, 5);
  const day = digits(text, 8);
  const hour = digits(text, 11);
  const minute = digits(text, 14);
  const second = digits(text, 17);
  const centi = digits(text, 20);
  const milli = text.charCodeAt(22) - 48;
  // One look at the sign instead of seventeen branches: negative as soon as any of them is.
  const signs = century | year | month | day | hour | minute | second | centi | milli;
  if ((signs | (9 - milli) | (23 - hour) | (59 - minute) | (59 - second)) < 0) return NaN;
  const date = ((century * 100 + year) * 100 + month) * 100 + day;
  const midnight = date === lastDate ? lastMidnight : midnightOf(date, text);
  return midnight + ((hour * 60 + minute) * 60 + second) * 1_000 + centi * 10 + milli;
}

/** Whether the text is a calendar day that exists, as "2026-11-22". */
export function isExistingDay(text: string): boolean {
  return text.length === 10 && !Number.isNaN(instantOf(`${text}T00:00:00.000Z`));
}

function isPunctuated(text: string): boolean {
  return (
    text.charCodeAt(4) === 45 && // -
    text.charCodeAt(7) === 45 && // -
    text.charCodeAt(10) === 84 && // T
    text.charCodeAt(13) === 58 && // :
    text.charCodeAt(16) === 58 && // :
    text.charCodeAt(19) === 46 && // .
    text.charCodeAt(23) === 90 // Z
  );
}

/** Two digits from `index` on as a number. */
function digits(text: string, index: number): number {
  const tens = text.charCodeAt(index) - 48;
  const ones = text.charCodeAt(index + 1) - 48;
  return (tens | ones | (9 - tens) | (9 - ones)) < 0 ? NOT_DIGITS : tens * 10 + ones;
}

function midnightOf(date: number, text: string): number {
  let midnight = midnights.get(date);
  if (midnight === undefined) {
    const day = text.slice(0, 10);
    const parsed = Date.parse(`${day}T00:00:00.000Z`);
    // A day that rolled over into the next month is not the day that was written.
    const exists = !Number.isNaN(parsed) && new Date(parsed).toISOString().startsWith(day);
    midnight = exists ? parsed : NaN;
    if (midnights.size >= CACHED_DAYS_MAX) midnights.clear();
    midnights.set(date, midnight);
  }
  lastDate = date;
  lastMidnight = midnight;
  return midnight;
}
