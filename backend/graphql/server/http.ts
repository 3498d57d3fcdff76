/** GraphQL over HTTP, by Apollo Server, and what every answer over HTTP has in common. */
import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyError, FastifyInstance } from 'fastify';
import { GraphQLError, OperationTypeNode, type GraphQLSchema } from 'graphql';
import type { Logger } from '../../ports/logger.ts';
import { isHostAllowed } from './access.ts';
import { limitRules } from './documents.ts';
import type { FormatError } from './errors.ts';
import type { Limits } from './limits.ts';
import { sendPlayground, wantsPage } from './pages.ts';

export interface HttpOptions {
  readonly schema: GraphQLSchema;
  readonly path: string;
  readonly host: string;
  readonly context: (operator: boolean) => object;
  readonly isOperator: (authorization: unknown) => boolean;
  readonly playgroundDir: string | null;
  readonly format: FormatError;
  readonly limits: Limits;
  readonly logger: Logger;
}

/** Refuses what names another host, and says to browsers what they may not do. */
export function guard(server: FastifyInstance, host: string): void {
  server.addHook('onRequest', async (request, reply) => {
    void reply.header('x-content-type-options', 'nosniff').header('referrer-policy', 'same-origin');
    if (isHostAllowed(request.headers.host, host)) return;
    await reply.code(403).send({ error: 'the Host header must name this machine: localhost or 127.0.0.1' });
  });
}

/** Adds the GraphQL route. Stop what it returns when no request is under way any more. */
export async function serveGraphql(server: FastifyInstance, options: HttpOptions): Promise<ApolloServer<object>> {
  const { limits, format, logger } = options;
  const apollo = new ApolloServer<object>({
    schema: options.schema,
    introspection: true,
    persistedQueries: false,
    stopOnTerminationSignals: false,
    includeStacktraceInErrorResponses: false,
    parseOptions: { maxLexicalTokens: limits.tokensMax },
    validationRules: limitRules(limits),
    formatError: (_formatted, error) => format(error),
    logger: apolloLogger(logger),
    plugins: [ApolloServerPluginLandingPageDisabled(), ApolloServerPluginUsageReportingDisabled(), noSubscriptions],
  });
  await apollo.start();
  const answer = fastifyApolloHandler(apollo, {
    context: (request) => Promise.resolve(options.context(options.isOperator(request.headers.authorization))),
  });
  server.setErrorHandler((error: FastifyError, _request, reply) => {
    // Whoever asked has left before the answer was out, as pages do with questions that they no longer have.
    if (error.code === 'ERR_STREAM_PREMATURE_CLOSE') return reply.hijack();
    const status = error.statusCode ?? 500;
    const formatted = status >= 500 ? format(error) : badRequest(error, status);
    return reply.code(status).send({ errors: [formatted] });
  });
  server.post(options.path, answer);
  server.get(options.path, async (request, reply) => {
    if (wantsPage(request)) return sendPlayground(request, reply, options.playgroundDir);
    return answer.call(server, request, reply);
  });
  server.get('/health', () => ({ ok: true }));
  return apollo;
}

function badRequest(error: FastifyError, status: number): { message: string; extensions: { code: string } } {
  return { message: error.message, extensions: { code: status === 413 ? 'LIMIT_EXCEEDED' : 'BAD_REQUEST' } };
}

/** Over HTTP a subscription would be executed once, as if it were a query. */
const noSubscriptions: ApolloServerPlugin<object> = {
  requestDidStart: () =>
    Promise.resolve({
      didResolveOperation: ({ operation }) => {
        if (operation?.operation !== OperationTypeNode.SUBSCRIPTION) return Promise.resolve();
        const message = 'subscriptions go over WebSocket, protocol graphql-transport-ws, at this same address';
        throw new GraphQLError(message, { extensions: { code: 'BAD_REQUEST', http: { status: 400 } } });
      },
    }),
};

function apolloLogger(logger: Logger): Record<'debug' | 'info' | 'warn' | 'error', (message?: unknown) => void> {
  return {
    debug: (message) => logger.debug({ detail: message }, 'Apollo Server says something.'),
    info: (message) => logger.info({ detail: message }, 'Apollo Server says something.'),
    warn: (message) => logger.warn({ detail: message }, 'Apollo Server warns.'),
    error: (message) => logger.error({ detail: message }, 'Apollo Server failed.'),
  };
}
