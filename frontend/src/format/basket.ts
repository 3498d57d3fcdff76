/** What somebody is about to buy. */

export interface BasketLine {
  readonly productId: string;
  readonly quantity: number;
}

export type Basket = readonly BasketLine[];

export const QUANTITY_MAX = 99;

/** The basket with so many of a product; none takes it out. */
export function withQuantity(basket: Basket, productId: string, quantity: number): Basket {
  const bounded = Math.min(QUANTITY_MAX, Math.max(0, Math.floor(quantity)));
  const others = basket.filter((line) => line.productId !== productId);
  if (bounded === 0) return others;
  const line = { productId, quantity: bounded };
  return basket.length === others.length
    ? [...basket, line]
    : basket.map((each) => (each.productId === productId ? line : each));
}

export function quantityOf(basket: Basket, productId: string): number {
  return basket.find((line) => line.productId === productId)?.quantity ?? 0;
}

/** In minor units, by the prices given; a product without a price counts nothing. */
export function totalOf(basket: Basket, priceOf: (productId: string) => number | null): number {
  return basket.reduce((sum, { productId, quantity }) => sum + quantity * (priceOf(productId) ?? 0), 0);
}
