import { describe, expect, it } from 'vitest';
import { placed } from '../tests/events.ts';
import { foldAll } from '../tests/fold.ts';
import { productsSold } from './products-sold.ts';

describe('products sold', () => {
  it('adds units and amounts up by product and minute, each line at its own price', () => {
    const documents = foldAll(productsSold, [
      placed({ at: '2026-11-22T12:00:30.000Z', lines: [['P-1', 2, 100], ['P-1', 1, 90], ['P-2', 1, 5]] }), // prettier-ignore
      placed({ at: '2026-11-22T12:03:00.000Z', lines: [['P-1', 1, 100]] }),
    ]);
    expect(Object.fromEntries(documents)).toEqual({
      '2026-11-22T12:00Z': {
        products: {
          'P-1': { name: 'Product P-1', units: 4, amount: 390, minutes: { 0: [3, 290], 3: [1, 100] } },
          'P-2': { name: 'Product P-2', units: 1, amount: 5, minutes: { 0: [1, 5] } },
        },
      },
    });
  });

  it('takes product ids that a store or a language gives a meaning to', () => {
    const ids = ['gift.0001$80', '__proto__', '50%', '$set', 'constructor'];
    const documents = foldAll(productsSold, [placed({ lines: ids.map((id) => [id, 1, 1] as const) })]);
    const { products } = documents.get('2026-11-22T12:00Z') ?? { products: {} };
    expect(Object.keys(products)).toHaveLength(ids.length);
    expect(Object.keys(products).filter((field) => /[.$]|^_/.test(field))).toEqual([]);
    expect(Object.values(products).map(({ units }) => units)).toEqual([1, 1, 1, 1, 1]);
  });
});
