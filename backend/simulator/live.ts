/** The live simulator: customers who come now, as a Poisson process, and the goods that they buy. */
import type { HandlingPolicy } from '../events/events.ts';
import type { Clock } from '../ports/clock.ts';
import { isShopError, ShopError } from '../ports/errors.ts';
import type { Logger } from '../ports/logger.ts';
import type { Command, Outcome, RefusalReason, Shop } from '../shop/commands.ts';
import { nextArrival } from './arrivals.ts';
import type { Catalogue } from './catalogue.ts';
import { dayCurve, flatCurve, type DayCurve } from './day-curve.ts';
import { streamsOf, type Streams } from './random.ts';
import { Trade } from './trade.ts';
import { waitUntil } from './wait.ts';

/** Customers who come within this time go to the shop together. */
const TICK_MS = 10;
/** Requests that wait for the shop's answer at the same time. */
const IN_FLIGHT_MAX = 4;
/** Orders in one request. */
const BATCH_SIZE_MAX = 1_000;
/** Customers who have waited longer than this for the shop are gone. */
const PATIENCE_MS = 5_000;
/** How often what is on sale is asked for anew, while orders are placed. */
const REFRESH_MS = 5_000;
/** The same after the shop said that something is sold out. */
const REFRESH_SOLD_OUT_MS = 500;
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5_000;

export interface SimulatorOptions {
  readonly shop: Shop;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly catalogue: Catalogue;
  /** The log's currency. */
  readonly currency: string;
  readonly seed: number;
  /** The average over a day. */
  readonly ratePerSecond: number;
  readonly timeZone: string;
  readonly handling: HandlingPolicy | null;
  /** The same rate at any time of day, for loads. */
  readonly flat?: boolean;
  readonly paused?: boolean;
}

export interface SimulatorSettings {
  readonly ratePerSecond?: number;
  readonly handling?: HandlingPolicy | null;
  readonly paused?: boolean;
  /** Whether the rate holds at any time of day, as a burst's does; null: as the simulator was started. */
  readonly flat?: boolean | null;
}

export interface SimulatorStats {
  /** Orders that the shop took. */
  readonly placed: number;
  /** Deliveries that the shop took. */
  readonly restocks: number;
  readonly refused: Readonly<Partial<Record<RefusalReason, number>>>;
  /** Customers who found the shop out of reach, or everything sold out. */
  readonly missed: number;
  readonly inFlight: number;
  readonly ratePerSecond: number;
  readonly paused: boolean;
}

export interface Simulator {
  /** Resolves after stop(); rejects when the shop refuses for good (another shop took over, another currency). */
  readonly ended: Promise<void>;
  /** No new customers; resolves when the shop has answered those who came. */
  stop(): Promise<void>;
  /** Takes effect at once. */
  configure(settings: SimulatorSettings): void;
  stats(): SimulatorStats;
}

export function startSimulator(options: SimulatorOptions): Simulator {
  return new LiveSimulator(options);
}

class LiveSimulator implements Simulator {
  readonly ended: Promise<void>;
  readonly #options: SimulatorOptions;
  readonly #streams: Streams;
  #curve: DayCurve;
  readonly #trade: Trade;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #refused: Partial<Record<RefusalReason, number>> = {};
  #rate: number;
  #paused: boolean;
  #stopped = false;
  /** Aborted to wake the loop. */
  #wake = new AbortController();
  /** The next customer, epoch ms; null when it has to be drawn from now on. */
  #next: number | null = null;
  /** What a request failed with. */
  #failure: unknown = null;
  #missedAtFailure = 0;
  #refreshAt = -Infinity;
  #placed = 0;
  #restocks = 0;
  #missed = 0;

  constructor(options: SimulatorOptions) {
    const { seed, catalogue, currency, ratePerSecond, handling } = options;
    this.#options = options;
    this.#streams = streamsOf(seed);
    this.#curve = this.#curveOf(options.flat === true);
    this.#rate = ratePerSecond;
    this.#paused = options.paused ?? false;
    const streams = this.#streams;
    this.#trade = new Trade({ seed, streams, catalogue, currency, source: 'live', ratePerSecond, handling });
    this.ended = this.#run();
    this.ended.catch(() => {});
  }

  configure({ ratePerSecond, handling, paused, flat }: SimulatorSettings): void {
    if (ratePerSecond !== undefined) {
      this.#rate = ratePerSecond;
      this.#trade.expect(ratePerSecond);
    }
    if (handling !== undefined) this.#trade.handling = handling;
    if (paused !== undefined) this.#paused = paused;
    if (flat !== undefined) this.#curve = this.#curveOf(flat ?? this.#options.flat === true);
    this.#next = null;
    this.#wake.abort();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake.abort();
    await this.ended.catch(() => {});
  }

