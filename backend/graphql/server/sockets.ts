/** GraphQL over WebSocket, protocol graphql-transport-ws: who may open a socket, and what one may hold. */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  execute,
  getOperationAST,
  Kind,
  subscribe,
  type ExecutionArgs,
  type GraphQLError,
  type GraphQLSchema,
} from 'graphql';
import { CloseCode, handleProtocols, makeServer, type Context, type SubscribePayload } from 'graphql-ws';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Logger } from '../../ports/logger.ts';
import { isHostAllowed, isOriginAllowed } from './access.ts';
import { Delivery } from './delivery.ts';
import { Documents } from './documents.ts';
import { formatResult, limitExceeded, type FormatError } from './errors.ts';
import type { Limits } from './limits.ts';
import { Outbox } from './outbox.ts';
import { SharedSubscriptions, type SharedSubscription, type Source } from './shared-subscriptions.ts';

export interface SocketsOptions {
  readonly schema: GraphQLSchema;
  readonly path: string;
  readonly host: string;
  readonly allowedOrigins: readonly string[];
  readonly context: (operator: boolean) => unknown;
  readonly isOperator: (authorization: unknown) => boolean;
  readonly format: FormatError;
  readonly limits: Limits;
  readonly logger: Logger;
}

export interface Sockets {
  connections(): { readonly sockets: number; readonly subscriptions: number };
  /** Says goodbye (1001) to every socket, and takes no more. Resolves when all are gone, at the latest in time. */
  close(): Promise<void>;
}

interface Client {
  readonly outbox: Outbox;
  operator: boolean;
}

type Connection = Context<Record<string, unknown> | undefined, Client>;

/** An operation that goes through the delivery when it is a subscription. */
interface Operation extends ExecutionArgs {
  readonly delivery: () => Delivery;
}

const GOING_AWAY = 1001;
const SWEEP_INTERVAL_MAX_MS = 1_000;
const SWEEPS_PER_STALL = 4;

/** Serves the upgrades of an HTTP server. */
export function serveSockets(http: Server, options: SocketsOptions): Sockets {
  const { limits, logger } = options;
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: limits.messageBytesMax,
    perMessageDeflate: false,
    handleProtocols,
  });
  const operations = new Operations(options);
  const alive = new WeakSet<WebSocket>();
  const outboxes = new Map<WebSocket, Outbox>();
  let closing = false;

  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const refusal = closing ? SHUTTING_DOWN : refusalOf(request, server.clients.size, options);
    if (refusal !== null) {
      logger.debug({ refusal: refusal.why }, 'A socket was refused.');
      refuse(socket, refusal);
      return;
    }
    server.handleUpgrade(request, socket, head, (opened) => server.emit('connection', opened, request));
  });
  server.on('connection', (socket) => {
    alive.add(socket);
    const outbox = new Outbox(socket, limits, () => logger.info({}, 'A client that does not read was closed.'));
    outboxes.set(socket, outbox);
    socket.on('pong', () => alive.add(socket));
    // Each is answered, and the answers wait for who does not read.
    socket.on('ping', () => outbox.check());
    socket.on('error', (error) => logger.debug({ error }, 'A socket failed.'));
    socket.on('close', () => outboxes.delete(socket));
    operations.opened(socket, outbox);
  });

  const sweep = setInterval(
    () => outboxes.forEach((outbox) => outbox.check()),
    Math.min(SWEEP_INTERVAL_MAX_MS, limits.stalledMs / SWEEPS_PER_STALL),
  );
  const pings = setInterval(() => {
    for (const socket of server.clients) {
      if (!alive.delete(socket)) socket.terminate();
      else if (socket.readyState === socket.OPEN) socket.ping();
    }
  }, limits.pingIntervalMs);
  return {
    connections: () => ({ sockets: server.clients.size, subscriptions: operations.subscriptions }),
    close: async () => {
      closing = true;
      clearInterval(sweep);
      clearInterval(pings);
      for (const socket of server.clients) socket.close(GOING_AWAY, 'the server is stopping');
      await allGone(server, limits.closeDeadlineMs);
    },
  };
}

