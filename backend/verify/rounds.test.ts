import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../ports/clock.ts';
import { ShopError } from '../ports/errors.ts';
import { keepVerifying, recordsIn, verifyLive, type Round, type RoundsOptions } from './rounds.ts';
import { COLLECTIONS, foldAll, recordsOf, Shop, someEvents } from './verify-test-kit.ts';
import { PROJECTIONS } from '../../projections/index.ts';

const PAUSE_MS = 10_000;

/** Rounds over a shop, by a clock that stands still but while a round is told to take its time. */
class Rounds {
  readonly clock = new ManualClock('2026-11-22T12:00:00Z');
  readonly rounds: Round[] = [];
  readonly stills: number[] = [];
  readonly troubles: Error[] = [];
  readonly #stop = new AbortController();
  #waiting: (() => void)[] = [];
  readonly ended: Promise<void>;

  constructor(shop: Shop, more: Partial<RoundsOptions> = {}) {
    const told =
      <T>(list: T[]) =>
      (value: T): void => {
        list.push(value);
        for (const wake of this.#waiting.splice(0)) wake();
      };
    this.ended = keepVerifying({
      log: shop.log,
      models: shop.models,
      clock: this.clock,
      collections: () => Promise.resolve(COLLECTIONS),
      pauseMs: PAUSE_MS,
      signal: this.#stop.signal,
      onRound: told(this.rounds),
      onStill: told(this.stills),
      onTrouble: told(this.troubles),
      ...more,
    });
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    // It is in its pause then.
    await new Promise((resolve) => setImmediate(resolve));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.ended;
  }
}

async function foldedShop(): Promise<Shop> {
  const shop = new Shop();
  await shop.append(recordsOf(someEvents(600, 60)));
  await shop.fold();
  return shop;
}

let running: Rounds | undefined;
afterEach(() => running?.stop());

describe('round after round', () => {
  it('verifies when something has moved, and only then', async () => {
    const shop = await foldedShop();
    const all = (running = new Rounds(shop));
    await all.until(() => all.rounds.length === 1);
    expect(all.rounds[0]).toMatchObject({ at: all.clock.now(), tookMs: 0, verification: { ok: true } });

    all.clock.advance(PAUSE_MS);
    await all.until(() => all.stills.length === 1);
    expect(all.stills).toEqual([all.clock.now()]);
    await shop.append(recordsOf(someEvents(601, 20)));
    await shop.fold();
    all.clock.advance(PAUSE_MS);
    await all.until(() => all.rounds.length === 2);
    const [first, second] = all.rounds.map(({ verification }) => recordsIn(verification));
    expect(second).toBeGreaterThan(first ?? 0);
  });

  it('verifies when something else has become live', async () => {
    const shop = await foldedShop();
    const rebuilt = Object.fromEntries(PROJECTIONS.map(({ name }) => [name, `${name}-g2`]));
    await foldAll(shop.log, shop.models, PROJECTIONS, rebuilt);
    let live = COLLECTIONS;
    const all = (running = new Rounds(shop, { collections: () => Promise.resolve(live) }));
    await all.until(() => all.rounds.length === 1);
    live = rebuilt;
    all.clock.advance(PAUSE_MS);
    await all.until(() => all.rounds.length === 2);
    expect(all.rounds[1]?.verification).toEqual(all.rounds[0]?.verification);
  });

  it('pauses nine times as long as a round took', async () => {
    const shop = await foldedShop();
    const clock = new ManualClock('2026-11-22T12:00:00Z');
    let first = true;
    const onProgress = (): void => {
      if (first) clock.advance(5_000);
      first = false;
    };
    const all = (running = new Rounds(shop, { clock, onProgress }));
    await all.until(() => all.rounds.length === 1);
    expect(all.rounds[0]?.tookMs).toBe(5_000);
    clock.advance(44_999);
    // Looking takes some turns of the event loop.
    for (let turns = 0; turns < 100; turns++) await new Promise((resolve) => setImmediate(resolve));
    expect(all.stills).toEqual([]);
    clock.advance(1);
    await all.until(() => all.stills.length === 1);
  });

  it('goes on after an engine that did not answer, and ends with what nobody can mend', async () => {
    const shop = await foldedShop();
    let error: Error | null = new ShopError('UNAVAILABLE', 'the read models do not answer');
    const collections = () => (error === null ? Promise.resolve(COLLECTIONS) : Promise.reject(error));
    const all = (running = new Rounds(shop, { collections }));
    await all.until(() => all.troubles.length === 1);
    error = null;
    all.clock.advance(PAUSE_MS);
    await all.until(() => all.rounds.length === 1);
    error = new ShopError('LOG_MISMATCH', 'another log');
    all.clock.advance(PAUSE_MS);
    await expect(all.ended).rejects.toThrow('another log');
    running = undefined;
  });

  it('stops in the middle of a round', async () => {
    const shop = await foldedShop();
    const stop = new AbortController();
    running = undefined;
    const all = new Rounds(shop, { signal: stop.signal, onProgress: () => stop.abort() });
    await all.ended;
    expect(all.rounds).toEqual([]);
  });
});

it('what is dropped while it is verified is no difference', async () => {
  const shop = await foldedShop();
  const rebuilt = Object.fromEntries(PROJECTIONS.map(({ name }) => [name, `${name}-g2`]));
  await foldAll(shop.log, shop.models, PROJECTIONS, rebuilt);
  let asked = 0;
  const collections = async () => {
    asked += 1;
    if (asked === 1) for (const name of Object.values(COLLECTIONS)) shop.store.folded.delete(name);
    return Promise.resolve(asked === 1 ? COLLECTIONS : rebuilt);
  };
  expect((await verifyLive({ log: shop.log, models: shop.models, collections })).ok).toBe(true);
  expect(asked).toBe(3);
});
