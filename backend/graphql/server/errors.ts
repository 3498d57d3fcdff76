/**
 * What a client gets to know of an error: one line, where it was, and a stable code. Codes: those of ShopError
 * that concern a client; LIMIT_EXCEEDED; GRAPHQL_PARSE_FAILED, GRAPHQL_VALIDATION_FAILED, BAD_REQUEST and
 * OPERATION_RESOLUTION_FAILURE for what is no operation of this schema; what resolvers give (FORBIDDEN, ...);
 * INTERNAL with a reference that is in the server's log, for everything that nobody foresaw.
 */
import { randomUUID } from 'node:crypto';
import {
  GraphQLError,
  Kind,
  type ExecutionResult,
  type FormattedExecutionResult,
  type GraphQLFormattedError,
} from 'graphql';
import { isShopError, type ShopErrorCode } from '../../ports/errors.ts';
import type { Logger } from '../../ports/logger.ts';

export type FormatError = (error: unknown) => GraphQLFormattedError;

/** A refusal because of one of the limits. */
export function limitExceeded(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'LIMIT_EXCEEDED' } });
}

/** As libraries hand it over: with keys that are there and say nothing. */
type Loose<T> = { readonly [K in keyof T]: T[K] | undefined };

/** The result as a client gets it. */
export function formatResult(result: Loose<ExecutionResult>, format: FormatError): FormattedExecutionResult {
  const { data, errors, extensions } = result;
  return {
    ...(errors === undefined ? {} : { errors: errors.map((error) => format(error)) }),
    ...(data === undefined ? {} : { data }),
    ...(extensions === undefined ? {} : { extensions }),
  };
}

const REFERENCE_CHARS = 8;

/** What these say concerns who asked; the others are about this machine. */
const SAID: ReadonlySet<ShopErrorCode> = new Set<ShopErrorCode>([
  'BAD_INPUT',
  'UNAVAILABLE',
  'UNKNOWN_OUTCOME',
  'CLOSED',
  'TIMEOUT',
  'INEXACT',
]);

/** Makes the formatting; what is not told to the client is logged. */
export function errorFormatter(logger: Logger): FormatError {
  const hidden = (outer: GraphQLError, cause: unknown, code: string): GraphQLFormattedError => {
    const reference = randomUUID().slice(0, REFERENCE_CHARS);
    logger.error({ reference, error: cause, path: outer.path }, 'A GraphQL operation failed.');
    const message = `something went wrong in the server; its log says what, under the reference ${reference}`;
    return { ...placeOf(outer), message, extensions: { code, reference } };
  };
  return (error) => {
    const outer = error instanceof GraphQLError ? error : new GraphQLError('failed', { originalError: asError(error) });
    const chain = chainOf(outer);
    const cause = chain.at(-1);
    if (isShopError(cause)) {
      if (!SAID.has(cause.code)) return hidden(outer, cause, cause.code);
      return { ...placeOf(outer), message: firstLineOf(cause.message), extensions: { code: cause.code } };
    }
    const code = codeOf(outer, chain);
    if (code === null) return hidden(outer, cause, 'INTERNAL');
    return { ...placeOf(outer), message: outer.message, extensions: { code } };
  };
}

/** The error and what it was made of, outermost first. */
function chainOf(outer: GraphQLError): readonly unknown[] {
  const chain: unknown[] = [outer];
  let at: unknown = outer;
  while (at instanceof GraphQLError && at.originalError !== undefined && !chain.includes(at.originalError)) {
    at = at.originalError;
    chain.push(at);
  }
  return chain;
}

/** The code of what the client did; null: it is not the client's fault. */
function codeOf(outer: GraphQLError, chain: readonly unknown[]): string | null {
  for (const each of chain.toReversed()) {
    const code = each instanceof GraphQLError ? each.extensions['code'] : undefined;
    if (code === 'BAD_USER_INPUT') return 'BAD_INPUT';
    if (typeof code === 'string' && code !== 'INTERNAL_SERVER_ERROR') return code;
  }
  if (outer.path === undefined && outer.nodes?.[0]?.kind === Kind.VARIABLE_DEFINITION) return 'BAD_INPUT';
  const innermost = chain.at(-1);
  if (!(innermost instanceof GraphQLError)) return null;
  const kind = innermost.nodes?.[0]?.kind;
  // An argument that validation could not judge, as its value came in a variable.
  if (kind !== undefined && ARGUMENT_KINDS.has(kind)) return 'BAD_INPUT';
  return outer.path === undefined ? 'BAD_REQUEST' : null;
}

const ARGUMENT_KINDS: ReadonlySet<string> = new Set([
  Kind.VARIABLE,
  Kind.NULL,
  Kind.INT,
  Kind.FLOAT,
  Kind.STRING,
  Kind.BOOLEAN,
  Kind.ENUM,
  Kind.LIST,
  Kind.OBJECT,
]);

function placeOf({ locations, path }: GraphQLError): Pick<GraphQLFormattedError, 'locations' | 'path'> {
  return { ...(locations === undefined ? {} : { locations }), ...(path === undefined ? {} : { path }) };
}

function firstLineOf(message: string): string {
  return message.split('\n', 1)[0] ?? '';
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error), { cause: error });
}
