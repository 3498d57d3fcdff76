import { graphql, type ResultOf } from '../graphql/graphql.ts';

/** An order as lists show it. */
export const OrderFields = graphql(`
  fragment OrderFields on Order {
    id
    status
    placedAt
    handledAt
    total
    customer {
      name
      email
    }
    lines {
      name
      quantity
    }
  }
`);

export type OrderRow = ResultOf<typeof OrderFields>;

/** An order as it stood at an instant: what was handled later was still open then. */
export function asItStood(order: OrderRow, at: number): OrderRow {
  const handled = order.handledAt !== null && Date.parse(order.handledAt) <= at;
  return handled ? order : { ...order, status: 'PLACED', handledAt: null };
}

/** "2 × Wool Blanket, Desk Lamp" */
export function productsText(lines: readonly { readonly name: string; readonly quantity: number }[]): string {
  return lines.map(({ name, quantity }) => (quantity === 1 ? name : `${quantity} × ${name}`)).join(', ');
}

const SHORT_ID_LENGTH = 12;

/** The end of an id, where ids differ. */
export function shortId(id: string): string {
  // A link of nothing but a space could not be seen.
  if (id.trim() === '') return JSON.stringify(id);
  const letters = Array.from(id);
  return letters.length <= SHORT_ID_LENGTH + 2 ? id : `…${letters.slice(-SHORT_ID_LENGTH).join('')}`;
}
