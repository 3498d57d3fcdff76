/**
 * What is taken in at the most. Generous for people, and far below what a barcode in a column of amounts comes to.
 * The schemas of the events are wider: what an earlier version, or another program, has written stays readable. So
 * these do not keep every sum exact by themselves; docs/figures.md has the arithmetic, domain/exact.ts the rest.
 */

/** Of one order in minor units, and so of one unit, too: ten billion kronor, a trillion yen. */
export const ORDER_TOTAL_MAX = 1_000_000_000_000;

/** Units of one line, or of one delivery. */
export const QUANTITY_MAX = 1_000_000_000;

/** Lines of one order. */
export const LINES_MAX = 5_000;

/** Units of one product that are there to be sold. */
export const STOCK_MAX = 1_000_000_000_000;

/** The first and the last instant at which anything happens, epoch ms: the years 1970 to 2199. */
export const HAPPENED_MIN = 0;
export const HAPPENED_MAX = Date.UTC(2200, 0, 1) - 1;
