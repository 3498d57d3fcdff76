/** What is worth a look in the stock. */
import type { Given } from './formats.ts';

export interface Stocked {
  readonly name: string;
  readonly balance: Given;
  readonly opening: Given;
}

export type Level = 'sold out' | 'low' | 'enough';

/** Below this share of what there was at the beginning, a product is low. */
const LOW_SHARE = 0.15;

export function levelOf({ balance, opening }: Stocked): Level {
  // What there is too much of to be counted is not short.
  if (balance === null || opening === null) return 'enough';
  if (balance <= 0) return 'sold out';
  return balance < opening * LOW_SHARE ? 'low' : 'enough';
}

/** From 0 to 1: what is left of the opening stock; deliveries can make it more, which counts as all. */
export function shareLeft({ balance, opening }: Stocked): number {
  if (balance === null || opening === null) return 1;
  if (balance <= 0) return 0;
  return opening <= 0 ? 1 : Math.min(1, balance / opening);
}

/** The emptiest first; the same order for the same stock. */
export function emptiestFirst<P extends Stocked>(products: readonly P[]): P[] {
  return products.toSorted(
    (a, b) => shareLeft(a) - shareLeft(b) || countOf(a.balance) - countOf(b.balance) || a.name.localeCompare(b.name),
  );
}

/** For sorting: what cannot be given is more than all that can. */
export function countOf(sum: Given): number {
  return sum ?? Number.MAX_VALUE;
}
