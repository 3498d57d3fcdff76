/**
 * From an order to the screens: how long it takes until a frame with the order in it has reached a subscriber. The
 * shop runs in a process of its own; orders and subscribers are in this one.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { WebSocket, type RawData } from 'ws';
import { ShopError } from '../../ports/errors.ts';
import type { Command, Shop } from '../../shop/commands.ts';
import { openShopClient } from '../../shop/endpoint.ts';
import { foldersIn, removedAtExit } from '../another.ts';
import { anonymousOf } from '../soak/shop-process.ts';
import { startShop, type RunningShop } from './shop.ts';

export interface FanoutOptions {
  readonly subscribers: number;
  /** Orders a second. */
  readonly rate: number;
  readonly seconds: number;
  /** A further subscriber that reads nothing. */
  readonly stalled: boolean;
  readonly onMinute?: (sample: ProcessSample) => void;
}

/** What the shop's process takes. */
export interface ProcessSample {
  readonly atSeconds: number;
  /** Without files that are mapped, such as the embedded data, where the system tells; else all that is resident. */
  readonly memoryMiB: number;
  readonly cpuSeconds: number;
}

export interface FanoutResult extends Omit<FanoutOptions, 'onMinute'> {
  readonly placed: number;
  /** From handing an order to the shop to the frame that has it in, over all orders and subscribers, in ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Frames that a subscriber got in a second. */
  readonly framesPerSecond: number;
  /** Whether all subscribers ended with the same figures, and with every order in. */
  readonly isSame: boolean;
  /** The close code of the stalled one; null while it is open, or without one. */
  readonly stalledCode: number | null;
  readonly samples: readonly ProcessSample[];
}

const SUBSCRIBE = JSON.stringify({
  id: 's',
  type: 'subscribe',
  payload: {
    query: `subscription { stats { at ordersToday salesToday salesLastHour handledToday handledLast5m handledLast30m
      handledLast1h handledLast2h handledPer5mAverage handledPer5m openOrders behindMs yesterday { ordersToday } } }`,
  },
});
const TICK_MS = 10;
const CONNECTING_MAX = 50;
const SETTLE_MS_MAX = 15_000;
const LISTEN_MS_MAX = 5_000;
const SAMPLE_EVERY_MS = 60_000;
const LATENCY_MS_MAX = 60_000;
const FIGURE = '"ordersToday":';

/** Orders handed over together, and the count of orders that a frame with all of them in has. */
interface Mark {
  readonly count: number;
  readonly at: number;
}

class Latencies {
  readonly #bins = new Uint32Array(LATENCY_MS_MAX + 1);
  #total = 0;

  add(ms: number): void {
    const bin = Math.min(LATENCY_MS_MAX, Math.max(0, Math.round(ms)));
    this.#bins[bin] = (this.#bins[bin] ?? 0) + 1;
    this.#total += 1;
  }

  /** The latency that this share of all stays within. */
  at(share: number): number {
    let left = Math.ceil(this.#total * share);
    for (let ms = 0; ms <= LATENCY_MS_MAX; ms++) {
      left -= this.#bins[ms] ?? 0;
      if (left <= 0) return ms;
    }
    return LATENCY_MS_MAX;
  }
}

class Subscriber {
  readonly #socket: WebSocket;
  readonly #marks: readonly Mark[];
  readonly #latencies: Latencies;
  readonly subscribed: Promise<void>;
  #next = 0;
  frames = 0;
  orders = 0;
  /** The last frame, but for the time it was made at. */
  last = '';
  code: number | null = null;

  constructor(url: string, marks: readonly Mark[], latencies: Latencies) {
    this.#marks = marks;
    this.#latencies = latencies;
    this.#socket = new WebSocket(url, 'graphql-transport-ws', { perMessageDeflate: false });
    this.#socket.on('close', (code) => (this.code = code));
    this.subscribed = new Promise((resolve, reject) => {
      this.#socket.on('error', reject);
      this.#socket.on('open', () => this.#socket.send('{"type":"connection_init"}'));
      this.#socket.on('message', (data: RawData) => {
        const text = (data as Buffer).toString('latin1');
        if (text.includes('"connection_ack"')) this.#socket.send(SUBSCRIBE);
        else if (text.includes(FIGURE)) {
          this.#frame(text);
          resolve();
        } else if (text.includes('"ping"')) this.#socket.send('{"type":"pong"}');
      });
    });
  }

  #frame(text: string): void {
    const now = performance.now();
    this.frames += 1;
    this.last = text;
    this.orders = Number.parseInt(text.slice(text.indexOf(FIGURE) + FIGURE.length), 10);
    for (let mark = this.#marks[this.#next]; mark !== undefined && mark.count <= this.orders;) {
      this.#latencies.add(now - mark.at);
      mark = this.#marks[++this.#next];
    }
  }

  /** Reads nothing more. */
  stall(): void {
    this.#socket.pause();
  }

  /** Reads again, and with that finds out that it has been closed, if it has. */
  async listen(): Promise<void> {
    this.#socket.resume();
    const deadline = performance.now() + LISTEN_MS_MAX;
    while (this.code === null && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }

  close(): void {
    this.#socket.terminate();
  }
}

