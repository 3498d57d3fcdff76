import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../ports/clock.ts';
import { silentLogger } from '../ports/logger.ts';
import { COLLECTIONS, recordsOf, Shop, someEvents } from '../verify/verify-test-kit.ts';
import { verify } from '../verify/verify.ts';
import { Verified, type VerificationState } from './verified.ts';

const EVERY_MS = 60_000;
const START = Date.parse('2026-11-22T12:00:00Z');

class Watched {
  readonly shop = new Shop();
  readonly clock = new ManualClock(START);
  readonly verified = new Verified({
    models: this.shop.models,
    clock: this.clock,
    logger: silentLogger,
    collections: () => Promise.resolve(COLLECTIONS),
    everyMs: EVERY_MS,
  });
  #seed = 700;

  async more(): Promise<void> {
    await this.shop.append(recordsOf(someEvents(this.#seed++, 30)));
    await this.shop.fold();
  }

  async round(tookMs = 1_000): Promise<void> {
    const { log, models } = this.shop;
    const verification = await verify({ log, models, collections: COLLECTIONS });
    this.verified.note({ at: 0, tookMs, verification });
  }

  async state(): Promise<VerificationState> {
    return (await this.verified.look()).state;
  }
}

let watched: Watched;
afterEach(() => watched.verified.stop());

describe('how far the read models are verified', () => {
  it('is never, then verified as of the round, and how much came since', async () => {
    watched = new Watched();
    expect(await watched.verified.look()).toMatchObject({
      state: 'NEVER',
      at: null,
      everyMs: EVERY_MS,
      projections: [],
    });
    await watched.more();
    await watched.round();
    const first = await watched.verified.look();
    expect(first).toMatchObject({ state: 'VERIFIED', at: START, tookMs: 1_000, recordsBehind: 0 });
    expect(first.records).toBeGreaterThan(20);
    expect(first.positions['sales']?.orders).toHaveLength(6);

    await watched.more();
    const second = await watched.verified.look();
    expect(second).toMatchObject({ state: 'VERIFIED', at: START, records: first.records });
    await watched.round();
    const third = await watched.verified.look();
    expect(third.records).toBe(first.records + second.recordsBehind);
    expect(third.recordsBehind).toBe(0);
  });

  it('is behind when rounds stay away while something is folded, and only then', async () => {
    watched = new Watched();
    await watched.more();
    await watched.round();
    watched.clock.advance(24 * 3_600_000);
    expect(await watched.state()).toBe('VERIFIED');
    watched.verified.still();
    await watched.more();
    watched.clock.advance(2 * (EVERY_MS + 1_000) + 30_000);
    expect(await watched.state()).toBe('VERIFIED');
    watched.clock.advance(1);
    expect(await watched.state()).toBe('BEHIND');
    await watched.round();
    expect(await watched.state()).toBe('VERIFIED');
  });

  it('takes the pause of long rounds into account', async () => {
    watched = new Watched();
    await watched.more();
    await watched.round(100_000);
    await watched.more();
    watched.clock.advance(2 * 1_000_000 + 30_000);
    expect(await watched.state()).toBe('VERIFIED');
    watched.clock.advance(1);
    expect(await watched.state()).toBe('BEHIND');
  });

  it('is behind when very much has been folded since', async () => {
    watched = new Watched();
    await watched.more();
    await watched.round();
    const { checkpoints } = watched.shop.store;
    const [id, checkpoint] = [...checkpoints].find(([, { collection }]) => collection === COLLECTIONS['sales'])!;
    checkpoints.set(id, { ...checkpoint, position: checkpoint.position + 100_001 });
    expect(await watched.verified.look()).toMatchObject({ state: 'BEHIND', recordsBehind: 100_001 });
  });

  it('differs, until a round finds that it does not', async () => {
    watched = new Watched();
    await watched.more();
    const sales = watched.shop.store.folded.get(COLLECTIONS['sales'] ?? '');
    const [id, document] = [...(sales ?? [])][0]!;
    sales?.set(id, { ...document, body: {} });
    await watched.round();
    expect(await watched.state()).toBe('DIFFERS');
    sales?.set(id, document);
    await watched.round();
    expect(await watched.state()).toBe('VERIFIED');
  });
});

describe('who follows', () => {
  it('gets the present at once, each round, and what came since; the next one, too', async () => {
    watched = new Watched();
    await watched.more();
    const follower = watched.verified.follow();
    expect((await follower.next()).value).toMatchObject({ state: 'NEVER' });
    await watched.round();
    expect((await follower.next()).value).toMatchObject({ state: 'VERIFIED', recordsBehind: 0 });
    await watched.more();
    watched.clock.advance(5_000);
    const after = (await follower.next()).value as { recordsBehind: number };
    expect(after.recordsBehind).toBeGreaterThan(0);
    let told = false;
    const unchanged = follower.next().then(() => (told = true));
    watched.clock.advance(5_000);
    for (let turns = 0; turns < 100; turns++) await new Promise((resolve) => setImmediate(resolve));
    expect(told).toBe(false);
    await follower.return?.();
    await unchanged;
    const next = watched.verified.follow();
    expect((await next.next()).value).toEqual(after);
    const ended = next.next();
    await watched.verified.stop();
    expect(await ended).toMatchObject({ done: true });
  });
});
