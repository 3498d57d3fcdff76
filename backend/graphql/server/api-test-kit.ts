/** A small schema of its own, and clients that speak to a server over real sockets. */
import {
  GraphQLError,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  type GraphQLFieldConfigMap,
} from 'graphql';
import { WebSocket, type ClientOptions } from 'ws';
import { ShopError } from '../../ports/errors.ts';
import type { Logger } from '../../ports/logger.ts';
import { startApi, type Api, type ApiOptions, type ApiRequest } from './server.ts';

export const TOKEN = 'a secret of the test';

/** A value that a test sets; each iteration gives the newest one that it has not given yet. */
export class Ticker<T> {
  #value: T;
  #version = 0;
  #wake: (() => void)[] = [];
  #ended = false;
  /** Iterations that were begun, and those under way. */
  begun = 0;
  open = 0;

  constructor(value: T) {
    this.#value = value;
  }

  set(value: T): void {
    this.#value = value;
    this.#version += 1;
    this.#wakeAll();
  }

  end(): void {
    this.#ended = true;
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  follow(): AsyncIterableIterator<T> {
    let seen = -1;
    let left = false;
    this.begun += 1;
    this.open += 1;
    const leave = (): Promise<IteratorResult<T>> => {
      if (!left) this.open -= 1;
      left = true;
      this.#wakeAll();
      return Promise.resolve({ done: true, value: undefined });
    };
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      next: async () => {
        while (!left && !this.#ended && seen === this.#version) {
          await new Promise<void>((resolve) => this.#wake.push(resolve));
        }
        if (left || seen === this.#version) return leave();
        seen = this.#version;
        return { done: false, value: this.#value };
      },
      return: leave,
    };
  }
}

export interface World {
  readonly ticker: Ticker<string>;
  readonly changes: Ticker<string>;
  /** How often the result of a tick was executed. */
  executed: number;
  /** Set to let `slow` answer. */
  readonly slow: Ticker<string>;
  slowAsked: number;
}

const required = (type: GraphQLObjectType | typeof GraphQLString): GraphQLNonNull<typeof type> =>
  new GraphQLNonNull(type);

function smallWorld(): { world: World; schema: GraphQLSchema } {
  const world: World = {
    ticker: new Ticker('0'),
    changes: new Ticker('0'),
    executed: 0,
    slow: new Ticker(''),
    slowAsked: 0,
  };
  const node: GraphQLObjectType = new GraphQLObjectType({
    name: 'Node',
    fields: () => ({
      name: { type: required(GraphQLString), resolve: () => 'node' },
      self: { type: required(node), resolve: () => ({}) },
      many: {
        type: new GraphQLList(node),
        args: { first: { type: GraphQLInt } },
        resolve: (_source, { first }: { first?: number }) => Array.from({ length: first ?? 1 }, () => ({})),
      },
    }),
  });
  const tick = {
    type: required(GraphQLString),
    args: { tag: { type: GraphQLString } },
    resolve: (value: string) => {
      world.executed += 1;
      if (value === 'broken') throw new Error('the fold is at /secret/place');
      return value;
    },
  };
  const schema = new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields: queries(world, node) }),
    mutation: new GraphQLObjectType({
      name: 'Mutation',
      fields: {
        twice: {
          type: required(GraphQLInt as never),
          args: { value: { type: new GraphQLNonNull(GraphQLInt) } },
          resolve: (_source, { value }: { value: number }, { operator }: ApiRequest) => {
            if (!operator) throw new GraphQLError('the operator only', { extensions: { code: 'FORBIDDEN' } });
            return value * 2;
          },
        },
      },
    }),
    subscription: new GraphQLObjectType<string>({
      name: 'Subscription',
      fields: {
        tick: { ...tick, subscribe: () => world.ticker.follow() },
        change: {
          ...tick,
          extensions: { firstFrame: 'own' },
          subscribe: () => ownFirst(world.changes),
        },
        failing: {
          ...tick,
          subscribe: () => {
            throw new ShopError('UNAVAILABLE', 'the log does not answer; try again');
          },
        },
      },
    }),
  });
  return { world, schema };
}

/** First the present with a mark, then changes. */
async function* ownFirst(changes: Ticker<string>): AsyncGenerator<string> {
  let first = true;
  for await (const value of changes.follow()) {
    yield first ? `present ${value}` : value;
    first = false;
  }
}

