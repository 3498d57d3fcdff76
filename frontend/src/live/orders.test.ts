import { describe, expect, it } from 'vitest';
import { asItStood, productsText, shortId, type OrderRow } from './orders.ts';

const order: OrderRow = {
  id: '9fb1fc19-f0b5-40de-af9c-de404c329126',
  status: 'HANDLED',
  placedAt: '2026-11-22T10:00:00.000Z',
  handledAt: '2026-11-22T10:02:00.000Z',
  total: 100,
  customer: { name: 'A', email: 'a@example.com' },
  lines: [
    { name: 'Desk lamp', quantity: 1 },
    { name: 'Blanket', quantity: 2 },
  ],
};

describe('an order in a list', () => {
  it('stands as it stood at the instant that is looked at', () => {
    const at = (text: string) => asItStood(order, Date.parse(text));
    expect(at('2026-11-22T10:01:59.999Z')).toMatchObject({ status: 'PLACED', handledAt: null });
    expect(at('2026-11-22T10:02:00.000Z')).toBe(order);
  });

  it('says its products, and the end of its id, where ids differ', () => {
    expect(productsText(order.lines)).toBe('Desk lamp, 2 × Blanket');
    expect(shortId(order.id)).toBe('…de404c329126');
    expect(shortId('A-536365')).toBe('A-536365');
    expect(shortId(' ')).toBe('" "');
    expect(shortId(`${'-'.repeat(9)}${'🍵'.repeat(12)}`)).toBe(`…${'🍵'.repeat(12)}`);
  });
});
