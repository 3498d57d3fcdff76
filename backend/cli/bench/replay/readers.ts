/** Those who look at the shop while it rebuilds: two who ask over HTTP, and one who follows the figures. */
import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { ask } from '../../soak/subscriber.ts';
import type { Client, Judge, Position } from './judge.ts';

/** One answer: when it was asked for (epoch ms), and how long it took. */
export interface Timed {
  readonly at: number;
  readonly ms: number;
}

/** When a newer position of a projection was seen, epoch ms. */
export type Moves = ReadonlyMap<string, readonly number[]>;

interface Figure {
  readonly at: string;
  readonly value: number;
  readonly positions: readonly Position[];
}

interface FiguresAnswer {
  readonly series: {
    readonly buckets: readonly { readonly orders: number; readonly sales: number; readonly handled: number }[];
    readonly positions: readonly Position[];
  };
  readonly ordersToday: Figure;
  readonly salesToday: Figure;
}

interface OrdersAnswer {
  readonly orders: { readonly nodes: readonly { readonly id: string }[] };
  readonly order: { readonly id: string } | null;
}

interface Frame {
  readonly at: string;
  readonly ordersToday: number;
  readonly salesToday: number;
  readonly positions: readonly Position[];
}

/** Between two questions of one client: two of them ask some ten to twenty times a second. */
const PAUSE_MS = 100;
const SPAN_MS = 2 * 86_400_000;
const POSITIONS = 'positions { projection topic offsets }';
const FIGURE = `{ at value ${POSITIONS} }`;
/** Orders that were seen and are asked for again. */
const REMEMBERED_MAX = 100;

export class Readers {
  readonly answers: Timed[] = [];
  frames = 0;
  readonly #url: string;
  readonly #judge: Judge;
  readonly #stopping = new AbortController();
  readonly #socket;
  readonly #moves = new Map<string, number[]>();
  readonly #heights = new Map<string, number>();
  readonly #running: Promise<unknown>;

  /** `since` (epoch ms, a whole second) is when the sums begin that are held against the log. */
  constructor(url: string, since: number, judge: Judge) {
    this.#url = url;
    this.#judge = judge;
    this.#socket = createClient({
      url: `${url.replace(/^http/, 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
    });
    this.#running = Promise.all([this.#askFigures(since), this.#askOrders(since)]);
    this.#follow();
  }

  get moves(): Moves {
    return this.#moves;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#socket.dispose();
  }

  async #askFigures(since: number): Promise<void> {
    const client = this.#judge.client('figures');
    const span = `from: "${iso(since)}", to: "${iso(since + SPAN_MS)}", bucket: HOUR`;
    const query = `{ series: salesSeries(${span}) { buckets { orders sales handled } ${POSITIONS} }
      ordersToday ${FIGURE} salesToday ${FIGURE} }`;
    await this.#askOn<FiguresAnswer>(
      () => query,
      ({ series, ordersToday, salesToday }) => {
        const figures = { ordersToday, salesToday };
        for (const [name, { at, value }] of Object.entries(figures)) client.grows(name, dayOf(at), value);
        this.#stands(client, series.positions, ordersToday.positions, salesToday.positions);
        const sum = (of: 'orders' | 'sales' | 'handled'): number =>
          series.buckets.reduce((total, bucket) => total + bucket[of], 0);
        this.#judge.add({
          orders: sum('orders'),
          sales: sum('sales'),
          handled: sum('handled'),
          positions: series.positions,
        });
      },
    );
  }

  /** The newest orders; and one that was seen before, which must be there still. */
  async #askOrders(since: number): Promise<void> {
    const client = this.#judge.client('orders');
    const seen: string[] = [];
    let turn = 0;
    let asked = '';
    const query = (): string => {
      asked = seen[turn++ % Math.max(1, seen.length)] ?? '';
      const one = asked === '' ? '' : `order(id: ${JSON.stringify(asked)}) { id }`;
      return `{ orders(first: 5, from: "${iso(since)}") { nodes { id } } ${one} }`;
    };
    await this.#askOn<OrdersAnswer>(query, ({ orders, order }) => {
      if (asked !== '' && order === null) client.vanished(`order ${asked}`);
      seen.push(...orders.nodes.map(({ id }) => id).filter((id) => !seen.includes(id)));
      seen.splice(0, seen.length - REMEMBERED_MAX);
    });
  }

  async #askOn<T>(query: () => string, take: (answer: T) => void): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const at = Date.now();
      const started = performance.now();
      try {
        const answer = await ask<T>(this.#url, query());
        this.answers.push({ at, ms: performance.now() - started });
        take(answer);
      } catch (error) {
        this.#judge.failed((error as Error).message);
      }
      await pause(PAUSE_MS, undefined, { signal }).catch(() => {});
    }
  }

  #follow(): void {
    const client = this.#judge.client('subscriber');
    this.#socket.subscribe<{ stats: Frame }>(
      { query: `subscription { stats { at ordersToday salesToday ${POSITIONS} } }` },
      {
        next: ({ data }) => {
          if (!data) return;
          this.frames += 1;
          const { at, ordersToday, salesToday, positions } = data.stats;
          client.grows('ordersToday', dayOf(at), ordersToday);
          client.grows('salesToday', dayOf(at), salesToday);
          this.#stands(client, positions);
        },
        error: (error) => this.#judge.failed(error instanceof Error ? error.message : JSON.stringify(error)),
        complete: () => {
          if (!this.#stopping.signal.aborted) this.#judge.failed('the subscription ended');
        },
      },
    );
  }

  #stands(client: Client, ...answers: readonly (readonly Position[])[]): void {
    client.stands(...answers);
    const now = Date.now();
    for (const { projection, topic, offsets } of answers.flat()) {
      if (topic !== 'orders') continue;
      const height = offsets.reduce((sum, offset) => sum + offset, 0);
      if (height <= (this.#heights.get(projection) ?? -Infinity)) continue;
      this.#heights.set(projection, height);
      const moves = this.#moves.get(projection) ?? [];
      this.#moves.set(projection, moves);
      moves.push(now);
    }
  }
}

const iso = (at: number): string => new Date(at).toISOString();
/** The shop that is measured has UTC for its zone. */
const dayOf = (at: string): string => at.slice(0, 10);