  stats(): SimulatorStats {
    return {
      placed: this.#placed,
      restocks: this.#restocks,
      refused: { ...this.#refused },
      missed: this.#missed,
      inFlight: this.#inFlight.size,
      ratePerSecond: this.#rate,
      paused: this.#paused,
    };
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    try {
      while (!this.#stopped) {
        if (this.#failure !== null) await this.#recover();
        else if (this.#paused || this.#rate <= 0) await this.#waitUntil(Infinity);
        else if (clock.now() >= this.#refreshAt) await this.#attempt(() => this.#refresh());
        else await this.#serve();
      }
    } finally {
      await Promise.all(this.#inFlight);
    }
  }

  /** Waits for the next customers and sends their orders. */
  async #serve(): Promise<void> {
    const { clock } = this.#options;
    const started = clock.now();
    this.#next ??= this.#arrivalAfter(started);
    await this.#waitUntil(Math.max(this.#next, started + TICK_MS));
    if (this.#inFlight.size >= IN_FLIGHT_MAX) await Promise.race(this.#inFlight);
    if (this.#stopped || this.#paused || this.#failure !== null || this.#next === null) return;
    const now = clock.now();
    if (now < started) {
      // The clock was set back: the next customer and the next look are drawn anew, or they would be far away.
      this.#next = null;
      this.#refreshAt = -Infinity;
      return;
    }
    const batch = this.#collect(this.#next, now);
    if (batch.length > 0) this.#send(batch);
  }

  /** The deliveries and the orders of who came by `now`, of which no more than fit in one request. */
  #collect(first: number, now: number): Command[] {
    const batch: Command[] = [];
    for (const { productId, quantity } of this.#trade.deliveriesBy(now)) {
      batch.push({ type: 'ReceiveStock', source: 'live', productId, quantity, reason: 'restock' });
    }
    let next = first;
    if (next < now - PATIENCE_MS) {
      // The shop is too slow, or the machine slept. Nobody catches up on that.
      this.#countMissed(next, now - PATIENCE_MS);
      next = this.#arrivalAfter(now - PATIENCE_MS);
    }
    for (; next <= now && batch.length < BATCH_SIZE_MAX; next = this.#arrivalAfter(next)) {
      const order = this.#trade.order(now);
      if (order === null) this.#missed++;
      else batch.push(order);
    }
    this.#next = next;
    return batch;
  }

  #send(batch: Command[]): void {
    const request = this.#options.shop.submit(batch).then(
      (outcomes) => this.#count(batch, outcomes),
      (error: unknown) => {
        this.#fail(error);
        // An order may be in the log all the same; it is not sent again, as it has no key.
        for (const command of batch) if (command.type === 'PlaceOrder') this.#missed++;
      },
    );
    this.#inFlight.add(request);
    void request.finally(() => this.#inFlight.delete(request));
  }

  #count(batch: readonly Command[], outcomes: readonly Outcome[]): void {
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === 'refused') {
        this.#refused[outcome.reason] = (this.#refused[outcome.reason] ?? 0) + 1;
        if (outcome.reason === 'OTHER_CURRENCY') this.#fail(new ShopError('BAD_INPUT', outcome.message));
        this.#refreshAt = Math.min(this.#refreshAt, this.#options.clock.now() + REFRESH_SOLD_OUT_MS);
      } else if (batch[index]?.type === 'PlaceOrder') this.#placed++;
      else if (batch[index]?.type === 'ReceiveStock') this.#restocks++;
    }
  }

  /** Brings what is on sale up to date. Waits for the answers under way, as they change it. */
  async #refresh(): Promise<void> {
    const { shop, catalogue, clock } = this.#options;
    await Promise.all(this.#inFlight);
    if (this.#failure !== null) return;
    const onSale = new Map((await shop.catalogue()).map((entry) => [entry.productId, entry.available]));
    const opening: Command[] = [];
    for (const product of catalogue) {
      const { productId } = product;
      const available = onSale.get(productId);
      const { list, receive } = this.#trade.opening(product);
      if (available === undefined) opening.push(...(receive === null ? [list] : [list, receive]));
      this.#trade.stocked(productId, available ?? receive?.quantity ?? 0, clock.now());
    }
    if (opening.length > 0) this.#count(opening, await shop.submit(opening));
    this.#refreshAt = clock.now() + REFRESH_MS;
  }

  /** Waits with growing delays until the shop is there again, and says so once. */
  async #recover(): Promise<void> {
    const { clock, logger } = this.#options;
    const missedBefore = this.#missedAtFailure;
    if (!isPassing(this.#failure)) throw this.#failure;
    logger.warn(
      { cause: (this.#failure as Error).message },
      'The shop is out of reach; customers leave until it is back.',
    );
    await Promise.all(this.#inFlight);
    const lost = clock.now();
    for (let delay = RETRY_MS_MIN; !this.#stopped; delay = Math.min(delay * 2, RETRY_MS_MAX)) {
      await this.#waitUntil(clock.now() + delay);
      if (this.#stopped) return;
      this.#failure = null;
      await this.#attempt(() => this.#refresh());
      if (this.#failure === null) break;
      if (!isPassing(this.#failure)) throw this.#failure;
    }
    if (this.#next !== null && !this.#paused) this.#countMissed(Math.max(lost, this.#next), clock.now());
    this.#next = null;
    logger.info({ customers: this.#missed - missedBefore }, 'The shop is back; the simulator goes on.');
  }

  /** The customers who came while nobody answered: as many as usual come in that time. */
  #countMissed(from: number, to: number): void {
    this.#missed += Math.max(0, Math.round(((to - from) / 1_000) * this.#rate * this.#curve.factorAt(to)));
  }

  async #attempt(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#failure === null) this.#missedAtFailure = this.#missed;
    // What ends the simulator for good is not covered up by what passes.
    if (this.#failure === null || isPassing(this.#failure)) this.#failure = error;
    this.#wake.abort();
  }

  #curveOf(flat: boolean): DayCurve {
    return flat ? flatCurve : dayCurve(this.#options.timeZone);
  }

  #arrivalAfter(instant: number): number {
    return nextArrival(this.#streams.arrivals, this.#curve, this.#rate, instant);
  }

  /** Waits until the clock shows that instant, or something happens. */
  #waitUntil(instant: number): Promise<void> {
    this.#wake = new AbortController();
    return waitUntil(this.#options.clock, instant, this.#wake);
  }
}

/** Whether waiting may help. */
function isPassing(error: unknown): boolean {
  return isShopError(error, 'UNAVAILABLE') || isShopError(error, 'STORAGE') || isShopError(error, 'UNKNOWN_OUTCOME');
}
