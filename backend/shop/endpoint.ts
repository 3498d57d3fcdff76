/**
 * The shop's internal endpoint, for the processes that place orders: POST /commands (an array of commands, to an
 * array of outcomes in the same order), GET /catalogue, GET /health. It has no password, so it listens on
 * 127.0.0.1 unless told otherwise.
 */
import fastify, { type FastifyError, type FastifyInstance, type FastifyPluginAsync } from 'fastify';
import { cannotListen } from '../ports/cannot-listen.ts';
import { isShopError, ShopError, type ShopErrorCode } from '../ports/errors.ts';
import type { Logger } from '../ports/logger.ts';
import type { Command, Shop } from './commands.ts';
import { BODY_BYTES_MAX, REQUEST_COMMANDS_MAX } from './limits.ts';

export { openShopClient } from './client.ts';

/** What an error looks like: one line, and a code where the shop has one. */
export interface ErrorBody {
  readonly error: string;
  readonly code?: ShopErrorCode;
}

export interface ShopServerOptions {
  readonly shop: Shop;
  readonly host?: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly logger: Logger;
  /** Further routes of whoever owns the process. */
  readonly extraRoutes?: FastifyPluginAsync;
}

export interface ShopServer {
  /** Where it answers, e.g. "http://127.0.0.1:4100". */
  readonly url: string;
  /** Answers what is under way, and takes nothing more. */
  close(): Promise<void>;
}

/** Serves the shop. Rejects with BAD_INPUT when the port or the host cannot be used. */
export async function startShopServer(options: ShopServerOptions): Promise<ShopServer> {
  const { shop, host = '127.0.0.1', port, logger, extraRoutes } = options;
  const server = fastify({ bodyLimit: BODY_BYTES_MAX, forceCloseConnections: 'idle' });
  shopRoutes(server, shop, logger);
  if (extraRoutes !== undefined) await server.register(extraRoutes);
  try {
    return { url: await server.listen({ host, port }), close: () => server.close() };
  } catch (error) {
    await server.close();
    throw cannotListen(error, { host, port, portSetting: '--port or SHOP_URL' });
  }
}

/** Adds the shop's routes to a server. */
function shopRoutes(server: FastifyInstance, shop: Shop, logger: Logger): void {
  server.setErrorHandler((error: FastifyError | ShopError, _request, reply) => {
    const status = statusOf(error);
    if (status === 500) logger.error({ error }, "A request to the shop's endpoint failed.");
    const body: ErrorBody = { error: error.message, ...(isShopError(error) ? { code: error.code } : {}) };
    return reply.code(status).send(body);
  });
  server.post('/commands', async (request) => shop.submit(commandsOf(request.body)));
  server.get('/catalogue', async () => shop.catalogue());
  server.get('/health', () => ({ ok: true }));
}

/** The commands themselves are judged by the shop, one by one; here only that there are some. */
function commandsOf(body: unknown): readonly Command[] {
  if (!Array.isArray(body)) throw new ShopError('BAD_INPUT', 'the body must be a JSON array of commands');
  if (body.length > REQUEST_COMMANDS_MAX) {
    throw new ShopError('BAD_INPUT', `${body.length} commands at once; send at most ${REQUEST_COMMANDS_MAX}`);
  }
  if (!body.every((each) => typeof each === 'object' && each !== null)) {
    throw new ShopError('BAD_INPUT', 'each command must be a JSON object');
  }
  return body as readonly Command[];
}

function statusOf(error: FastifyError | ShopError): number {
  if (!isShopError(error)) return error.statusCode ?? 500;
  switch (error.code) {
    case 'BAD_INPUT':
      return 400;
    case 'UNAVAILABLE':
    case 'UNKNOWN_OUTCOME':
    case 'STORAGE':
    case 'FENCED':
    case 'CLOSED':
    case 'TIMEOUT':
      return 503;
    case 'LOG_MISMATCH':
    case 'OWNED':
    case 'MISCONFIGURED':
    case 'FOLD_FAILED':
    case 'INEXACT':
      return 500;
  }
}
