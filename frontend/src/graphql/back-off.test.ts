import { expect, it } from 'vitest';
import { backOffMs } from './back-off.ts';

it('waits longer after each failure, within bounds, and not all clients for the same time', () => {
  expect([0, 1, 2, 3].map((attempt) => backOffMs(attempt, 1))).toEqual([250, 500, 1_000, 2_000]);
  expect(backOffMs(0, 0)).toBe(125);
  expect(backOffMs(500, 1)).toBe(10_000);
});
