/**
 * How the dates and the numbers of a file are read: decided once for each whole column, over all of its lines, before
 * anything is written. Where two ways remain, the file is refused, and whoever imports it has to say.
 */
import { ShopError } from '../ports/errors.ts';
import { decideWay, type ColumnTexts } from './column.ts';
import { dateFormatReader } from './date-format.ts';
import { DATE_ORDERS, dateReadings, dateSign, instantOfMoment, type DateOrder, type Moment } from './dates.ts';
import type { FileFormat } from './format.ts';
import { DECIMAL_SIGNS, decimalReadings, plainDecimal, type DecimalSign } from './numbers.ts';

/** The texts that a reading is decided on, whatever becomes of their lines. */
export interface ReadTexts {
  readonly dates: ColumnTexts;
  readonly prices: ColumnTexts;
  readonly quantities: ColumnTexts;
}

export interface Reading {
  /** Epoch ms; null when the text is no date in this reading. */
  readonly instantOf: (text: string) => number | null;
  /** A plain decimal such as "-1234.50"; null when the text is no number in this reading. */
  readonly priceOf: (text: string) => string | null;
  readonly quantityOf: (text: string) => string | null;
  /** For people: "dates day-first (line 14 settles it)", "decimal comma". */
  readonly notes: readonly string[];
  /** Options that make another file be read in the same way; empty where the file's own texts leave no choice. */
  readonly options: readonly string[];
}

/** Throws BAD_INPUT, saying which option is needed, where the file can be read in two ways or in none. */
export function decideReading(file: string, texts: ReadTexts, format: FileFormat): Reading {
  const dates = dateReading(file, texts.dates, format);
  const numbers = numberReading(file, texts, format);
  return {
    instantOf: (text) => {
      const moment = dates.momentOf(text);
      return moment === null ? null : instantOfMoment(moment, format.timeZone);
    },
    priceOf: (text) => plainDecimal(text, numbers.prices),
    quantityOf: (text) => plainDecimal(text, numbers.quantities),
    notes: [dates.note, numbers.note],
    options: [...dates.options, ...numbers.options],
  };
}

interface DateReading {
  readonly momentOf: (text: string) => Moment | null;
  readonly note: string;
  readonly options: readonly string[];
}

function dateReading(file: string, texts: ColumnTexts, { dateFormat }: FileFormat): DateReading {
  const order = DATE_ORDERS.find((each) => each === dateFormat);
  if (dateFormat !== undefined) {
    const momentOf = order === undefined ? dateFormatReader(dateFormat) : (text: string) => inOrder(text, order);
    return { momentOf, note: `dates ${order ?? `as ${dateFormat}`}`, options: [`--date-format ${quoted(dateFormat)}`] };
  }
  refuseSerials(file, texts);
  // 12/13/2010 says nothing of 1.12.2010: dates that are written with another sign were written by another program.
  const orders = new Map<string, DateOrder>();
  const notes: string[] = [];
  for (const sign of new Set([...texts.keys()].map(dateSign))) {
    const { way, note } = orderOf(file, new Map([...texts].filter(([text]) => dateSign(text) === sign)));
    orders.set(sign, way);
    if (note !== null) notes.push(`dates ${note}`);
  }
  const settled = new Set(orders.values());
  const [first] = settled;
  return {
    momentOf: (text) => inOrder(text, orders.get(dateSign(text)) ?? DATE_ORDERS[0]),
    note: notes.length === 0 ? 'dates as they stand' : notes.join(', '),
    options: notes.length === 0 || settled.size > 1 || first === undefined ? [] : [`--date-format ${first}`],
  };
}

function inOrder(text: string, order: DateOrder): Moment | null {
  return dateReadings(text)[order] ?? null;
}

