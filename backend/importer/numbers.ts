/**
 * Decimal numbers as people's programs write them: with a decimal point or a decimal comma, and with groups of three
 * digits. "1.500" is one and a half or one thousand five hundred; column.ts decides which, for a whole column.
 */
import type { Readings } from './column.ts';

export const DECIMAL_SIGNS = ['point', 'comma'] as const;
export type DecimalSign = (typeof DECIMAL_SIGNS)[number];

/** Spaces that programs group digits with: the plain one, and the no-break ones of Excel and ICU. */
const SPACES = '[ \\u00a0\\u2009\\u202f]';
const APOSTROPHES = "['\\u2019]";

/** Sign, whole digits (grouped or not), and decimal digits. A group never follows a lone zero: "0.500" is a half. */
function patternOf(decimal: string, group: string): RegExp {
  const grouped = [group, SPACES, APOSTROPHES].map((sign) => `[1-9]\\d{0,2}(?:${sign}\\d{3})+`).join('|');
  return new RegExp(`^([+-]?)(${grouped}|\\d*)(?:${decimal}(\\d*))?$`);
}

const PATTERNS: Readonly<Record<DecimalSign, RegExp>> = {
  point: patternOf('\\.', ','),
  comma: patternOf(',', '\\.'),
};

/** The number as a plain decimal such as "-1234.50", read with that decimal sign; null when it is none. */
export function plainDecimal(text: string, sign: DecimalSign): string | null {
  const match = PATTERNS[sign].exec(text);
  if (match === null) return null;
  const whole = (match[2] ?? '').replaceAll(/\D/g, '');
  const fraction = (match[3] ?? '').replace(/0+$/, '');
  if (whole === '' && (match[3] ?? '') === '') return null;
  return `${match[1] === '-' ? '-' : ''}${whole.replace(/^0+(?=\d)/, '') || '0'}${fraction === '' ? '' : `.${fraction}`}`;
}

/** What the text means with each decimal sign that it can be read with. */
export function decimalReadings(text: string): Readings<DecimalSign> {
  const readings: Partial<Record<DecimalSign, string>> = {};
  for (const sign of DECIMAL_SIGNS) {
    const plain = plainDecimal(text, sign);
    if (plain !== null) readings[sign] = plain;
  }
  return readings;
}
