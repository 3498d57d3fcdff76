/** The whole stock, as it changes; at most once a second. */
import { graphql, type ResultOf } from '../graphql/graphql.ts';
import { EachSecond } from './each-second.svelte.ts';
import { Subscribed } from './subscription.svelte.ts';

export const StockFields = graphql(`
  fragment StockFields on Stock {
    at
    products {
      productId
      name
      category
      price
      balance
      opening
      soldToday
    }
  }
`);

const StockSubscription = graphql(
  `
    subscription Stock {
      stock {
        ...StockFields
      }
    }
  `,
  [StockFields],
);

export type StockView = ResultOf<typeof StockFields>;
export type Product = StockView['products'][number];

export class LiveStock {
  readonly #frames = new Subscribed(StockSubscription);
  readonly #eachSecond = new EachSecond(() => this.#frames.current?.stock ?? null);
  readonly current: StockView | null = $derived(this.#eachSecond.current);
  readonly error = $derived(this.#frames.error);
  readonly connected = $derived(this.#frames.connected);
}
