/** Dates in a format that somebody names: Unicode's tokens, such as "d.M.yyyy H:mm", or a number's epoch. */
import { offsetOf } from '../domain/calendar.ts';
import { ShopError } from '../ports/errors.ts';
import { hourOf, momentOf, monthNamed, type Moment } from './dates.ts';

/** What each token matches; the name of the group says what it is. */
const TOKENS: Readonly<Record<string, string>> = {
  yyyy: '(?<year>\\d{4})',
  yy: '(?<year>\\d{2})',
  MMMM: '(?<name>[A-Za-z]{3,9})\\.?',
  MMM: '(?<name>[A-Za-z]{3,9})\\.?',
  MM: '(?<month>\\d{2})',
  M: '(?<month>\\d{1,2})',
  dd: '(?<day>\\d{2})',
  d: '(?<day>\\d{1,2})',
  HH: '(?<hour>\\d{2})',
  H: '(?<hour>\\d{1,2})',
  hh: '(?<hour>\\d{2})',
  h: '(?<hour>\\d{1,2})',
  mm: '(?<minute>\\d{2})',
  m: '(?<minute>\\d{1,2})',
  ss: '(?<second>\\d{2})',
  s: '(?<second>\\d{1,2})',
  SSS: '(?<fraction>\\d{3})',
  a: '(?<half>[AaPp])\\.?[Mm]\\.?',
  ZZZ: '(?<offset>Z|[+-]\\d{4})',
  ZZ: '(?<offset>Z|[+-]\\d{2}:\\d{2})',
  Z: '(?<offset>Z|[+-]\\d{1,2}(?::?\\d{2})?)',
  T: 'T',
};

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
/** Days before 1970 that Excel counts from: its day 60 is a 29 February 1900 that never was. */
const EXCEL_EPOCH_DAYS = 25_569;
const EXCEL_1904_EPOCH_DAYS = 24_107;

/** Numbers that count from an instant. Excel's are local times, the others instants. */
const COUNTED: Readonly<
  Record<string, { readonly epochDays: number; readonly unitMs: number; readonly local: boolean }>
> = {
  excel: { epochDays: EXCEL_EPOCH_DAYS, unitMs: DAY_MS, local: true },
  'excel-1904': { epochDays: EXCEL_1904_EPOCH_DAYS, unitMs: DAY_MS, local: true },
  unix: { epochDays: 0, unitMs: SECOND_MS, local: false },
  'unix-ms': { epochDays: 0, unitMs: 1, local: false },
};
const COUNTED_FORMATS = Object.keys(COUNTED);

/** A reader of texts in that format, which gives null for others. Throws BAD_INPUT for a format that is none. */
export function dateFormatReader(format: string): (text: string) => Moment | null {
  const counted = Object.hasOwn(COUNTED, format) ? COUNTED[format] : undefined;
  if (counted !== undefined) return (text) => countedMoment(text, counted);
  const pattern = patternOf(format);
  return (text) => {
    const found = pattern.exec(text)?.groups;
    if (found === undefined) return null;
    const { year = '', name, month, day = '', hour = '0', minute = '0', second = '0', fraction = '0' } = found;
    const number = name === undefined ? month : String(monthNamed(name) ?? '');
    const whole = hourOf(Number(hour), found['half']);
    const { offset } = found;
    const offsetMs = offset === undefined ? null : offsetOf(offset);
    if (number === undefined || number === '' || whole === null) return null;
    if (offset !== undefined && offsetMs === null) return null;
    return momentOf(year, number, day, {
      hour: whole,
      minute: Number(minute),
      second: Number(second),
      millisecond: Number(fraction),
      offsetMs,
    });
  };
}

function countedMoment(text: string, { epochDays, unitMs, local }: (typeof COUNTED)[string]): Moment | null {
  if (!/^\d+(?:\.\d+)?$/.test(text)) return null;
  // Excel's fraction of a day does not hold milliseconds exactly; its own display is by the second.
  const precisionMs = unitMs === DAY_MS ? SECOND_MS : 1;
  const ms = Math.round((Number(text) * unitMs) / precisionMs) * precisionMs - epochDays * DAY_MS;
  const at = new Date(ms);
  if (Number.isNaN(at.getTime()) || at.getUTCFullYear() > 9_999) return null;
  return momentOf(String(at.getUTCFullYear()).padStart(4, '0'), String(at.getUTCMonth() + 1), String(at.getUTCDate()), {
    hour: at.getUTCHours(),
    minute: at.getUTCMinutes(),
    second: at.getUTCSeconds(),
    millisecond: at.getUTCMilliseconds(),
    offsetMs: local ? null : 0,
  });
}

function patternOf(format: string): RegExp {
  let source = '';
  const named = new Set<string>();
  for (const [part] of format.matchAll(/'[^']*'|([A-Za-z])\1*|\s+|[^A-Za-z\s']+|'/g)) {
    const token = Object.hasOwn(TOKENS, part) ? TOKENS[part] : undefined;
    if (token !== undefined) {
      const group = /<(\w+)>/.exec(token)?.[1];
      if (group !== undefined && named.has(group)) throw bad(format, `"${part}" says the ${group} a second time`);
      if (group !== undefined) named.add(group);
      source += token;
    } else if (/^[A-Za-z]/.test(part)) throw bad(format, `"${part}" is no token`);
    else if (/^\s/.test(part)) source += '\\s+';
    else source += part.replace(/^'(.*)'$/, '$1').replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
  }
  const missing = [
    named.has('year') ? null : 'year (yyyy)',
    named.has('month') || named.has('name') ? null : 'month (MM)',
    named.has('day') ? null : 'day (dd)',
  ].filter((each) => each !== null);
  if (missing.length > 0) throw bad(format, `it has no ${missing.join(', no ')}`);
  return new RegExp(`^${source}$`, 'i');
}

function bad(format: string, why: string): ShopError {
  const known = `day-first, month-first, year-first, ${COUNTED_FORMATS.join(', ')}, or tokens such as "dd/MM/yyyy HH:mm"`;
  return new ShopError('BAD_INPUT', `--date-format "${format}": ${why}; it is ${known}`);
}
