/** What is worth a look in the stock. */

export interface Stocked {
  readonly name: string;
  readonly balance: number;
  readonly opening: number;
}

export type Level = 'sold out' | 'low' | 'enough';

/** Below this share of what there was at the beginning, a product is low. */
const LOW_SHARE = 0.15;

export function levelOf({ balance, opening }: Stocked): Level {
  if (balance <= 0) return 'sold out';
  return balance < opening * LOW_SHARE ? 'low' : 'enough';
}

/** From 0 to 1: what is left of the opening stock; deliveries can make it more, which counts as all. */
export function shareLeft({ balance, opening }: Stocked): number {
  if (balance <= 0) return 0;
  return opening <= 0 ? 1 : Math.min(1, balance / opening);
}

/** The emptiest first; the same order for the same stock. */
export function emptiestFirst<P extends Stocked>(products: readonly P[]): P[] {
  return products.toSorted(
    (a, b) => shareLeft(a) - shareLeft(b) || a.balance - b.balance || a.name.localeCompare(b.name),
  );
}
