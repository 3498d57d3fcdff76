/** The shop's figures, as they change. */
import { graphql, type ResultOf } from '../graphql/graphql.ts';
import { EachSecond } from './each-second.svelte.ts';
import { Subscribed } from './subscription.svelte.ts';

export const StatsFields = graphql(`
  fragment StatsFields on Stats {
    at
    ordersToday
    salesToday
    salesLastHour
    handledToday
    handledLast5m
    handledLast30m
    handledLast1h
    handledLast2h
    handledPer5mAverage
    handledPer5m
    openOrders
    behindMs
    yesterday {
      ordersToday
      salesToday
      salesLastHour
      handledToday
    }
    latestMinutes {
      from
      orders
      sales
      handled
    }
  }
`);

const StatsSubscription = graphql(
  `
    subscription Stats {
      stats {
        ...StatsFields
      }
    }
  `,
  [StatsFields],
);

export type StatsView = ResultOf<typeof StatsFields>;

export class LiveStats {
  readonly #frames = new Subscribed(StatsSubscription, { everySecond: true });
  readonly current: StatsView | null = $derived(this.#frames.current?.stats ?? null);
  readonly #eachSecond = new EachSecond(() => this.current);
  /** The same, at most once a second. */
  readonly slow: StatsView | null = $derived(this.#eachSecond.current);
  readonly error = $derived(this.#frames.error);
  readonly connected = $derived(this.#frames.connected);
}
