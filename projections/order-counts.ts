/** How many orders: by second, in quarters. The assignment's first consumer. */
import type { FoldedProjection } from './projection.ts';
import { addAt, emptySums, quarterOf, type SecondSums } from './quarter.ts';

/** Key: a quarter. `total` and `seconds` count orders. */
export type OrderCounts = SecondSums;

export const orderCounts: FoldedProjection<OrderCounts> = {
  kind: 'folded',
  name: 'order-counts',
  version: 1,
  topics: ['orders'],
  keysOf: ({ event, at }) => (event.type === 'OrderPlaced' ? [quarterOf(at)] : []),
  initial: emptySums,
  evolve: (document, { at }) => addAt(document, at, 1),
};
