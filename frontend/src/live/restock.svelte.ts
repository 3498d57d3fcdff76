/** Goods that come in. */
import { graphql, type ResultOf, type VariablesOf } from '../graphql/graphql.ts';
import { Command } from './command.svelte.ts';
import { everywhere } from './context.ts';
import { newKey } from './key.ts';

const ReceiveStock = graphql(`
  mutation ReceiveStock($input: ReceiveStockInput!) {
    receiveStock(input: $input) {
      __typename
      ... on StockReceived {
        productId
        quantity
      }
      ... on Refusal {
        message
      }
    }
  }
`);

export class Restock {
  readonly #command: Command<ResultOf<typeof ReceiveStock>, VariablesOf<typeof ReceiveStock>>;
  #refused = $state<string | null>(null);
  /** What came in last, for people. */
  done = $state<string | null>(null);
  readonly error: string | null = $derived.by(() => this.#command.error?.message ?? this.#refused);

  constructor() {
    const { shop } = everywhere();
    this.#command = new Command(ReceiveStock, () => shop.info?.operatorTokenNeeded === true);
  }

  async receive(product: { readonly productId: string; readonly name: string }, quantity: number): Promise<void> {
    this.done = null;
    this.#refused = null;
    const result = await this.#command.run({
      input: { idempotencyKey: newKey(), productId: product.productId, quantity },
    });
    if (result === null) return;
    if (result.receiveStock.__typename === 'Refusal') this.#refused = result.receiveStock.message;
    else this.done = `Received ${result.receiveStock.quantity} × ${product.name}.`;
  }
}