/** The order of dates with one sign; the note is null where they leave nothing to decide. */
function orderOf(file: string, texts: ColumnTexts): { way: DateOrder; note: string | null } {
  const verdict = decideWay(DATE_ORDERS, texts, dateReadings);
  switch (verdict.kind) {
    case 'undecided': {
      const { ways, text, line } = verdict;
      const readings = dateReadings(text);
      const each = ways.map((way) => `${way} (${dayText(readings[way])})`).join(' or ');
      throw refused(file, `dates such as "${text}" (line ${line}) can be ${each}`, ways, '--date-format');
    }
    case 'contradictory':
      throw refused(
        file,
        `dates have no one order of day and month: ${linesText(verdict.lines)}`,
        DATE_ORDERS,
        '--date-format',
      );
    case 'settled':
      return { way: verdict.way, note: `${verdict.way} (line ${verdict.line} settles it)` };
    case 'indifferent':
      return { way: verdict.way, note: null };
  }
}

/** 40513.35 may be a day of Excel's, which counts from 1900 or from 1904. */
function refuseSerials(file: string, texts: ColumnTexts): void {
  const readable = [...texts].filter(([text]) => Object.keys(dateReadings(text)).length > 0);
  const serial = [...texts].find(([text]) => /^[2-9]\d{4}(?:[.,]\d+)?$/.test(text));
  if (serial === undefined || readable.length > 0) return;
  const seen = `dates such as "${serial[0]}" (line ${serial[1]}) look like Excel's numbers of days`;
  throw refused(file, seen, ['excel', 'excel-1904'], '--date-format');
}

interface NumberReading {
  readonly prices: DecimalSign;
  readonly quantities: DecimalSign;
  readonly note: string;
  readonly options: readonly string[];
}

/** A column that leaves two ways open is read as the other one, which the same program wrote. */
function numberReading(file: string, { prices, quantities }: ReadTexts, { decimal }: FileFormat): NumberReading {
  if (decimal !== undefined) {
    return { prices: decimal, quantities: decimal, note: `decimal ${decimal}`, options: [`--decimal ${decimal}`] };
  }
  const verdicts = [prices, quantities].map((texts) => decideWay(DECIMAL_SIGNS, texts, decimalReadings));
  const settled = verdicts.find((each) => each.kind === 'settled');
  const signs = verdicts.map((verdict, index) => {
    const what = index === 0 ? 'prices' : 'quantities';
    switch (verdict.kind) {
      case 'settled':
      case 'indifferent':
        return verdict.way;
      case 'contradictory':
        throw refused(file, `${what} have a decimal point and a decimal comma: ${linesText(verdict.lines)}`, [], '');
      case 'undecided': {
        if (settled !== undefined) return settled.way;
        const { text, line } = verdict;
        const each = DECIMAL_SIGNS.map((sign) => plainDecimal(text, sign)).join(' or ');
        throw refused(file, `${what} such as "${text}" (line ${line}) can be ${each}`, [], '');
      }
    }
  });
  const [price = 'point', quantity = 'point'] = signs;
  if (settled === undefined) return { prices: price, quantities: quantity, note: 'whole numbers', options: [] };
  const note = `decimal ${settled.way} (line ${settled.line} settles it)`;
  const isOne = price === quantity || verdicts.some(({ kind }) => kind === 'indifferent');
  return {
    prices: price,
    quantities: quantity,
    note: isOne ? note : `prices with decimal ${price}, quantities with decimal ${quantity}`,
    options: isOne ? [`--decimal ${settled.way}`] : [],
  };
}

function refused(file: string, what: string, ways: readonly string[], option: string): ShopError {
  const choices =
    option === '' ? '--decimal point or --decimal comma' : ways.map((way) => `${option} ${way}`).join(' or ');
  return new ShopError('BAD_INPUT', `${file}: ${what}; say ${choices}. Nothing was imported`);
}

function linesText([one, other]: readonly [number, number]): string {
  return `line ${one} and line ${other} exclude each other`;
}

function dayText(moment: Moment | undefined): string {
  if (moment === undefined) return '';
  const { year, month, day } = moment;
  return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}

function quoted(text: string): string {
  return /^[\w-]+$/.test(text) ? text : `"${text}"`;
}
