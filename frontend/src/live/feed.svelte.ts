/** The newest orders, at a pace that can be read. */
import { graphql } from '../graphql/graphql.ts';
import { emptyFeed, moreOf, NEW_ROW_EVERY_MS, stepped, withFrame } from './feed-rows.ts';
import { OrderFields, type OrderRow } from './orders.ts';
import { Subscribed } from './subscription.svelte.ts';

const OrdersSubscription = graphql(
  `
    subscription Orders {
      orders {
        last
        changes {
          kind
          order {
            ...OrderFields
          }
        }
      }
    }
  `,
  [OrderFields],
);

export class LiveFeed {
  #feed = $state.raw(emptyFeed<OrderRow>());
  readonly #frames: Subscribed<unknown>;
  readonly rows = $derived(this.#feed.rows);
  readonly more = $derived(moreOf(this.#feed));
  /** Rows stay as they are while somebody reads them; orders go on being counted. */
  paused = $state(false);
  readonly connected = $derived.by(() => this.#frames.connected);
  readonly error = $derived.by(() => this.#frames.error);
  /** Null until the first frame came. */
  readonly current = $derived(this.#feed.last === null ? null : this.#feed);
  #waitsForPresent = false;

  constructor() {
    this.#frames = new Subscribed(OrdersSubscription, {
      onFrame: ({ orders }) => {
        // After a pause without a connection the server begins with the present again.
        if (this.#waitsForPresent) this.#feed = emptyFeed();
        this.#waitsForPresent = false;
        this.#feed = withFrame(this.#feed, orders, performance.now());
      },
    });
    $effect(() => {
      if (!this.#frames.connected) this.#waitsForPresent = true;
    });
    $effect(() => {
      if (this.paused) return;
      const timer = setInterval(() => (this.#feed = stepped(this.#feed, performance.now())), NEW_ROW_EVERY_MS);
      return () => clearInterval(timer);
    });
  }
}
