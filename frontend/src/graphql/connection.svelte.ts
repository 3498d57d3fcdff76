/**
 * The one WebSocket to the API, which all subscriptions share, and what is known about it. Commands and questions
 * go over HTTP, so that a proxy, a log and a browser's tools see them.
 */
import { Client, fetchExchange, subscriptionExchange } from '@urql/svelte';
import { createClient } from 'graphql-ws';
import { backOffMs } from './back-off.ts';
import { operatorToken } from '../live/operator.svelte.ts';

/** Figures come at least every second; after this long without any message nothing is current any more. */
const SILENT_AFTER_MS = 5_000;
/** After this long the socket is taken for dead, even if nobody closed it, and set up anew. */
const DEAD_AFTER_MS = 10_000;
const LISTEN_EVERY_MS = 1_000;
/** The socket stays open for this long after the last subscription ended: the next page has one, too. */
const LINGER_MS = 5_000;

class Connection {
  /** Whether the socket stands. */
  open = $state(false);
  /** Whether it stands, but nothing comes. */
  silent = $state(false);
  /** Whether what comes by it can be current. */
  readonly connected = $derived(this.open && !this.silent);
  /** How often it was set up; whoever reads figures by HTTP asks again when it changes. */
  times = $state(0);
  /** Whether it stood at some time: before that we are loading, not offline. */
  readonly wasConnected = $derived(this.times > 0);
  failedAttempts = $state(0);
}

export const connection = new Connection();

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function randomShare(): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32;
}

const socketUrl = new URL('/graphql', location.href);
socketUrl.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';

/** When the last message came, or the running attempt to connect began; null between attempts. */
let heardAt: number | null = null;

const socket = createClient({
  url: socketUrl.href,
  lazyCloseTimeout: LINGER_MS,
  retryAttempts: Number.POSITIVE_INFINITY,
  shouldRetry: () => true,
  retryWait: async (attempt) => {
    connection.failedAttempts = attempt + 1;
    // Coming back online is a better moment than the end of the pause.
    const online = new Promise<void>((resolve) => addEventListener('online', () => resolve(), { once: true }));
    await Promise.race([wait(backOffMs(attempt, randomShare())), online]);
  },
  on: {
    connecting: () => {
      heardAt = Date.now();
    },
    connected: () => {
      heardAt = Date.now();
      connection.open = true;
      connection.silent = false;
      connection.failedAttempts = 0;
      connection.times += 1;
    },
    message: () => {
      heardAt = Date.now();
      if (connection.silent) connection.silent = false;
    },
    closed: () => {
      connection.open = false;
      heardAt = null;
    },
  },
});

setInterval(() => {
  if (heardAt === null) return;
  const silentMs = Date.now() - heardAt;
  connection.silent = connection.open && silentMs > SILENT_AFTER_MS;
  if (silentMs > DEAD_AFTER_MS) socket.terminate();
}, LISTEN_EVERY_MS);

export const client = new Client({
  url: '/graphql',
  preferGetMethod: false,
  // A cache would show what was, as if it were.
  requestPolicy: 'network-only',
  fetchOptions: () => {
    const token = operatorToken.value;
    return token === null ? {} : { headers: { authorization: `Bearer ${token}` } };
  },
  exchanges: [
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: (request) => ({
        subscribe: (sink) => ({
          unsubscribe: socket.subscribe(
            {
              query: request.query ?? '',
              ...(request.variables ? { variables: request.variables as Record<string, unknown> } : {}),
            },
            {
              next: (result) => sink.next(result as Parameters<typeof sink.next>[0]),
              error: (cause) => sink.error(cause),
              complete: () => sink.complete(),
            },
          ),
        }),
      }),
    }),
  ],
});
