/** The handler under seeded faults, kills, and others of its kind: each drawn order is handled exactly once. */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { describe, it } from 'vitest';
import type { EventSource, HandlingPolicy } from '../events/events.ts';
import { ManualClock } from '../ports/clock.ts';
import type { EventLog } from '../ports/event-log.ts';
import { faultyLog, faultyModels, randomFaults, randomPauses } from '../ports/faulty-log.ts';
import { silentLogger } from '../ports/logger.ts';
import type { ReadModels } from '../ports/read-models.ts';
import { expectHandledOnce, place, WORLDS, type Placed, type World } from './handler-test-kit.ts';
import { startHandler, type Handler } from './handler.ts';

const SEEDS = 240;
const SEEDS_ON_DISK = 10;
const TEST_MAX_MS = 30_000;
const STEPS = 25;
const NOW = Date.parse('2026-11-22T14:05:00.000Z');
const DAY_MS = 86_400_000;
const IMMEDIATE = { logger: silentLogger, flushIntervalMs: 0, checkpointIntervalMs: 0, retryFirstMs: 0 };

interface Running {
  readonly handler: Handler;
  readonly kill: () => void;
}

class History {
  readonly orders: Placed[] = [];
  readonly log: EventLog;
  readonly models: ReadModels;
  readonly clock = new ManualClock(NOW);
  readonly #random: (max: number) => number;
  #running: Running[] = [];
  #started = 0;

  constructor({ log, models }: World, seed: number) {
    this.log = log;
    this.models = models;
    const random = xoroshiro128plus(seed);
    this.#random = (max) => uniformInt(random, 0, max - 1);
  }

  async step(): Promise<void> {
    switch (this.#random(6)) {
      case 0:
      case 1:
        await this.#place();
        break;
      case 2:
        this.clock.advance(this.#random(3_000));
        break;
      case 3:
        // Another one while the others live on, as after a session that ran out.
        if (this.#running.length < 3) await this.#start();
        break;
      case 4:
        await this.#kill();
        break;
      default:
        break;
    }
    for (let turn = this.#random(20); turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve));
  }

  async #place(): Promise<void> {
    const policies: (HandlingPolicy | null)[] = [
      null,
      { chance: 0.7, delayMs: 1_000, attempts: 2 },
      { chance: 1, delayMs: 0, attempts: 1 },
      { chance: 1, delayMs: 20_000, attempts: 1 },
    ];
    const sources: EventSource[] = ['live', 'live', 'history', 'import'];
    const placed = Array.from({ length: 1 + this.#random(6) }, (_, index): Placed => {
      const source = sources[this.#random(4)] ?? 'live';
      return {
        orderId: `O-${this.orders.length + index}`,
        at: this.clock.now() - this.#random(5_000) + (this.#random(8) === 0 ? 60_000 : 0),
        source,
        handling: policies[this.#random(4)] ?? null,
      };
    });
    this.orders.push(...placed);
    await place(this.log, placed);
  }

  async #start(): Promise<void> {
    const seed = this.#random(1_000_000);
    const log = faultyLog(this.log, randomFaults(seed, this.#started++ % 3 === 0 ? 0 : 0.2), randomPauses(seed, 6));
    const models = faultyModels(this.models, seed, 0.2);
    const handler = await startHandler({ log, models, clock: this.clock, ...IMMEDIATE });
    this.#running.push({
      handler,
      kill: () => {
        log.kill();
        models.kill();
      },
    });
  }

  async #kill(): Promise<void> {
    const [killed] = this.#running.splice(this.#random(Math.max(1, this.#running.length)), 1);
    killed?.kill();
    await killed?.handler.stop();
  }

  /** Everything dies; one that nothing happens to does the rest. */
  async end(): Promise<void> {
    while (this.#running.length > 0) await this.#kill();
    for (const advance of [0, DAY_MS]) {
      this.clock.advance(advance);
      const handler = await startHandler({ log: this.log, models: this.models, clock: this.clock, ...IMMEDIATE });
      await handler.caughtUp(await this.log.bounds('orders'));
      await handler.stop();
    }
  }
}

describe.each(WORLDS)('with failing appends and checkpoints, kills, and several at once, on $engine', (world) => {
  // The log in memory is for the many; the engine that people run is for a few.
  const seeds = Array.from({ length: world.engine === 'memory' ? SEEDS : SEEDS_ON_DISK }, (_, index) => index + 1);

  it.each(seeds)('handles each order once, seed %i', { timeout: TEST_MAX_MS }, async (seed) => {
    const history = new History(await world.openWorld(), seed);
    for (let step = 0; step < STEPS; step++) await history.step();
    await history.end();
    await expectHandledOnce(history.log, history.orders, Infinity);
  });
});
