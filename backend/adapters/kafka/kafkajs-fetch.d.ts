/** The part of kafkajs's protocol that is used here; its types are of its public names only. */
declare module 'kafkajs/src/protocol/requests/fetch/index.js' {
  interface Protocol {
    readonly request: object;
    readonly requestTimeout: number | null;
    readonly response: {
      /** Rejects when a partition of the decoded answer has an error code. */
      parse(decoded: unknown): Promise<unknown>;
    };
  }
  const requests: { protocol(options: { version: number }): (request: object) => Protocol };
  export default requests;
}
