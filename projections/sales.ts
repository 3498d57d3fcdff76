/** What was sold for, in minor units: by second, in quarters. The assignment's second consumer. */
import type { FoldedProjection } from './projection.ts';
import { addAt, emptySums, quarterOf, type SecondSums } from './quarter.ts';

/** Key: a quarter. `total` and `seconds` are amounts in minor units. */
export type Sales = SecondSums;

export const sales: FoldedProjection<Sales> = {
  kind: 'folded',
  name: 'sales',
  version: 1,
  topics: ['orders'],
  keysOf: ({ event, at }) => (event.type === 'OrderPlaced' ? [quarterOf(at)] : []),
  initial: emptySums,
  evolve: (document, { event, at }) => {
    if (event.type === 'OrderPlaced') addAt(document, at, event.total);
  },
};
