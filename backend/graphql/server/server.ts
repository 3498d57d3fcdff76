/**
 * The API's server: GraphQL over HTTP and over WebSocket at /graphql with the same rules, the playground at the
 * same address for browsers, the dashboard at /, and files that the shop writes.
 */
import fastify, { type FastifyInstance } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import { cannotListen } from '../../ports/cannot-listen.ts';
import { ShopError } from '../../ports/errors.ts';
import type { Logger } from '../../ports/logger.ts';
import { isLoopback, operatorCheck } from './access.ts';
import { errorFormatter } from './errors.ts';
import { guard, serveGraphql } from './http.ts';
import { LIMITS, REQUEST_TIMEOUT_MS, type Limits } from './limits.ts';
import { decodableUrl, servePages, type PagesOptions } from './pages.ts';
import { serveSockets } from './sockets.ts';

export type { Limits } from './limits.ts';

/** Who asks, and how. */
export interface ApiRequest {
  /** May change what all see: whoever has the operator's token; everybody where there is none. */
  readonly operator: boolean;
  readonly transport: 'http' | 'websocket';
}

export interface ApiOptions<C extends object> extends PagesOptions {
  /**
   * Subscriptions that are alike share one execution. The extension `firstFrame: 'own'` on a field of the
   * Subscription type gives each who comes later the first result of a subscription of their own, before they
   * share the others' frames.
   */
  readonly schema: GraphQLSchema;
  /** Called for each request, and for each operation on a socket; shared subscriptions use one of them. */
  readonly context: (request: ApiRequest) => C;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Null: everybody is the operator, which is allowed on a loopback address only. */
  readonly operatorToken: string | null;
  /** Pages of other origins that may open sockets, e.g. "https://example.org". */
  readonly allowedOrigins: readonly string[];
  readonly logger: Logger;
  readonly limits?: Partial<Limits>;
}

export interface Api {
  /** Where it answers, e.g. "http://127.0.0.1:4000". */
  readonly url: string;
  /** Says goodbye to sockets (1001), answers the requests under way, and is done before a deadline. */
  close(): Promise<void>;
  connections(): { readonly sockets: number; readonly subscriptions: number };
}

const GRAPHQL_PATH = '/graphql';
const IDLE_CHECK_INTERVAL_MS = 50;

/** Starts it. Rejects with BAD_INPUT when it may not or cannot listen there. */
export async function startApi<C extends object>(options: ApiOptions<C>): Promise<Api> {
  const { host, port, schema, context, logger } = options;
  const limits: Limits = { ...LIMITS, ...options.limits };
  // A variable that is set to nothing is not a password.
  const token = options.operatorToken === '' ? null : options.operatorToken;
  if (token === null && !isLoopback(host)) {
    const message = `others can reach ${host}: set OPERATOR_TOKEN to a secret of your own, or HOST to 127.0.0.1`;
    throw new ShopError('BAD_INPUT', message);
  }
  const server = fastify({
    bodyLimit: limits.bodyBytesMax,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    rewriteUrl: ({ url = '/' }) => decodableUrl(url),
  });
  const common = {
    schema,
    path: GRAPHQL_PATH,
    host,
    isOperator: operatorCheck(token),
    format: errorFormatter(logger),
    limits,
    logger,
  };
  guard(server, host);
  await servePages(server, options);
  const apollo = await serveGraphql(server, {
    ...common,
    playgroundDir: options.playgroundDir,
    context: (operator) => context({ operator, transport: 'http' }),
  });
  const sockets = serveSockets(server.server, {
    ...common,
    allowedOrigins: options.allowedOrigins,
    context: (operator) => context({ operator, transport: 'websocket' }),
  });
  const close = async (): Promise<void> => {
    await Promise.all([sockets.close(), closeHttp(server, limits.closeDeadlineMs)]);
    await apollo.stop();
  };
  try {
    return { url: await server.listen({ host, port }), close: once(close), connections: () => sockets.connections() };
  } catch (error) {
    await close();
    throw cannotListen(error, { host, port, portSetting: '--port or PORT' });
  }
}

async function closeHttp(server: FastifyInstance, deadlineMs: number): Promise<void> {
  const cutting = setTimeout(() => server.server.closeAllConnections(), deadlineMs);
  // A connection that was busy when the closing began is kept alive by its client once it has its answer.
  const idling = setInterval(() => server.server.closeIdleConnections(), IDLE_CHECK_INTERVAL_MS);
  await server.close();
  clearTimeout(cutting);
  clearInterval(idling);
}

function once(close: () => Promise<void>): () => Promise<void> {
  let closing: Promise<void> | null = null;
  return () => (closing ??= close());
}
