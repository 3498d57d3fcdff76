import { describe, expect, it } from 'vitest';
import { draw } from '../backend/domain/draw.ts';
import { handled, listed, placed, recorded } from '../tests/events.ts';
import { orders } from './orders.ts';

describe('orders', () => {
  it('sets the part placed, with when the order is due', () => {
    const policy = { chance: 1, delayMs: 60_000, attempts: 1 };
    const order = placed({ orderId: 'o-7', handling: policy });
    const part = orders.partOf(recorded(order));
    const due = new Date(Date.parse(order.at) + (draw('o-7', policy)?.afterMs ?? 0)).toISOString();
    expect(part).toMatchObject({ id: 'o-7', part: 'placed', fields: { total: 100, dueAt: due, fingerprint: null } });
  });

  it('sets the part handled', () => {
    const part = orders.partOf(recorded(handled(placed({ orderId: 'o-7' }), '2026-11-22T12:20:00.000Z', 2)));
    expect(part).toEqual({ id: 'o-7', part: 'handled', fields: { at: '2026-11-22T12:20:00.000Z', attempt: 2 } });
  });

  it('leaves other events alone', () => {
    expect(orders.partOf(recorded(listed('P-1')))).toBeNull();
  });
});
