/** What is made of single texts, and how a whole column is decided. */
import { describe, expect, it } from 'vitest';
import { dateFormatReader } from './date-format.ts';
import { dateReadings, instantOfMoment } from './dates.ts';
import type { FileFormat } from './format.ts';
import { plainDecimal } from './numbers.ts';
import { decideReading, type Reading } from './reading.ts';

const FORMAT: FileFormat = { timeZone: 'Europe/Stockholm', currency: 'SEK' };

function reading(
  texts: { dates?: readonly string[]; prices?: readonly string[]; quantities?: readonly string[] },
  format: Partial<FileFormat> = {},
): Reading {
  // The header is line 1, and each text stands on a line of its own.
  const column = (all: readonly string[] = []): Map<string, number> => new Map(all.map((text, n) => [text, n + 2]));
  const { dates, prices, quantities } = texts;
  const columns = { dates: column(dates), prices: column(prices), quantities: column(quantities) };
  return decideReading('orders.csv', columns, { ...FORMAT, ...format });
}

const isoOf = (text: string, dates: readonly string[] = [], format: Partial<FileFormat> = {}): string | null => {
  const instant = reading({ dates: [text, ...dates] }, format).instantOf(text);
  return instant === null ? null : new Date(instant).toISOString();
};

describe('a date', () => {
  it.each([
    ['2010-12-01 08:26:00', '2010-12-01T07:26:00.000Z'],
    ['2010-12-01 08:26:00.000', '2010-12-01T07:26:00.000Z'],
    ['2010-12-01 08:26:00.123456', '2010-12-01T07:26:00.123Z'],
    ['2010-12-01T08:26', '2010-12-01T07:26:00.000Z'],
    ['2010-12-01T08:26:00Z', '2010-12-01T08:26:00.000Z'],
    ['2010-12-01T08:26:00.5+02:00', '2010-12-01T06:26:00.500Z'],
    ['2010-12-01 08:26:00 -0400', '2010-12-01T12:26:00.000Z'],
    ['2010-12-01 08:26:00+01', '2010-12-01T07:26:00.000Z'],
    ['2010-12-01 08:26:00 UTC', '2010-12-01T08:26:00.000Z'],
    ['2010-12-01', '2010-11-30T23:00:00.000Z'],
    ['2010/12/1 8:26', '2010-12-01T07:26:00.000Z'],
    ['20101201 0826', '2010-12-01T07:26:00.000Z'],
    ['20101201T082600Z', '2010-12-01T08:26:00.000Z'],
    ['1 Dec 2010 8:26', '2010-12-01T07:26:00.000Z'],
    ['01-DEC-10 08.26.00.000000 PM', '2010-12-01T19:26:00.000Z'],
    ['December 1, 2010 8:26 AM', '2010-12-01T07:26:00.000Z'],
    ['Wed, 01 Dec 2010 08:26:00 +0000', '2010-12-01T08:26:00.000Z'],
    ['12/12/2010 12:26 AM', '2010-12-11T23:26:00.000Z'],
    ['12/12/10 8:26:00 p.m.', '2010-12-12T19:26:00.000Z'],
    // A time that the clock shows twice is the first of the two; one that it leaves out comes an hour later.
    ['2024-10-27 02:30:00', '2024-10-27T00:30:00.000Z'],
    ['2024-03-31 02:30:00', '2024-03-31T01:30:00.000Z'],
  ])('%s is %s', (text, iso) => {
    expect(isoOf(text)).toBe(iso);
  });

  it.each([
    '',
    'yesterday',
    '2010-02-30',
    '31/31/2010',
    '2010-12-01 24:00',
    '2010-12-01 13:00 PM',
    '2010-12-01 8:60',
    '1.12.2010/2',
    '12/1/110 8:26',
    '2010-W48-3',
    'Foo 1, 2010',
  ])('%j is none', (text) => {
    expect(dateReadings(text)).toEqual({});
  });

  it('is read as its format says', () => {
    const read = (text: string, format: string): string | null => {
      const moment = dateFormatReader(format)(text);
      const instant = moment === null ? null : instantOfMoment(moment, 'UTC');
      return instant === null ? null : new Date(instant).toISOString();
    };
    expect(read('1.2.2010 8:26', 'd.M.yyyy H:mm')).toBe('2010-02-01T08:26:00.000Z');
    expect(read('13.2.2010 8:26', 'M.d.yyyy H:mm')).toBeNull();
    expect(read("2010 dec 01 at 8 o'clock", "yyyy MMM dd 'at' h 'o'")).toBeNull();
    expect(read('01-Dec-10 08:26 pm', 'dd-MMM-yy hh:mm a')).toBe('2010-12-01T20:26:00.000Z');
    expect(read('2024-05-06 10:00:00 +0200', 'yyyy-MM-dd HH:mm:ss ZZZ')).toBe('2024-05-06T08:00:00.000Z');
    expect(read('2024-05-06T10:00:00.250', "yyyy-MM-dd'T'HH:mm:ss.SSS")).toBe('2024-05-06T10:00:00.250Z');
    expect(read('40513.3513888889', 'excel')).toBe('2010-12-01T08:26:00.000Z');
    expect(read('39051.3513888889', 'excel-1904')).toBe('2010-12-01T08:26:00.000Z');
    expect(read('1291191960', 'unix')).toBe('2010-12-01T08:26:00.000Z');
    expect(read('1291191960123', 'unix-ms')).toBe('2010-12-01T08:26:00.123Z');
  });

  it.each([
    ['dd/MM', /no year/],
    ['yyyy-QQ-dd', /"QQ" is no token/],
    ['dd/dd/yyyy MM', /a second time/],
    ['english', /"e" is no token/],
  ])('has no format "%s"', (format, message) => {
    expect(() => dateFormatReader(format)).toThrow(message);
  });
});

