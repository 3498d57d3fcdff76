import { describe, expect, it } from 'vitest';
import { quantityOf, QUANTITY_MAX, totalOf, withQuantity, type Basket } from './basket.ts';

const basket: Basket = [
  { productId: 'a', quantity: 2 },
  { productId: 'b', quantity: 1 },
];

describe('a basket', () => {
  it('keeps its order when a quantity changes, and takes out what has none', () => {
    expect(withQuantity(basket, 'a', 3)).toEqual([{ productId: 'a', quantity: 3 }, basket[1]]);
    expect(withQuantity(basket, 'c', 1).map(({ productId }) => productId)).toEqual(['a', 'b', 'c']);
    expect(withQuantity(basket, 'a', 0)).toEqual([basket[1]]);
    expect(withQuantity(basket, 'c', 0)).toEqual(basket);
  });

  it('has whole quantities within bounds', () => {
    expect(quantityOf(withQuantity(basket, 'a', 1e9), 'a')).toBe(QUANTITY_MAX);
    expect(quantityOf(withQuantity(basket, 'a', 1.9), 'a')).toBe(1);
    expect(quantityOf(withQuantity(basket, 'a', -1), 'a')).toBe(0);
  });

  it('adds up in minor units', () => {
    expect(totalOf(basket, (id) => (id === 'a' ? 1_999 : null))).toBe(3_998);
  });
});
