import { describe, expect, it } from 'vitest';
import { draw } from './draw.ts';

const ORDERS = 20_000;
const ids = Array.from({ length: ORDERS }, (_, index) => `order-${index}`);

describe('the draw', () => {
  it('is the same for the same order and policy', () => {
    const policy = { chance: 0.5, delayMs: 60_000, attempts: 3 };
    for (const id of ids.slice(0, 100)) expect(draw(id, policy)).toEqual(draw(id, policy));
  });

  it.each([0.05, 0.5, 0.8])('handles the share %d of the orders', (chance) => {
    const drawn = ids.filter((id) => draw(id, { chance, delayMs: 1_000, attempts: 1 }) !== null);
    // Five standard deviations of a binomial: a fair draw fails this once in two million runs, and the ids are fixed.
    const spread = 5 * Math.sqrt((chance * (1 - chance)) / ORDERS);
    expect(Math.abs(drawn.length / ORDERS - chance)).toBeLessThan(spread);
  });

  it('spreads the delay over half to one and a half times the mean', () => {
    const delays = ids.map((id) => draw(id, { chance: 1, delayMs: 1_000, attempts: 1 })?.afterMs ?? -1);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(500);
    expect(Math.max(...delays)).toBeLessThanOrEqual(1_500);
    const mean = delays.reduce((sum, each) => sum + each, 0) / ORDERS;
    expect(Math.abs(mean - 1_000)).toBeLessThan(15);
  });

  it('tries again as often as the policy says', () => {
    const policy = { chance: 0.5, delayMs: 1_000, attempts: 4 };
    const attempts = ids.map((id) => draw(id, policy)?.attempt ?? 0);
    expect(Math.max(...attempts)).toBe(4);
    const missed = attempts.filter((attempt) => attempt === 0).length / ORDERS;
    expect(Math.abs(missed - 0.5 ** 4)).toBeLessThan(0.01);
  });

  it('handles all at chance 1, none at 0 or without a policy', () => {
    for (const id of ids.slice(0, 200)) {
      expect(draw(id, { chance: 1, delayMs: 0, attempts: 1 })).not.toBeNull();
      expect(draw(id, { chance: 0, delayMs: 0, attempts: 9 })).toBeNull();
      expect(draw(id, null)).toBeNull();
    }
  });
});
