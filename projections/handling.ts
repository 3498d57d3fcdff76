/**
 * The handling monitor: how many orders were drawn to be handled (topic orders, by when they were placed)
 * and how many have been (topic handled-orders, by when they were handled), by second, in quarters; and the
 * totals of all time, whose difference is what is open.
 */
import { draw } from '../backend/domain/draw.ts';
import { plus } from '../backend/domain/exact.ts';
import type { FoldedProjection } from './projection.ts';
import { addAt, emptySums, quarterOf, type SecondSums } from './quarter.ts';

/** The key of the totals; quarters begin with a digit. */
export const ALL_TIME = 'all-time';

/** Key: a quarter, or `all-time` (then `seconds` stays empty). Counts of drawn or of handled orders, by topic. */
export type Handling = SecondSums;

export const handling: FoldedProjection<Handling> = {
  kind: 'folded',
  name: 'handling',
  version: 1,
  topics: ['orders', 'handled-orders'],
  keysOf: ({ event, at }) => {
    if (event.type === 'OrderHandled') return [quarterOf(at), ALL_TIME];
    if (event.type === 'OrderPlaced' && draw(event.orderId, event.handling) !== null) return [quarterOf(at), ALL_TIME];
    return [];
  },
  initial: emptySums,
  evolve: (document, { at }, key) => {
    if (key === ALL_TIME) document.total = plus(document.total, 1);
    else addAt(document, at, 1);
  },
};
