/** A long run: the shop under load, somebody who follows the figures, and the Live page; and what all of them take. */
import { formatCount } from '../../domain/money.ts';
import { ShopError } from '../../ports/errors.ts';
import { LivePage, pause, type PageSample } from './page.ts';
import { startShopProcess, type ShopProcess, type ShopSample } from './shop-process.ts';
import { ask, askCounts, Subscriber, type Counts } from './subscriber.ts';
import type { Task } from './trace.ts';

export interface SoakOptions {
  readonly seconds: number;
  /** Orders a second, of a shop that is started here. */
  readonly rate: number;
  /** Of a shop that runs already; null: one is started. */
  readonly url: string | null;
  /** Whether the Live page is opened. */
  readonly page: boolean;
  /** The Chromium to use; undefined: the one on PATH. */
  readonly chromiumPath: string | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (seconds: number, note: string) => void;
}

/** What was seen until the end, or until it was stopped. Null is what was not looked at. */
export interface Soak {
  readonly seconds: number;
  readonly stopped: boolean;
  readonly placed: number;
  readonly frames: { readonly count: number; readonly gaps: readonly number[]; readonly failure: string | null };
  readonly shop: readonly ShopSample[] | null;
  readonly page: PageFigures | null;
  readonly shown: { readonly api: Counts; readonly page: Counts; readonly isSame: boolean } | null;
  readonly verified: boolean | null;
}

export interface PageFigures {
  readonly chromium: string;
  readonly tasks: readonly Task[];
  /** For how long tasks were traced, in seconds. */
  readonly tracedSeconds: number;
  readonly intervals: readonly number[];
  readonly samples: readonly PageSample[];
  readonly errors: readonly string[];
}

/** Each round looks at everything once. */
const ROUND_SECONDS = 30;
const WINDOW_MS = 10_000;
/** Before the first look, so that what is loaded once does not count as growth. */
const WARM_UP_MS = 5_000;
const SETTLE_MS_MAX = 20_000;
const LOOK_AGAIN_MS = 100;
const MS = 1_000;

/** Rejects with BAD_INPUT when there is nothing to look at, and with UNAVAILABLE when the shop fails. */
export async function soak(options: SoakOptions): Promise<Soak> {
  const own = options.url === null ? await startShopProcess(options.rate) : null;
  try {
    const url = own?.url ?? new URL(options.url ?? '').origin;
    await askCounts(url);
    const page = options.page && !options.signal.aborted ? await LivePage.open(url, options.chromiumPath) : null;
    const subscriber = new Subscriber(url);
    try {
      return await new Rounds(options, url, own, page, subscriber).run();
    } finally {
      await subscriber.close();
      await page?.close();
    }
  } finally {
    await own?.close();
  }
}

class Rounds {
  readonly #options: SoakOptions;
  readonly #url: string;
  readonly #own: ShopProcess | null;
  readonly #page: LivePage | null;
  readonly #subscriber: Subscriber;
  readonly #shopSamples: ShopSample[] = [];
  readonly #pageSamples: PageSample[] = [];
  readonly #tasks: Task[] = [];
  readonly #intervals: number[] = [];
  #tracedSeconds = 0;
  #placedBefore = 0;
  #started = 0;

  constructor(
    options: SoakOptions,
    url: string,
    own: ShopProcess | null,
    page: LivePage | null,
    subscriber: Subscriber,
  ) {
    this.#options = options;
    this.#url = url;
    this.#own = own;
    this.#page = page;
    this.#subscriber = subscriber;
  }

  get #seconds(): number {
    return (performance.now() - this.#started) / MS;
  }

