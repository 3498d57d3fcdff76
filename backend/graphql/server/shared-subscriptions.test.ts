import type { ExecutionResult } from 'graphql';
import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../ports/logger.ts';
import { Ticker } from './api-test-kit.ts';
import { errorFormatter } from './errors.ts';
import { SharedSubscriptions, type Follower, type Frame, type SharedSubscription } from './shared-subscriptions.ts';

class Watcher implements Follower {
  readonly seen: unknown[] = [];
  readonly frames: Frame[] = [];
  ended = 0;

  show(frame: Frame): void {
    this.frames.push(frame);
    const { data, errors } = JSON.parse(frame.payload.toString()) as { data?: unknown; errors?: { message: string }[] };
    this.seen.push(errors?.[0]?.message ?? data);
  }

  end(): void {
    this.ended += 1;
  }
}

const hub = (executionsMax = 10): SharedSubscriptions =>
  new SharedSubscriptions({ format: errorFormatter(silentLogger), executionsMax });

type Data = Record<string, unknown>;

async function* results(values: AsyncIterable<Data>): AsyncGenerator<ExecutionResult> {
  for await (const data of values) yield { data };
}

/** Follows a ticker, whose iterations are left in order. */
function of(ticker: Ticker<Data>, key = 'k', firstFrame: 'newest' | 'own' = 'newest'): SharedSubscription {
  return {
    key,
    firstFrame,
    start: () => {
      const values = ticker.follow();
      const iterator: AsyncIterableIterator<ExecutionResult> = {
        [Symbol.asyncIterator]: () => iterator,
        next: async () => {
          const { done, value } = await values.next();
          return done === true ? { done, value: undefined } : { done: false, value: { data: value } };
        },
        return: async () => {
          await values.return?.();
          return { done: true, value: undefined };
        },
      };
      return Promise.resolve(iterator);
    },
  };
}

describe('shared subscriptions', () => {
  it('are one for all who ask the same, and end with the last of them', async () => {
    const shared = hub();
    const ticker = new Ticker<Data>({ n: 0 });
    const watchers = Array.from({ length: 100 }, () => new Watcher());
    const leaves = watchers.map((watcher) => shared.follow(of(ticker), watcher));
    await expect.poll(() => watchers.every(({ seen }) => seen.length === 1)).toBe(true);
    ticker.set({ n: 1 });
    await expect.poll(() => watchers.every(({ seen }) => seen.length === 2)).toBe(true);
    expect(watchers.map(({ seen }) => seen)).toEqual(watchers.map(() => [{ n: 0 }, { n: 1 }]));
    // Not only as many iterations as one, but one frame, whose bytes are made once.
    expect(ticker.begun).toBe(1);
    expect(new Set(watchers.map(({ frames }) => frames[1]!.payload)).size).toBe(1);
    for (const leave of leaves.slice(1)) leave();
    expect([shared.executions, ticker.open]).toEqual([1, 1]);
    leaves[0]!();
    await expect.poll(() => ticker.open).toBe(0);
    expect(shared.executions).toBe(0);
    const again = new Watcher();
    shared.follow(of(ticker), again);
    await expect.poll(() => again.seen).toEqual([{ n: 1 }]);
    expect(ticker.begun).toBe(2);
  });

  it('give the newest to who comes later, at once', async () => {
    const shared = hub();
    const ticker = new Ticker<Data>({ n: 7 });
    const first = new Watcher();
    shared.follow(of(ticker), first);
    await expect.poll(() => first.seen).toEqual([{ n: 7 }]);
    const late = new Watcher();
    shared.follow(of(ticker), late);
    expect(late.seen).toEqual([{ n: 7 }]);
    expect(ticker.begun).toBe(1);
  });

  it('give who comes later a first result of their own where frames are changes', async () => {
    const shared = hub();
    const ticker = new Ticker<Data>({ n: 1 });
    const first = new Watcher();
    shared.follow(of(ticker, 'k', 'own'), first);
    await expect.poll(() => first.seen).toEqual([{ n: 1 }]);
    let go = (): void => {};
    const own = new Ticker<Data>({ all: 'of it' });
    const waiting = new Promise<void>((resolve) => (go = resolve));
    const late = new Watcher();
    const start = (): ReturnType<SharedSubscription['start']> => waiting.then(() => of(own).start());
    shared.follow({ key: 'k', firstFrame: 'own', start }, late);
    for (const n of [2, 3]) {
      ticker.set({ n });
      await expect.poll(() => first.seen.at(-1)).toEqual({ n });
    }
    expect(late.seen).toEqual([]);
    go();
    await expect.poll(() => late.seen).toEqual([{ all: 'of it' }, { n: 3 }]);
    ticker.set({ n: 4 });
    await expect.poll(() => late.seen.at(-1)).toEqual({ n: 4 });
    expect([ticker.begun, own.begun, own.open]).toEqual([1, 1, 0]);
  });

  it('keep apart what has another key, up to a bound', async () => {
    const shared = hub(2);
    const ticker = new Ticker<Data>({ n: 0 });
    const watchers = ['a', 'b', 'c'].map((key) => {
      const watcher = new Watcher();
      shared.follow(of(ticker, key), watcher);
      return watcher;
    });
    await expect.poll(() => watchers[1]!.seen).toEqual([{ n: 0 }]);
    expect(ticker.begun).toBe(2);
    expect(watchers[2]!.seen).toEqual([expect.stringContaining('more than 2 different subscriptions')]);
    expect(watchers[2]!.ended).toBe(1);
  });

  it('say to all when the source fails or ends, and start anew for who comes then', async () => {
    const shared = hub();
    async function* failing(): AsyncGenerator<Data> {
      yield { n: 0 };
      await Promise.resolve();
      throw new Error('secret');
    }
    const watcher = new Watcher();
    const start = (): ReturnType<SharedSubscription['start']> => Promise.resolve(results(failing()));
    shared.follow({ key: 'k', firstFrame: 'newest', start }, watcher);
    await expect.poll(() => watcher.ended).toBe(1);
    expect(watcher.seen).toEqual([{ n: 0 }, expect.stringContaining('something went wrong')]);
    const ticker = new Ticker<Data>({ n: 1 });
    const next = new Watcher();
    shared.follow(of(ticker), next);
    await expect.poll(() => next.seen).toEqual([{ n: 1 }]);
    ticker.end();
    await expect.poll(() => next.ended).toBe(1);
    expect(shared.executions).toBe(0);
  });
});