describe('a column of dates', () => {
  const MARCH = ['01/03/2024 10:00', '02/03/2024 10:00'];

  it('is day-first or month-first as one of its lines settles', () => {
    const dayFirst = reading({ dates: [...MARCH, '13/03/2024 10:00'] });
    expect(dayFirst.notes[0]).toBe('dates day-first (line 4 settles it)');
    expect(new Date(dayFirst.instantOf('02/03/2024 10:00') ?? 0).toISOString()).toBe('2024-03-02T09:00:00.000Z');
    expect(dayFirst.options).toEqual(['--date-format day-first']);
    const monthFirst = reading({ dates: [...MARCH, '03/13/2024 10:00'] });
    expect(monthFirst.notes[0]).toBe('dates month-first (line 4 settles it)');
    expect(new Date(monthFirst.instantOf('02/03/2024 10:00') ?? 0).toISOString()).toBe('2024-02-03T09:00:00.000Z');
  });

  it('is refused when two readings remain, unless an option decides', () => {
    expect(() => reading({ dates: MARCH })).toThrow(
      'orders.csv: dates such as "01/03/2024 10:00" (line 2) can be day-first (2024-03-01) or month-first (2024-01-03); ' +
        'say --date-format day-first or --date-format month-first. Nothing was imported',
    );
    expect(isoOf('01/03/2024 10:00', [], { dateFormat: 'day-first' })).toBe('2024-03-01T09:00:00.000Z');
    expect(() => reading({ dates: ['10-12-01'] })).toThrow(
      /day-first .* or month-first .* or year-first \(2010-12-01\)/,
    );
    expect(isoOf('10-12-01', ['31-12-99'])).toBe('2001-12-09T23:00:00.000Z');
  });

  it('is refused when no reading is left', () => {
    expect(() => reading({ dates: ['13/03/2024', '02/03/2024', '03/14/2024'] })).toThrow(
      /dates have no one order of day and month: line 2 and line 4 exclude each other/,
    );
  });

  it('needs no decision where none makes a difference, and takes none from what is no date', () => {
    expect(reading({ dates: ['05/05/2024', '?', '13/13/2024'] }).notes[0]).toBe('dates as they stand');
    expect(isoOf('05/05/2024')).toBe('2024-05-04T22:00:00.000Z');
  });

  it('takes nothing from dates that are written with another sign', () => {
    expect(() => reading({ dates: ['12/31/2010', '1.12.2010'] })).toThrow(/"1.12.2010" \(line 3\) can be/);
    expect(isoOf('1.12.2010', ['12/31/2010', '13.12.2010'])).toBe('2010-11-30T23:00:00.000Z');
  });

  it("is asked about when it has Excel's numbers of days", () => {
    expect(() => reading({ dates: ['40513.35'] })).toThrow(/say --date-format excel or --date-format excel-1904/);
  });
});

