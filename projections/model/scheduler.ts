/** Decides who goes next, by a seed: every await of the modelled world is a turn that it hands out. */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Clock } from '../../backend/ports/clock.ts';

export class Scheduler implements Clock {
  readonly #random;
  #waiting: { readonly owner: symbol; readonly resolve: () => void }[] = [];
  #now = 0;

  constructor(seed: number) {
    this.#random = xoroshiro128plus(seed);
  }

  /** An integer from `min` to `max`, both included. */
  integer(min: number, max: number): number {
    return uniformInt(this.#random, min, max);
  }

  chance(percent: number): boolean {
    return this.integer(1, 100) <= percent;
  }

  /** Waits for a turn. A turn of an owner that has died never comes. */
  turn(owner: symbol): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ owner, resolve }));
  }

  kill(owner: symbol): void {
    this.#waiting = this.#waiting.filter((each) => each.owner !== owner);
  }

  /** Gives one of those who wait their turn; false when nobody waits. */
  async step(): Promise<boolean> {
    // Whatever runs by itself runs until it waits for a turn.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#waiting.length === 0) return false;
    const [next] = this.#waiting.splice(this.integer(0, this.#waiting.length - 1), 1);
    this.#now += 1;
    next?.resolve();
    return true;
  }

  // A clock on which waiting is just another turn: any delay may be long or short.

  now(): number {
    return this.#now;
  }

  until(): Promise<void> {
    return this.turn(CLOCK);
  }

  /** The clock of one process: its timers die with it. */
  clockOf(owner: symbol): Clock {
    return { now: () => this.#now, until: () => this.turn(owner) };
  }
}

const CLOCK = Symbol('clock');
