/** The API as a client uses it: over HTTP, and over a socket with the client that dashboards use. */
import { createClient, type Client } from 'graphql-ws';
import WebSocket from 'ws';

export type Data = Readonly<Record<string, unknown>>;
export type Variables = Readonly<Record<string, unknown>>;

interface Answer {
  readonly data?: Data | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
}

export class ApiClient {
  readonly url: string;
  readonly #socket: Client;

  constructor(url: string) {
    this.url = url;
    this.#socket = createClient({
      url: `${url.replace(/^http/, 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
    });
  }

  /** Asks over HTTP, and takes nothing but data for an answer. */
  async ask<T = Data>(query: string, variables: Variables = {}): Promise<T> {
    return dataOf(await this.answer(query, variables)) as T;
  }

  /** Asks over HTTP; errors are part of the answer. */
  async answer(query: string, variables: Variables = {}): Promise<Answer> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    return (await response.json()) as Answer;
  }

  /** Asks over the socket. */
  async askSocket<T = Data>(query: string, variables: Variables = {}, operationName?: string): Promise<T> {
    for await (const answer of this.#socket.iterate({ query, variables, operationName: operationName ?? null }))
      return dataOf(answer as Answer) as T;
    throw new Error('the socket gave no answer');
  }

  /** The first frame of a subscription; errors are part of it. */
  async frame(query: string): Promise<Answer> {
    for await (const answer of this.#socket.iterate({ query })) return answer as Answer;
    throw new Error('the subscription ended');
  }

  /** Looks at what a subscription brings until `look` says that it has seen enough. */
  async watch<T = Data>(query: string, look: (data: T) => boolean): Promise<void> {
    for await (const answer of this.#socket.iterate({ query })) if (look(dataOf(answer as Answer) as T)) return;
    throw new Error('the subscription ended');
  }

  async close(): Promise<void> {
    await this.#socket.dispose();
  }
}

function dataOf({ data, errors }: Answer): Data {
  if (errors !== undefined || data === null || data === undefined) throw new Error(JSON.stringify(errors));
  return data;
}