describe('a number', () => {
  it.each([
    ['2.55', '2.55', null],
    ['2,55', null, '2.55'],
    ['15', '15', '15'],
    ['0.500', '0.5', null],
    ['1.500', '1.5', '1500'],
    ['1,500', '1500', '1.5'],
    ['1.500.000', null, '1500000'],
    ['1,234.50', '1234.5', null],
    ['1.234,50', null, '1234.5'],
    ['1 234,50', null, '1234.5'],
    ['1\u00a0234.50', '1234.5', null],
    ["1'234.50", '1234.5', null],
    ['1234.567', '1234.567', null],
    ['1.2345', '1.2345', null],
    ['-3.10', '-3.1', null],
    ['.50', '0.5', null],
    ['2.', '2', null],
    ['2.550000000000000', '2.55', null],
    ['0012', '12', '12'],
    ['1.50.00', null, null],
    ['1,23,456', null, null],
    ['£2.55', null, null],
    ['2.5E0', null, null],
    ['(2.55)', null, null],
    ['.', null, null],
    ['', null, null],
    ['٢.٥٥', null, null],
  ])('%s is %s with a decimal point, and %s with a comma', (text, point, comma) => {
    expect([plainDecimal(text, 'point'), plainDecimal(text, 'comma')]).toEqual([point, comma]);
  });
});

describe('the columns of numbers', () => {
  it('have the decimal sign that one of their lines settles', () => {
    const read = reading({ prices: ['1.500', '1.500.000'], quantities: ['1.000'] });
    expect(read.notes[1]).toBe('decimal comma (line 3 settles it)');
    expect([read.priceOf('1.500'), read.quantityOf('1.000')]).toEqual(['1500', '1000']);
    expect(read.options).toEqual(['--decimal comma']);
    expect(reading({ prices: ['2.5', '1.500'] }).priceOf('1.500')).toBe('1.5');
  });

  it('may have one each', () => {
    const read = reading({ prices: ['2,50'], quantities: ['6.0'] });
    expect([read.priceOf('2,50'), read.quantityOf('6.0')]).toEqual(['2.5', '6']);
    expect(read.notes[1]).toBe('prices with decimal comma, quantities with decimal point');
  });

  it('are refused when two readings remain, unless an option decides', () => {
    expect(() => reading({ prices: ['15', '15.000'], quantities: ['2'] })).toThrow(
      'orders.csv: prices such as "15.000" (line 3) can be 15 or 15000; say --decimal point or --decimal comma. Nothing was imported',
    );
    expect(() => reading({ prices: ['15'], quantities: ['1,000'] })).toThrow(/quantities such as "1,000"/);
    expect(reading({ prices: ['15.000'] }, { decimal: 'comma' }).priceOf('15.000')).toBe('15000');
  });

  it('are refused when no reading is left', () => {
    expect(() => reading({ prices: ['2.55', '3', '1,25'] })).toThrow(
      /prices have a decimal point and a decimal comma: line 2 and line 4 exclude each other/,
    );
  });
});
