/**
 * Validators compiled from the events' schemas. The schema alone says what is valid; what runs for each
 * record has the few patterns and formats that every event bears swapped for hand-written checks with the
 * same verdicts, since regular expressions took most of the time of a check.
 */
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { CURRENCY_PATTERN, DAY_PATTERN, INSTANT_PATTERN } from './events.ts';
import { instantOf, isExistingDay } from './instant.ts';

export interface Validator {
  /** Whether the value is valid but for its `at`, of which it only says that it is a string: see instantOf. */
  readonly check: (value: unknown) => boolean;
  /** The first thing that is wrong, as "/path what", for people. */
  readonly firstError: (value: unknown) => string;
}

const CHECKS: ReadonlyMap<unknown, (text: string) => boolean> = new Map([
  [INSTANT_PATTERN, (text: string) => !Number.isNaN(instantOf(text))],
  [DAY_PATTERN, isExistingDay],
  [CURRENCY_PATTERN, isCurrency],
]);

export function validatorOf(schema: TSchema): Validator {
  const fast = Compile(withAnyAt(withHandWrittenChecks(schema)) as TSchema);
  const exact = Compile(schema);
  return {
    check: (value) => fast.Check(value),
    firstError: (value) => {
      const error = exact.Errors(value)[0];
      return `${error?.instancePath ?? ''} ${error?.message ?? 'is not valid'}`;
    },
  };
}

function withHandWrittenChecks(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withHandWrittenChecks);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { pattern, format, ...rest } = schema as Record<string, unknown>;
  const check = CHECKS.get(pattern);
  if (check !== undefined) return { ...rest, '~refine': [{ check, error: () => 'is not valid' }] };
  return Object.fromEntries(Object.entries(schema).map(([name, part]) => [name, withHandWrittenChecks(part)]));
}

/** Who decodes needs `at` as a number anyway, so it is read there, once. */
function withAnyAt(schema: unknown): unknown {
  const { properties, ...rest } = schema as { properties: object };
  return { ...rest, properties: { ...properties, at: { type: 'string' } } };
}

function isCurrency(text: string): boolean {
  return text.length === 3 && isCapital(text, 0) && isCapital(text, 1) && isCapital(text, 2);
}

function isCapital(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code >= 65 && code <= 90;
}
