/** One order with its mail; looked at again until that is written, and where it is sent, until that is decided. */
import { graphql, type ResultOf, type VariablesOf } from '../graphql/graphql.ts';
import { Question } from './question.svelte.ts';

const OrderQuery = graphql(`
  query Order($id: ID!) {
    order(id: $id) {
      id
      status
      placedAt
      dueAt
      handledAt
      attempt
      source
      total
      customer {
        name
        email
        country
      }
      lines {
        productId
        name
        quantity
        unitPrice
        amount
      }
      email {
        subject
        to
        at
        file
        written
        text
        source
        deliveries {
          to
          state
          tries
          reason
          lastTriedAt
          nextTryAt
        }
      }
    }
  }
`);

export type OrderView = NonNullable<ResultOf<typeof OrderQuery>['order']>;

const LOOK_AGAIN_MS = 2_000;

export class FollowedOrder {
  readonly #question: Question<ResultOf<typeof OrderQuery>, VariablesOf<typeof OrderQuery>>;
  readonly current: OrderView | null = $derived.by(() => this.#question.current?.order ?? null);
  /** There was an answer, and it was that there is no such order. */
  readonly unknown = $derived.by(() => this.#question.current !== null && this.#question.current.order === null);
  readonly error = $derived.by(() => this.#question.error);
  readonly receivedAt = $derived.by(() => this.#question.receivedAt);
  readonly #isOpen = $derived.by(() => {
    const email = this.current?.email;
    if (!email?.written) return true;
    return email.deliveries.some(({ state }) => state === 'QUEUED' || state === 'WAITING');
  });

  /** `id`: null for none yet. */
  constructor(id: () => string | null) {
    this.#question = new Question(
      OrderQuery,
      () => {
        const asked = id();
        return asked === null ? null : { id: asked };
      },
      () => (id() !== null && this.#isOpen ? LOOK_AGAIN_MS : null),
    );
  }

  again(): void {
    this.#question.again();
  }
}
