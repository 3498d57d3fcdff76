/** Units and amounts of each product sold: by minute, in quarters. What the daily report is made of. */
import { plus, type Sum } from '../backend/domain/exact.ts';
import { fieldOf } from './field-name.ts';
import type { FoldedProjection } from './projection.ts';
import { minuteOf, quarterOf } from './quarter.ts';

export interface ProductSold {
  /** The name on the latest line, by offset. */
  name: string;
  units: Sum;
  /** In minor units. */
  amount: Sum;
  /** Minute within the quarter (0 to 14) to [units, amount]. */
  minutes: Record<string, [units: Sum, amount: Sum]>;
}

/** Key: a quarter. */
export interface ProductsSold {
  /** By product id as a field name (field-name.ts). */
  products: Record<string, ProductSold>;
}

export const productsSold: FoldedProjection<ProductsSold> = {
  kind: 'folded',
  name: 'products-sold',
  version: 1,
  topics: ['orders'],
  keysOf: ({ event, at }) => (event.type === 'OrderPlaced' ? [quarterOf(at)] : []),
  initial: () => ({ products: {} }),
  evolve: (document, { event, at }) => {
    if (event.type !== 'OrderPlaced') return;
    const minute = minuteOf(at);
    for (const line of event.lines) {
      const amount = line.quantity * line.unitPrice;
      const field = fieldOf(line.productId);
      const product = (document.products[field] ??= { name: line.name, units: 0, amount: 0, minutes: {} });
      product.name = line.name;
      product.units = plus(product.units, line.quantity);
      product.amount = plus(product.amount, amount);
      const slot = (product.minutes[minute] ??= [0, 0]);
      slot[0] = plus(slot[0], line.quantity);
      slot[1] = plus(slot[1], amount);
    }
  },
};