async function allGone(server: WebSocketServer, deadlineMs: number): Promise<void> {
  const cutting = setTimeout(() => server.clients.forEach((socket) => socket.terminate()), deadlineMs / 2);
  await Promise.all([...server.clients].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
  clearTimeout(cutting);
  server.close();
}

interface Refusal {
  readonly status: string;
  readonly why: string;
}

const SHUTTING_DOWN: Refusal = { status: '503 Service Unavailable', why: 'the server is stopping' };

function refusalOf(request: IncomingMessage, sockets: number, options: SocketsOptions): Refusal | null {
  const { host, origin } = request.headers;
  if (request.url?.split('?', 1)[0] !== options.path) {
    return { status: '404 Not Found', why: `sockets are opened at ${options.path}` };
  }
  if (!isHostAllowed(host, options.host)) {
    return { status: '403 Forbidden', why: 'the Host header must name this machine: localhost or 127.0.0.1' };
  }
  if (!isOriginAllowed(origin, host, options.allowedOrigins)) {
    return { status: '403 Forbidden', why: 'pages of this origin may not open a socket here' };
  }
  if (sockets >= options.limits.socketsMax) {
    return { status: '503 Service Unavailable', why: 'there are too many sockets; try again later' };
  }
  return null;
}

function refuse(socket: Duplex, { status, why }: Refusal): void {
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${why.length}\r\n\r\n${why}`,
    () => socket.destroy(),
  );
}

/** What clients ask on their sockets. */
class Operations {
  readonly #options: SocketsOptions;
  readonly #documents: Documents;
  readonly #shared: SharedSubscriptions;
  readonly #server;
  subscriptions = 0;

  constructor(options: SocketsOptions) {
    const { limits, format, schema } = options;
    this.#options = options;
    this.#documents = new Documents(schema, limits);
    this.#shared = new SharedSubscriptions({ format, executionsMax: limits.executionsMax });
    this.#server = makeServer<Record<string, unknown> | undefined, Client>({
      connectionInitWaitTimeout: limits.initWaitMs,
      onConnect: ({ connectionParams, extra }) => {
        extra.operator = options.isOperator(connectionParams?.['authorization']);
      },
      onSubscribe: (connection, id, payload) => this.#read(connection, id, payload),
      execute: (args) => execute(args),
      subscribe: (args) => (args as Operation).delivery(),
      onNext: (_connection, _id, _payload, _args, result) => formatResult(result, format),
      onError: (_connection, _id, _payload, errors) => errors.map((error) => format(error)),
    });
  }

  opened(socket: WebSocket, outbox: Outbox): void {
    const failed = (error: unknown): void => {
      this.#options.logger.error({ error }, 'A message on a socket could not be handled.');
      socket.close(CloseCode.InternalServerError, 'internal error');
    };
    const closed = this.#server.opened(
      {
        protocol: socket.protocol,
        send: (message) => outbox.send(message),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (handle) =>
          socket.on('message', (message: Buffer) => {
            handle(message.toString()).catch(failed);
          }),
      },
      { outbox, operator: false },
    );
    socket.once('close', (code, reason) => {
      closed(code, reason.toString()).catch(failed);
    });
  }

  #read(connection: Connection, id: string, payload: SubscribePayload): Operation | readonly GraphQLError[] {
    const { schema, limits } = this.#options;
    if (Object.keys(connection.subscriptions).length > limits.socketOperationsMax) {
      return [
        limitExceeded(`more than ${limits.socketOperationsMax} operations at once on one socket; end some first`),
      ];
    }
    const document = this.#documents.read(payload.query);
    if (!('kind' in document)) return document;
    const { operator, outbox } = connection.extra;
    const args: ExecutionArgs = {
      schema,
      document,
      operationName: payload.operationName,
      variableValues: payload.variables,
      contextValue: this.#options.context(operator),
    };
    const delivery = (): Delivery => {
      this.subscriptions += 1;
      return new Delivery({
        outbox,
        id,
        follow: (follower) => this.#shared.follow(subscriptionOf(args, payload, operator), follower),
        onOver: () => (this.subscriptions -= 1),
      });
    };
    return { ...args, delivery };
  }
}

function subscriptionOf(args: ExecutionArgs, payload: SubscribePayload, operator: boolean): SharedSubscription {
  const { query, operationName, variables } = payload;
  return {
    key: JSON.stringify([query, operationName ?? null, variables ?? null, operator]),
    start: async () => (await subscribe(args)) as Source,
    firstFrame: firstFrameOf(args),
  };
}

/** A field of the schema says by its extension `firstFrame: 'own'` that its frames are changes. */
function firstFrameOf({ schema, document, operationName }: ExecutionArgs): SharedSubscription['firstFrame'] {
  const fields = schema.getSubscriptionType()?.getFields() ?? {};
  const selections = getOperationAST(document, operationName)?.selectionSet.selections ?? [];
  const own = selections.some(
    (each) => each.kind === Kind.FIELD && fields[each.name.value]?.extensions['firstFrame'] === 'own',
  );
  return own ? 'own' : 'newest';
}
