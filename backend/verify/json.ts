/** Comparing JSON values: the order of names does not matter, everything else does. */
import { hash } from 'node:crypto';

export interface FieldDifference {
  /** The names of the fields from the outside in, joined by dots; empty for the whole document. */
  readonly path: string;
  /** A JSON value, or "(absent)". */
  readonly expected: unknown;
  readonly actual: unknown;
}

export function differs(path: string, expected: unknown, actual: unknown): FieldDifference {
  return { path, expected, actual };
}

/** A field that is not there; unlike any value, also unlike the text that shows it. */
const MISSING = Symbol('missing');
/** 128 bits and a little, in base64. */
const DIGEST_LENGTH = 22;

/** Where two values differ, field by field. */
export function differencesOf(expected: unknown, actual: unknown, path = ''): FieldDifference[] {
  if (isContainer(expected) && isContainer(actual) && Array.isArray(expected) === Array.isArray(actual)) {
    const names = new Set([...Object.keys(expected), ...Object.keys(actual)]);
    return [...names].flatMap((name) =>
      differencesOf(fieldOf(expected, name), fieldOf(actual, name), path === '' ? name : `${path}.${name}`),
    );
  }
  // 0 and −0 are one number in JSON.
  return expected === actual ? [] : [differs(path, shown(expected), shown(actual))];
}

function shown(value: unknown): unknown {
  return value === MISSING || value === undefined ? '(absent)' : value;
}

/** The beginning of the SHA-256 of the value with its names in order, in base64: 22 letters. */
export function digestOf(value: unknown): string {
  return hash('sha256', canonical(value), 'base64').slice(0, DIGEST_LENGTH);
}

/** JSON with the names of every object in order. */
function canonical(value: unknown): string {
  if (!isContainer(value)) return value === undefined ? '' : JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const fields = Object.keys(value).sort();
  return `{${fields.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function fieldOf(container: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(container, name) ? container[name] : MISSING;
}
