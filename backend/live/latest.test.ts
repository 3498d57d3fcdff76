import { describe, expect, it } from 'vitest';
import { Latest } from './latest.ts';

describe('the latest value', () => {
  it('comes at once to whoever comes late, and newer ones after it', async () => {
    const latest = new Latest<number>();
    latest.set(1);
    const follower = latest.follow();
    expect(await follower.next()).toEqual({ done: false, value: 1 });
    const next = follower.next();
    latest.set(2);
    expect(await next).toEqual({ done: false, value: 2 });
  });

  it('is the only one that a slow follower gets', async () => {
    const latest = new Latest<number>();
    const follower = latest.follow();
    for (let n = 1; n <= 10_000; n++) latest.set(n);
    expect(await follower.next()).toEqual({ done: false, value: 10_000 });
  });

  it('ends for all, after the last value, and with what went wrong', async () => {
    const latest = new Latest<number>();
    const [one, two] = [latest.follow(), latest.follow()];
    latest.set(1);
    await two.next();
    const failing = two.next();
    latest.end(new Error('gone'));
    expect(await one.next()).toEqual({ done: false, value: 1 });
    await expect(one.next()).rejects.toThrow('gone');
    await expect(failing).rejects.toThrow('gone');
    expect(latest.followers).toBe(0);
  });

  it('lets who leaves go, even while it waits, and counts who is there', async () => {
    const counts: number[] = [];
    const latest = new Latest<number>((followers) => counts.push(followers));
    const follower = latest.follow();
    const waiting = follower.next();
    await follower.return?.();
    await follower.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await follower.next()).toEqual({ done: true, value: undefined });
    expect(counts).toEqual([1, 0]);
  });

  it('can be forgotten', async () => {
    const latest = new Latest<number>();
    latest.set(1);
    latest.clear();
    const next = latest.follow().next();
    latest.set(2);
    expect(await next).toEqual({ done: false, value: 2 });
  });
});
