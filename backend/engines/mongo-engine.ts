/** A running server that speaks MongoDB's protocol, whichever it is. */
export interface MongoEngine {
  readonly uri: string;
  /** Which server it is, for people. */
  readonly engine: string;
  /** Ends the server; the data stays. */
  stop(): Promise<void>;
  /** Ends it without any notice, for tests of what survives. */
  kill9(): Promise<void>;
  /** Starts it again on the same port and data, after ending it if need be. */
  restart(): Promise<void>;
}
