import { describe, expect, it } from 'vitest';
import { emptiestFirst, levelOf, shareLeft } from './stock-level.ts';

const product = (name: string, balance: number, opening: number) => ({ name, balance, opening });

describe('what is worth a look in the stock', () => {
  it('is what is sold out, then what is low', () => {
    expect(levelOf(product('a', 0, 100))).toBe('sold out');
    expect(levelOf(product('a', 14, 100))).toBe('low');
    expect(levelOf(product('a', 15, 100))).toBe('enough');
    expect(levelOf(product('a', 3, 0))).toBe('enough');
  });

  it('has a share that ends at none and at all', () => {
    expect([product('a', -2, 10), product('a', 5, 10), product('a', 30, 10)].map(shareLeft)).toEqual([0, 0.5, 1]);
  });

  it('is sorted the same way each time', () => {
    const products = [product('b', 0, 10), product('c', 9, 10), product('a', 0, 10), product('d', 10, 100)];
    expect(emptiestFirst(products).map(({ name }) => name)).toEqual(['a', 'b', 'd', 'c']);
  });
});
