/**
 * What is pushed: the figures of now, the orders as they come, and how far the projections are. Each is worked
 * out once for all who follow it, at most 20 times a second and at least once a second while anybody does.
 */
import type { Announcements } from '../ports/announcements.ts';
import type { Clock } from '../ports/clock.ts';
import { isShopError } from '../ports/errors.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Logger } from '../ports/logger.ts';
import type { ReadModels } from '../ports/read-models.ts';
import type { Collections } from '../queries/collections.ts';
import { STATS_PROJECTIONS } from '../queries/stats.ts';
import { Latest } from './latest.ts';
import { LiveStatsSource, type LiveStats } from './live-stats.ts';
import { OrderFeed, type OrderFeedFrame } from './order-feed.ts';
import type { Progress, ProjectionProgress } from './progress.ts';
import { Pulse } from './pulse.ts';

export interface LiveFrame extends LiveStats {
  /** For how long the oldest event that is not in has been waiting; 0 when all are in. */
  readonly behindMs: number;
}

export interface LiveOptions {
  readonly log: EventLog;
  readonly models: ReadModels;
  readonly announcements: Announcements;
  readonly progress: Progress;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly collections: () => Promise<Collections>;
  readonly timeZone: string;
  readonly currency: string;
  /** A consumer group of this process alone. */
  readonly group: string;
}

export class Live {
  readonly stats: Latest<LiveFrame>;
  /** A frame comes only when the stock has changed. */
  readonly stock: Latest<LiveFrame>;
  readonly orders: Latest<OrderFeedFrame>;
  readonly projections: Latest<readonly ProjectionProgress[]>;
  readonly #options: LiveOptions;
  readonly #pulse: Pulse;
  readonly #figures: LiveStatsSource;
  readonly #feed: OrderFeed;
  #unfollow: () => Promise<void> = () => Promise.resolve();
  #figuresChanged = true;
  #stockSeen = '';
  #failing = false;
  #closed = false;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#figures = new LiveStatsSource(options);
    this.#feed = new OrderFeed({
      ...options,
      group: `${options.group}-orders`,
      onChange: () => this.#pulse.wake(),
      onFailure: (error) => this.#feedFailed(error),
    });
    this.#pulse = new Pulse({
      clock: options.clock,
      isWanted: () => !this.#closed && this.#followers() > 0,
      beat: (why) => this.#beat(why),
    });
    const follow = (): void => this.#followersChanged();
    this.stats = new Latest(follow);
    this.stock = new Latest(follow);
    this.orders = new Latest(follow);
    this.projections = new Latest(follow);
  }

  async start(): Promise<void> {
    this.#unfollow = await this.#options.announcements.follow((updates) => {
      // Both take it in: neither may be left out.
      const figures = this.#figures.note(updates);
      if (figures) this.#figuresChanged = true;
      if (figures || this.#feed.concerns(updates)) this.#pulse.wake();
    });
  }

  /** Ends what everybody follows. */
  async stop(): Promise<void> {
    this.#closed = true;
    for (const each of [this.stats, this.stock, this.orders, this.projections]) each.end();
    await this.#pulse.ended();
    await this.#feed.stop();
    await this.#unfollow();
  }

  #followers(): number {
    return this.stats.followers + this.stock.followers + this.orders.followers + this.projections.followers;
  }

  #followersChanged(): void {
    if (this.#closed) return;
    const { orders, projections } = this;
    if (this.stats.followers + this.stock.followers > 0) this.#figuresChanged = true;
    else this.#forgetFigures();
    if (orders.followers > 0) this.#feed.start();
    else {
      orders.clear();
      void this.#feed.stop();
    }
    if (projections.followers === 0) projections.clear();
    this.#pulse.wake();
  }

  #forgetFigures(): void {
    this.#figures.rest();
    this.stats.clear();
    this.stock.clear();
    this.#stockSeen = '';
  }

  async #beat({ second }: { readonly second: boolean }): Promise<void> {
    try {
      if (second) await this.#lookAtProgress();
      if (second || this.#figuresChanged) await this.#lookAtFigures();
      if (this.orders.followers > 0) {
        const frame = await this.#feed.look();
        if (frame !== null) this.orders.set(frame);
      }
      this.#failing = false;
    } catch (error) {
      if (this.#failing) return;
      this.#failing = true;
      const known = isShopError(error) ? { cause: error.message } : { error };
      this.#options.logger.warn(known, 'Live figures cannot be read at the moment; trying again every second.');
    }
  }

  async #lookAtProgress(): Promise<void> {
    if (this.projections.followers + this.stats.followers === 0) return;
    const progress = await this.#options.progress.look();
    if (this.projections.followers > 0) this.projections.set(progress);
  }

  async #lookAtFigures(): Promise<void> {
    if (this.stats.followers + this.stock.followers === 0) return;
    this.#figuresChanged = false;
    const { stats, isBehind } = await this.#figures.look(this.#options.clock.now());
    if (isBehind) this.#figuresChanged = true;
    const frame = { ...stats, behindMs: this.#options.progress.lagMsOf(STATS_PROJECTIONS) };
    if (this.stats.followers > 0) this.stats.set(frame);
    const stock = JSON.stringify(stats.stock);
    if (this.stock.followers > 0 && stock !== this.#stockSeen) {
      this.#stockSeen = stock;
      this.stock.set(frame);
    }
  }

  #feedFailed(error: unknown): void {
    this.#options.logger.error({ error }, 'The log can no longer be followed; live orders have ended.');
    this.orders.end(error);
  }
}