/** Runs the shop, the subscribers and the orders. Rejects with UNAVAILABLE when the shop does not come up. */
export async function measureFanout(options: FanoutOptions): Promise<FanoutResult> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-fanout-'));
  const forget = removedAtExit(dir);
  try {
    const shop = await startShop({
      ...process.env,
      ...foldersIn(dir),
      SHOP_URL: 'http://127.0.0.1:0',
      PORT: '0',
      LOG_LEVEL: 'warn',
    });
    try {
      return await watch(shop, options);
    } finally {
      await shop.close();
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
    forget();
  }
}

async function watch({ url: apiUrl, endpoint, pid }: RunningShop, options: FanoutOptions): Promise<FanoutResult> {
  const { subscribers: count, seconds, stalled, onMinute } = options;
  const shop = openShopClient(endpoint);
  const url = `${apiUrl.replace(/^http/, 'ws')}/graphql`;
  await stockUp(shop);
  const marks: Mark[] = [];
  const latencies = new Latencies();
  const subscribers: Subscriber[] = [];
  while (subscribers.length < count) {
    const some = Array.from(
      { length: Math.min(CONNECTING_MAX, count - subscribers.length) },
      () => new Subscriber(url, marks, latencies),
    );
    await Promise.all(some.map((each) => each.subscribed));
    subscribers.push(...some);
  }
  // Its latencies do not count.
  const deaf = stalled ? new Subscriber(url, [], new Latencies()) : null;
  await deaf?.subscribed;
  deaf?.stall();
  const framesBefore = subscribers.reduce((sum, { frames }) => sum + frames, 0);
  const samples = [await sampleOf(pid, 0)];
  const started = performance.now();
  const sampling = setInterval(() => {
    void sampleOf(pid, Math.round((performance.now() - started) / 1_000)).then((sample) => {
      samples.push(sample);
      onMinute?.(sample);
    });
  }, SAMPLE_EVERY_MS);
  const placed = await place(shop, marks, options);
  clearInterval(sampling);
  const frames = subscribers.reduce((sum, each) => sum + each.frames, 0) - framesBefore;
  const isSame = await settled(subscribers, placed);
  samples.push(await sampleOf(pid, Math.round((performance.now() - started) / 1_000)));
  for (const each of subscribers) each.close();
  await deaf?.listen();
  deaf?.close();
  return {
    subscribers: count,
    rate: options.rate,
    seconds,
    stalled,
    placed,
    p50Ms: latencies.at(0.5),
    p99Ms: latencies.at(0.99),
    maxMs: latencies.at(1),
    framesPerSecond: frames / count / seconds,
    isSame,
    stalledCode: deaf?.code ?? null,
    samples,
  };
}

const PRODUCT = 'P-bench';

async function stockUp(shop: Shop): Promise<void> {
  const catalogue = await shop.catalogue();
  const currency = catalogue[0]?.currency ?? 'SEK';
  const common = { source: 'live', productId: PRODUCT } as const;
  await shop.submit([
    { type: 'ListProduct', ...common, name: 'A thing', category: 'Things', price: 100, currency },
    { type: 'ReceiveStock', ...common, quantity: 1_000_000_000, reason: 'initial' },
  ]);
}

/** Places orders at the rate; one request after the other, each with what has come due. */
async function place(shop: Shop, marks: Mark[], { rate, seconds }: FanoutOptions): Promise<number> {
  const order: Command = {
    type: 'PlaceOrder',
    source: 'live',
    customer: { id: 'c', name: 'A customer', email: 'customer@example.com', country: 'Sweden' },
    lines: [{ productId: PRODUCT, quantity: 1 }],
    handling: null,
  };
  const started = performance.now();
  let placed = 0;
  for (let now = started; now - started < seconds * 1_000; now = performance.now()) {
    const due = Math.floor(((now - started) / 1_000) * rate) - placed;
    if (due > 0) {
      placed += due;
      marks.push({ count: placed, at: performance.now() });
      const outcomes = await shop.submit(Array.from({ length: due }, () => order));
      const refused = outcomes.find(({ status }) => status !== 'accepted');
      if (refused !== undefined)
        throw new ShopError('UNAVAILABLE', `the shop did not take an order: ${refused.status}`);
    }
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  return placed;
}

/** Whether everybody has come to show all orders, and the same figures. */
async function settled(subscribers: readonly Subscriber[], placed: number): Promise<boolean> {
  const deadline = performance.now() + SETTLE_MS_MAX;
  while (subscribers.some(({ orders }) => orders !== placed)) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  const figures = subscribers.map(({ last }) => /"salesToday":\d+/.exec(last)?.[0]);
  return new Set(figures).size === 1;
}

async function sampleOf(pid: number, atSeconds: number): Promise<ProcessSample> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=,time=', '-p', String(pid)]);
  const [kib = '0', time = '0'] = stdout.trim().split(/\s+/);
  const cpuSeconds = time.split(/[:-]/).reduce((sum, part) => sum * 60 + Number(part), 0);
  const memoryMiB = (await anonymousOf(pid)) ?? Number(kib) / 1_024;
  return { atSeconds, memoryMiB: Math.round(memoryMiB), cpuSeconds };
}
