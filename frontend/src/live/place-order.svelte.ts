/** Buying something: the order that is sent, and what the shop says to it. */
import type { Basket } from '../format/basket.ts';
import { graphql, type ResultOf, type VariablesOf } from '../graphql/graphql.ts';
import { Command } from './command.svelte.ts';
import { newKey } from './key.ts';

const PlaceOrder = graphql(`
  mutation PlaceOrder($input: PlaceOrderInput!) {
    placeOrder(input: $input) {
      __typename
      ... on OrderAccepted {
        orderId
        at
      }
      ... on Refusal {
        reason
        message
        productId
      }
    }
  }
`);

export interface Buyer {
  readonly name: string;
  readonly email: string;
}

export interface RefusedOrder {
  readonly reason: string;
  readonly message: string;
  /** The product that it is about; null when it is about none. */
  readonly productId: string | null;
}

export class OrderPlacing {
  readonly #command = new Command<ResultOf<typeof PlaceOrder>, VariablesOf<typeof PlaceOrder>>(PlaceOrder);
  /** The order that was accepted last. */
  orderId = $state<string | null>(null);
  refusal = $state.raw<RefusedOrder | null>(null);
  readonly error = $derived(this.#command.error?.message ?? null);
  readonly running = $derived(this.#command.running);
  /** The same key until the shop has answered: sent twice, an order still is one. */
  #key = newKey();

  /** Whether it was accepted. */
  async place(buyer: Buyer, basket: Basket): Promise<boolean> {
    this.refusal = null;
    const result = await this.#command.run({
      input: {
        idempotencyKey: this.#key,
        customer: { ...buyer, country: '' },
        lines: basket.map((line) => ({ ...line })),
      },
    });
    if (result === null) return false;
    this.#key = newKey();
    if (result.placeOrder.__typename === 'Refusal') {
      const { reason, message, productId } = result.placeOrder;
      this.refusal = { reason, message, productId };
      return false;
    }
    this.orderId = result.placeOrder.orderId;
    return true;
  }
}
