/** Every bound of the API, by name. The same rules hold over HTTP and over WebSocket. */

export interface Limits {
  /** Levels of selections in an operation, fragments not counted. */
  readonly depthMax: number;
  /** Points: 1 for a field, 2 for one with fields of its own, times the `first` that is asked for. */
  readonly costMax: number;
  readonly aliasesMax: number;
  /** Tokens of a document. What GraphiQL asks to know the schema is below 200. */
  readonly tokensMax: number;
  readonly bodyBytesMax: number;
  readonly messageBytesMax: number;
  readonly socketsMax: number;
  /** Operations under way on one socket, subscriptions among them. */
  readonly socketOperationsMax: number;
  /** Subscriptions that differ, on all sockets together: each costs an execution for each frame. */
  readonly executionsMax: number;
  /** Bytes that wait for a socket's client before it is taken for one that does not read. */
  readonly bufferedBytesMax: number;
  /** For how long a client may take nothing of what was sent. */
  readonly stalledMs: number;
  /** For how long a socket may stay without `connection_init`. */
  readonly initWaitMs: number;
  /** How often sockets are pinged; who has not answered by the next ping is gone. */
  readonly pingIntervalMs: number;
  /** What is still open when the server closes is cut off after this. */
  readonly closeDeadlineMs: number;
}

export const LIMITS: Limits = {
  depthMax: 10,
  costMax: 10_000,
  aliasesMax: 30,
  tokensMax: 2_000,
  bodyBytesMax: 256 * 1_024,
  messageBytesMax: 256 * 1_024,
  socketsMax: 2_500,
  socketOperationsMax: 50,
  executionsMax: 500,
  bufferedBytesMax: 1_024 * 1_024,
  stalledMs: 15_000,
  initWaitMs: 3_000,
  pingIntervalMs: 12_000,
  closeDeadlineMs: 5_000,
};

/** Frames wait in their slots, where newer ones replace them, while more than this is on its way. */
export const FRAMES_BUFFERED_BYTES_MAX = 64 * 1_024;

/** Documents that were parsed and validated, kept for who sends the same again. */
export const DOCUMENTS_CACHED_MAX = 200;
export const DOCUMENT_CACHED_CHARS_MAX = 5_000;

/** A request over HTTP that has not come in whole by then is dropped. */
export const REQUEST_TIMEOUT_MS = 30_000;
