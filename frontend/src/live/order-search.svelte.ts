/** Orders that were searched for, page by page. */
import { graphql, type ResultOf, type VariablesOf } from '../graphql/graphql.ts';
import { OrderFields } from './orders.ts';
import { Question } from './question.svelte.ts';

const OrdersQuery = graphql(
  `
    query Orders(
      $first: Int!
      $after: String
      $status: OrderStatus
      $customer: String
      $from: DateTimeISO
      $to: DateTimeISO
    ) {
      orders(first: $first, after: $after, status: $status, customer: $customer, from: $from, to: $to) {
        nodes {
          ...OrderFields
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  `,
  [OrderFields],
);

export interface OrderFilter {
  readonly status: 'PLACED' | 'HANDLED' | null;
  /** An e-mail address. */
  readonly customer: string | null;
  readonly from: number | null;
  readonly to: number | null;
}

const PAGE_ORDERS = 25;
const iso = (instant: number | null): string | null => (instant === null ? null : new Date(instant).toISOString());

export class OrderSearch {
  /** The cursors that lead to the page that is shown. */
  #cursors = $state.raw<readonly string[]>([]);
  readonly #question: Question<ResultOf<typeof OrdersQuery>, VariablesOf<typeof OrdersQuery>>;
  readonly current = $derived.by(() => this.#question.current?.orders ?? null);
  readonly error = $derived.by(() => this.#question.error);
  readonly receivedAt = $derived.by(() => this.#question.receivedAt);
  readonly page = $derived(this.#cursors.length + 1);
  readonly hasNext = $derived(this.current?.pageInfo.hasNextPage === true);

  constructor(filter: () => OrderFilter) {
    $effect(() => {
      // Another search begins at its first page.
      filter();
      this.#cursors = [];
    });
    this.#question = new Question(OrdersQuery, () => {
      const { status, customer, from, to } = filter();
      return {
        first: PAGE_ORDERS,
        after: this.#cursors.at(-1) ?? null,
        status,
        customer,
        from: iso(from),
        to: iso(to),
      };
    });
  }

  next(): void {
    const cursor = this.current?.pageInfo.endCursor;
    if (cursor !== null && cursor !== undefined) this.#cursors = [...this.#cursors, cursor];
  }

  previous(): void {
    this.#cursors = this.#cursors.slice(0, -1);
  }

  again(): void {
    this.#question.again();
  }
}
