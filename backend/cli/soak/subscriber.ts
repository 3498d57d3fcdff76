/** One who follows the figures over graphql-ws, and asks the API. */
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { ShopError } from '../../ports/errors.ts';

/** What the figures are at an instant. */
export interface Counts {
  readonly ordersToday: number;
  readonly handledToday: number;
}

const FIELDS = 'ordersToday handledToday salesToday openOrders behindMs';

export class Subscriber {
  readonly #client;
  #orders: number | null = null;
  #lastAt = 0;
  frames = 0;
  /** Orders that came in since the first frame. */
  placed = 0;
  /** Time between frames, in ms. */
  readonly gaps: number[] = [];
  /** Why there are no more frames; null while there are. */
  failure: string | null = null;

  /** `url` is where the API is, without its path. */
  constructor(url: string) {
    this.#client = createClient({
      url: `${url.replace(/^http/, 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
    });
    this.#client.subscribe<{ stats: Counts }>(
      { query: `subscription { stats { ${FIELDS} } }` },
      {
        next: ({ data }) => {
          if (data) this.#frame(data.stats);
        },
        error: (error) => (this.failure = textOf(error)),
        complete: () => (this.failure ??= 'the server has ended it'),
      },
    );
  }

  #frame({ ordersToday }: Counts): void {
    const now = performance.now();
    if (this.frames > 0) this.gaps.push(now - this.#lastAt);
    this.#lastAt = now;
    this.frames += 1;
    // A day begins with 0.
    if (this.#orders !== null) {
      this.placed += ordersToday < this.#orders ? ordersToday : ordersToday - this.#orders;
    }
    this.#orders = ordersToday;
  }

  async close(): Promise<void> {
    await this.#client.dispose();
  }
}

function textOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  const { reason } = error as { reason?: string };
  return reason ?? String(error);
}

/** Asks the API. Rejects with UNAVAILABLE when it does not answer. */
export async function ask<T>(url: string, query: string): Promise<T> {
  try {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    const { data, errors } = (await response.json()) as { data?: T; errors?: readonly { message: string }[] };
    if (data === undefined || errors !== undefined) throw new Error(errors?.[0]?.message ?? response.statusText);
    return data;
  } catch (error) {
    throw new ShopError('UNAVAILABLE', `the API at ${url}/graphql does not answer: ${(error as Error).message}`);
  }
}

export async function askCounts(url: string): Promise<Counts> {
  const { stats } = await ask<{ stats: Counts }>(url, '{ stats { ordersToday handledToday } }');
  return stats;
}
