import { describe, expect, it } from 'vitest';
import { handled, listed, placed, received } from '../tests/events.ts';
import { foldAll } from '../tests/fold.ts';
import { stock } from './stock.ts';

describe('stock', () => {
  it('keeps what was received and sold, what a product is, and what moved in each minute', () => {
    const documents = foldAll(stock, [
      listed('P-1', 250),
      received('P-1', 10, 'initial', '2026-11-22T12:00:00.000Z'),
      received('P-1', 5, 'restock', '2026-11-22T12:02:00.000Z'),
      placed({ at: '2026-11-22T12:02:59.999Z', lines: [['P-1', 2, 250], ['P-1', 1, 200]] }), // prettier-ignore
    ]);
    expect(Object.fromEntries(documents)).toEqual({
      'product/P-1': {
        product: { name: 'Product P-1', category: 'Things', price: 250, currency: 'SEK' },
        opening: 10,
        received: 15,
        sold: 3,
        decidedOn: [-1, -1, -1, -1, -1, -1],
      },
      'receipt/P-1/received/2026-11-22T12:00:00.000Z/10': { quantity: 10 },
      'receipt/P-1/received/2026-11-22T12:02:00.000Z/5': { quantity: 5 },
      '2026-11-22T12:00Z': { products: { 'P-1': { units: 12, minutes: { 0: 10, 2: 2 } } } },
    });
  });

  it('keeps what the shop had seen of the stock when it decided on the last order', () => {
    const documents = foldAll(stock, [
      { ...placed({ orderId: 'o-1', lines: [['A', 1, 1]] }), stock: [3, -1] },
      { ...placed({ orderId: 'o-2', lines: [['A', 1, 1]] }), stock: [4, 0] },
      { ...placed({ orderId: 'o-3', lines: [['B', 1, 1]] }), stock: [5, 0] },
    ]); // prettier-ignore
    expect(documents.get('product/A')).toMatchObject({ decidedOn: [4, 0] });
    expect(documents.get('product/B')).toMatchObject({ decidedOn: [5, 0] });
  });

  it('counts each line of an order once, however often a product comes in it', () => {
    const documents = foldAll(stock, [placed({ lines: [['A', 1, 1], ['B', 2, 1], ['A', 3, 1]] })]); // prettier-ignore
    expect(documents.get('product/A')).toMatchObject({ sold: 4 });
    expect(documents.get('product/B')).toMatchObject({ sold: 2 });
  });

  it('is not moved by handling', () => {
    expect(foldAll(stock, [handled(placed(), '2026-11-22T13:00:00.000Z')]).size).toBe(0);
  });
});