  /** Orders since the first look. */
  get #placed(): number {
    return this.#subscriber.placed - this.#placedBefore;
  }

  async run(): Promise<Soak> {
    const { seconds, signal, onProgress } = this.#options;
    await pause(WARM_UP_MS, signal);
    this.#started = performance.now();
    this.#placedBefore = this.#subscriber.placed;
    await this.#look(true);
    while (this.#seconds < seconds && !signal.aborted) {
      const until = Math.min(seconds, this.#seconds + ROUND_SECONDS);
      await this.#window(until, (ms) => this.#trace(ms));
      await this.#window(until, async (ms) => {
        this.#intervals.push(...((await this.#page?.frames(ms, signal)) ?? []));
      });
      await pause((until - this.#seconds) * MS, signal);
      // In the middle garbage is collected once more: a line through two points shows nothing.
      const isMiddle = this.#seconds >= seconds / 2 && this.#seconds - ROUND_SECONDS < seconds / 2;
      await this.#look(isMiddle || this.#seconds >= seconds || signal.aborted);
      onProgress(Math.round(this.#seconds), this.#note());
    }
    const ran = this.#seconds;
    const placed = this.#placed;
    const shown = await this.#settle();
    return { seconds: ran, stopped: signal.aborted, placed, shown, ...this.#seen(), verified: await this.#verify() };
  }

  /** Never longer than what is left of the round. */
  async #window(until: number, look: (ms: number) => Promise<void>): Promise<void> {
    const ms = Math.min(WINDOW_MS, (until - this.#seconds) * MS);
    if (this.#page !== null && ms > 0 && !this.#options.signal.aborted) await look(ms);
  }

  async #trace(ms: number): Promise<void> {
    const started = performance.now();
    this.#tasks.push(...((await this.#page?.tasks(ms, this.#options.signal)) ?? []));
    this.#tracedSeconds += Math.min(ms, performance.now() - started) / MS;
  }

  async #look(collect: boolean): Promise<void> {
    const at = Math.round(this.#seconds);
    if (this.#own !== null) this.#shopSamples.push(await this.#own.sample(at, collect));
    if (this.#page !== null) this.#pageSamples.push(await this.#page.sample(at));
    if (this.#subscriber.failure !== null) {
      throw new ShopError('UNAVAILABLE', `the subscription has ended: ${this.#subscriber.failure}`);
    }
  }

  #note(): string {
    const shop = this.#shopSamples.at(-1);
    const page = this.#pageSamples.at(-1);
    const anonymous = shop?.anonymousMiB ?? shop?.residentMiB;
    return [
      `${formatCount(this.#placed)} orders`,
      ...(anonymous === undefined ? [] : [`shop ${Math.round(anonymous)} MiB`]),
      ...(page === undefined ? [] : [`page ${page.heapMiB.toFixed(1)} MiB`]),
    ].join(' · ');
  }

  /**
   * Whether the page comes to show what the API says: no less than it said before, and no more than it says after. Of a
   * shop of our own the simulator is paused first, so that the orders come to be the same; they go on being handled.
   */
  async #settle(): Promise<Soak['shown']> {
    if (this.#own !== null) {
      await ask(this.#url, 'mutation { configureSimulator(input: { paused: true }) { paused } }');
    }
    if (this.#page === null) return null;
    const deadline = performance.now() + SETTLE_MS_MAX;
    for (;;) {
      const before = await askCounts(this.#url);
      await pause(LOOK_AGAIN_MS, new AbortController().signal);
      const page = await this.#page.counts();
      const api = await askCounts(this.#url);
      const fits = (name: keyof Counts): boolean => before[name] <= page[name] && page[name] <= api[name];
      const isStill = this.#own === null || before.ordersToday === api.ordersToday;
      const isSame = isStill && fits('ordersToday') && fits('handledToday');
      if (isSame || performance.now() > deadline) return { api, page, isSame };
    }
  }

  async #verify(): Promise<boolean | null> {
    if (this.#own === null) return null;
    // Before the shop stops, so that it does not end with an error.
    await this.#subscriber.close();
    await this.#page?.close();
    return this.#own.stopAndVerify();
  }

  #seen(): Pick<Soak, 'frames' | 'shop' | 'page'> {
    const { frames, gaps, failure } = this.#subscriber;
    const page = this.#page;
    return {
      frames: { count: frames, gaps: [...gaps], failure },
      shop: this.#own === null ? null : this.#shopSamples,
      page:
        page === null
          ? null
          : {
              chromium: page.version,
              tasks: this.#tasks,
              tracedSeconds: this.#tracedSeconds,
              intervals: this.#intervals,
              samples: this.#pageSamples,
              errors: page.errors,
            },
    };
  }
}
