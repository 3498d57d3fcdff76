/** The closed set of what can go wrong with an engine or a promise that it was to keep. */
export type ShopErrorCode =
  /** A newer writer of the same name exists; this one must stop, or fence again. */
  | 'FENCED'
  /** Whether the append took place is not known: fence, read and decide again. */
  | 'UNKNOWN_OUTCOME'
  /** The engine does not answer, or lost the connection. */
  | 'UNAVAILABLE'
  /** The engine refused to store: no space, read-only, i/o error. Nothing was acknowledged. */
  | 'STORAGE'
  /** The log is not what the reader's checkpoint was made on: truncated, or made anew. */
  | 'LOG_MISMATCH'
  /** Another process owns the data folder. */
  | 'OWNED'
  /** A topic, collection or setting exists with other properties than needed. */
  | 'MISCONFIGURED'
  /** What was waited for did not come in time; asking again may do. */
  | 'TIMEOUT'
  /** A fold threw: a bug in a projection. */
  | 'FOLD_FAILED'
  /** A sum is beyond what an integer holds exactly, so it is not given. */
  | 'INEXACT'
  /** Used after it was closed. */
  | 'CLOSED'
  /** What somebody typed or sent cannot be used. */
  | 'BAD_INPUT';

/** An error whose message is one line that says what was wrong and what to do. */
export class ShopError extends Error {
  readonly code: ShopErrorCode;

  constructor(code: ShopErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ShopError';
    this.code = code;
  }
}

export function isShopError(error: unknown, code?: ShopErrorCode): error is ShopError {
  return error instanceof ShopError && (code === undefined || error.code === code);
}
