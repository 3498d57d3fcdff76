import { describe, expect, it } from 'vitest';
import { handled, listed, placed, received } from '../tests/events.ts';
import { foldAll } from '../tests/fold.ts';
import { orderCounts } from './order-counts.ts';

describe('order counts', () => {
  it('counts orders by the second of their own instant', () => {
    const documents = foldAll(orderCounts, [
      placed({ orderId: 'a', at: '2026-11-22T12:00:00.000Z' }),
      placed({ orderId: 'b', at: '2026-11-22T12:00:00.999Z' }),
      placed({ orderId: 'c', at: '2026-11-22T12:14:59.999Z' }),
      placed({ orderId: 'd', at: '2026-11-22T12:15:00.000Z' }),
    ]);
    expect(Object.fromEntries(documents)).toEqual({
      '2026-11-22T12:00Z': { total: 3, seconds: { 0: 2, 899: 1 } },
      '2026-11-22T12:15Z': { total: 1, seconds: { 0: 1 } },
    });
  });

  it('counts nothing else', () => {
    const other = [handled(placed(), '2026-11-22T12:05:00.000Z'), listed('P-1'), received('P-1', 5)];
    expect(foldAll(orderCounts, other).size).toBe(0);
  });
});
