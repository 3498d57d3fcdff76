/** Readers of option values for commander: each says in one line what is wrong with what was typed. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { InvalidArgumentError } from 'commander';
import { isDay, isTimeZone, parseInstant } from '../domain/calendar.ts';
import { currencyOf } from './settings.ts';

const number = (text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It is not a number.');
  return value;
};

export function positiveNumber(text: string): number {
  const value = number(text);
  if (value <= 0) throw new InvalidArgumentError('It must be above 0.');
  return value;
}

export function positiveInteger(text: string): number {
  const value = number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number from 1.');
  return value;
}

export function integer(text: string): number {
  const value = number(text);
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('It must be a whole number.');
  return value;
}

export function port(text: string): number {
  const value = number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535) {
    throw new InvalidArgumentError('A port is a whole number from 0 to 65535.');
  }
  return value;
}

/** A chance as a fraction (0.8) or in per cent (80%). */
export function chance(text: string): number {
  const value = text.endsWith('%') ? number(text.slice(0, -1)) / 100 : number(text);
  if (value < 0 || value > 1) throw new InvalidArgumentError('A chance is from 0 to 1, or from 0% to 100%.');
  return value;
}

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A duration such as 90s, 10m or 2h, in ms. */
export function duration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|min|h|d)$/.exec(text.trim());
  const unit = UNITS[match?.[2] ?? ''];
  if (match === null || unit === undefined)
    throw new InvalidArgumentError('A duration is written like 90s, 10m or 2h.');
  return Math.round(Number(match[1]) * unit);
}

export function day(text: string): string {
  if (!isDay(text)) throw new InvalidArgumentError('A day is written like 2026-11-22.');
  return text;
}

export function timeZone(text: string): string {
  if (!isTimeZone(text)) throw new InvalidArgumentError('It is no IANA time zone such as Europe/Stockholm.');
  return text;
}

export function currency(text: string): string {
  try {
    return currencyOf(text, 'It');
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

/** An instant in ISO 8601; without an offset it is in the shop's zone, which only the caller knows. */
export function instantIn(text: string, zone: string): number {
  const instant = parseInstant(text, zone);
  if (instant === null) {
    throw new InvalidArgumentError(`"${text}" is no instant such as 2026-11-22T14:05:00 or 2026-11-22T13:05:00Z.`);
  }
  return instant;
}

/** The path of a file from where the person stands: npm runs scripts in the package's folder, and says from where. */
export function file(text: string): string {
  if (path.isAbsolute(text)) return text;
  const from = process.env['INIT_CWD'];
  return from === undefined || path.resolve(from) === process.cwd() ? text : path.resolve(from, text);
}

/** A file for figures: a new one, or one with figures of before, which they replace. */
export function figuresFile(text: string): string {
  const at = file(text);
  if (!existsSync(at)) return at;
  try {
    JSON.parse(readFileSync(at, 'utf8'));
    return at;
  } catch {
    throw new InvalidArgumentError('It is there, and holds no figures; choose another file.');
  }
}

/** One character; a tab can be typed as "\\t" or tab. */
export function delimiter(text: string): string {
  if (text === '\\t' || text.toLowerCase() === 'tab') return '\t';
  if (text.length !== 1) throw new InvalidArgumentError('It is one character, such as ";", or tab.');
  return text;
}