function queries(world: World, node: GraphQLObjectType): GraphQLFieldConfigMap<unknown, ApiRequest> {
  const failing = (error: () => unknown) => ({
    type: GraphQLString,
    resolve: () => {
      throw error();
    },
  });
  return {
    hello: { type: GraphQLString, args: { name: { type: GraphQLString } }, resolve: (_s, { name }) => `hello ${name}` },
    count: {
      type: GraphQLInt,
      args: { first: { type: new GraphQLNonNull(GraphQLInt), defaultValue: 1 } },
      resolve: (_source, { first }: { first: number }) => first,
    },
    whoAmI: {
      type: GraphQLString,
      resolve: (_source: unknown, _args: unknown, { operator, transport }: ApiRequest) =>
        `${operator ? 'operator' : 'visitor'} over ${transport}`,
    },
    node: { type: node, resolve: () => ({}) },
    badInput: failing(() => new ShopError('BAD_INPUT', 'no such day; write it like 2026-11-22')),
    unavailable: failing(() => new ShopError('UNAVAILABLE', 'the read models do not answer\nsecond line')),
    storage: failing(() => new ShopError('STORAGE', 'no space in /secret/place')),
    broken: failing(() => new TypeError('x of undefined at /secret/place')),
    large: {
      type: GraphQLString,
      args: { bytes: { type: new GraphQLNonNull(GraphQLInt) } },
      resolve: (_source, { bytes }: { bytes: number }) => 'x'.repeat(bytes),
    },
    slow: {
      type: GraphQLString,
      resolve: async () => {
        world.slowAsked += 1;
        for await (const value of world.slow.follow()) if (value !== '') return value;
        return null;
      },
    },
  };
}

export interface Served {
  readonly api: Api;
  readonly world: World;
  readonly logged: { readonly fields: object; readonly message: string }[];
  /** E.g. "ws://127.0.0.1:1234/graphql". */
  readonly socketUrl: string;
}

/** Starts a server on a free port of 127.0.0.1, without a token unless told. */
export async function serve(options: Partial<ApiOptions<ApiRequest>> = {}): Promise<Served> {
  const { world, schema } = smallWorld();
  const logged: Served['logged'] = [];
  const log = (fields: object, message: string): void => void logged.push({ fields, message });
  const logger: Logger = { debug: () => {}, info: log, warn: log, error: log };
  const api = await startApi<ApiRequest>({
    schema,
    context: (request) => request,
    host: '127.0.0.1',
    port: 0,
    operatorToken: null,
    allowedOrigins: [],
    logger,
    staticDir: null,
    playgroundDir: null,
    filesDirs: {},
    ...options,
  });
  return { api, world, logged, socketUrl: `${api.url.replace('http', 'ws')}/graphql` };
}

export interface Answer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[];
}

/** Posts an operation. */
export async function ask(
  url: string,
  query: string,
  options: { variables?: object; headers?: Record<string, string> } = {},
): Promise<Answer & { status: number }> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...options.headers },
    body: JSON.stringify({ query, variables: options.variables }),
  });
  return { status: response.status, ...((await response.json()) as Answer) };
}

export interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: Answer & Answer['errors'];
}

/** A socket that keeps what it got, for tests that wait for something. */
export class Peer {
  readonly socket: WebSocket;
  readonly messages: Message[] = [];
  /** Whether what comes is kept. */
  keeps = true;
  closed: { readonly code: number; readonly reason: string } | null = null;
  refused: number | null = null;
  #waiting: (() => void)[] = [];

  constructor(url: string, options: ClientOptions = {}, protocol = 'graphql-transport-ws') {
    this.socket = new WebSocket(url, protocol, options);
    this.socket.on('message', (data: Buffer) => {
      if (this.keeps) this.messages.push(JSON.parse(data.toString()) as Message);
      // After others who listen.
      queueMicrotask(() => this.#changed());
    });
    this.socket.on('unexpected-response', (_request, response) => {
      this.refused = response.statusCode ?? 0;
      this.#changed();
      response.destroy();
    });
    this.socket.on('error', () => {});
    this.socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.#changed();
    });
    this.socket.on('open', () => this.#changed());
  }

  /** Opens one, initialised. */
  static async open(url: string, authorization?: string, options: ClientOptions = {}): Promise<Peer> {
    const peer = new Peer(url, options);
    await peer.until(() => peer.socket.readyState === WebSocket.OPEN);
    peer.send({ type: 'connection_init', ...(authorization === undefined ? {} : { payload: { authorization } }) });
    await peer.until(() => peer.messages.some(({ type }) => type === 'connection_ack'));
    return peer;
  }

  send(message: object | string): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  subscribe(id: string, query: string, more: { variables?: object; operationName?: string } = {}): void {
    this.send({ id, type: 'subscribe', payload: { query, ...more } });
  }

  /** Resolves when it holds. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  of(id: string): Message[] {
    return this.messages.filter((message) => message.id === id);
  }

  /** The values of a field in what came for an operation. */
  values(id: string, field = 'tick'): unknown[] {
    return this.of(id).flatMap(({ type, payload }) => (type === 'next' ? [payload?.data?.[field]] : []));
  }

  /** What came for an operation, once it is over. */
  async answer(id: string): Promise<Message> {
    await this.until(() => this.of(id).some(({ type }) => type === 'complete' || type === 'error'));
    return this.of(id)[0]!;
  }

  #changed(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
