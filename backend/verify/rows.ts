/**
 * What each event adds to each folded document, as plain rows: "add 3 to the field at this path of the
 * document with this key". Summing the rows up by document and path gives every folded read model. It shares
 * no code with the projections, and goes by the text of the instant where they calculate, so that a mistake
 * would have to be made twice. Only the draw is theirs, too: it is no calculation but the policy itself.
 */
import { draw } from '../domain/draw.ts';
import type { Recorded } from '../events/codec.ts';
import type { OrderPlaced, ShopEvent, StockReceived } from '../events/events.ts';

export interface Row {
  /** The key of the document. */
  readonly key: string;
  /** Field names from the outside in; a number is an index of an array. */
  readonly path: readonly (string | number)[];
  /** A number to be added, or a value that takes the place of the one before. */
  readonly value: { readonly add: number } | { readonly set: unknown };
}

export interface FoldedModel {
  readonly rowsOf: (recorded: Recorded) => Row[];
  /** A document before its first row. */
  readonly blank: (key: string) => object;
}

const add = (key: string, path: Row['path'], units: number): Row => ({ key, path, value: { add: units } });
const set = (key: string, path: Row['path'], value: unknown): Row => ({ key, path, value: { set: value } });

/** Read off the text: "2026-11-22T14:22:07.123Z" is in the quarter 2026-11-22T14:15Z, minute 7, second 427. */
function slotOf(at: string): { quarter: string; minute: number; second: number } {
  const minuteOfHour = Number(at.slice(14, 16));
  const minute = minuteOfHour % 15;
  const quarter = `${at.slice(0, 14)}${String(minuteOfHour - minute).padStart(2, '0')}Z`;
  return { quarter, minute, second: minute * 60 + Number(at.slice(17, 19)) };
}

/** Names that every JavaScript object bears, whatever is stored in it. */
const INHERITED = new Set(Object.getOwnPropertyNames(Object.prototype));

/** A text as a field name: without '.', '$', '%', NUL, a leading '_' or the name of a method; and never empty. */
function fieldNameOf(text: string): string {
  if (text === '') return '%';
  const escaped = Array.from(text, (char, index) => {
    const special = char === '.' || char === '$' || char === '%' || char === '\0' || (char === '_' && index === 0);
    const inherited = index === 0 && INHERITED.has(text);
    return special || inherited ? `%${char.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}` : char;
  });
  return escaped.join('');
}

function countBySecond(event: ShopEvent, units: number): Row[] {
  const { quarter, second } = slotOf(event.at);
  return [add(quarter, ['total'], units), add(quarter, ['seconds', String(second)], units)];
}

function soldRows(event: OrderPlaced): Row[] {
  const { quarter, minute } = slotOf(event.at);
  return event.lines.flatMap(({ productId, name, quantity, unitPrice }) => {
    const product = ['products', fieldNameOf(productId)];
    const slot = [...product, 'minutes', String(minute)];
    return [
      set(quarter, [...product, 'name'], name),
      add(quarter, [...product, 'units'], quantity),
      add(quarter, [...product, 'amount'], quantity * unitPrice),
      add(quarter, [...slot, 0], quantity),
      add(quarter, [...slot, 1], quantity * unitPrice),
    ];
  });
}

function countryRows(event: OrderPlaced): Row[] {
  const { quarter, minute } = slotOf(event.at);
  const country = ['countries', fieldNameOf(event.customer.country)];
  const slot = [...country, 'minutes', String(minute)];
  return [
    add(quarter, [...country, 'orders'], 1),
    add(quarter, [...country, 'sales'], event.total),
    add(quarter, [...slot, 0], 1),
    add(quarter, [...slot, 1], event.total),
  ];
}

function movementRows(event: OrderPlaced | StockReceived, productId: string, units: number): Row[] {
  const { quarter, minute } = slotOf(event.at);
  const product = ['products', fieldNameOf(productId)];
  return [add(quarter, [...product, 'units'], units), add(quarter, [...product, 'minutes', String(minute)], units)];
}

function stockRows(event: ShopEvent): Row[] {
  if (event.type === 'OrderPlaced') {
    return event.lines.flatMap(({ productId, quantity }) => [
      add(`product/${productId}`, ['sold'], quantity),
      set(`product/${productId}`, ['decidedOn'], event.stock),
      ...movementRows(event, productId, -quantity),
    ]);
  }
  if (event.type === 'StockReceived') {
    const { productId, quantity, reason, id } = event;
    return [
      add(`product/${productId}`, ['received'], quantity),
      add(`product/${productId}`, ['opening'], reason === 'initial' ? quantity : 0),
      set(`receipt/${id}`, ['quantity'], quantity),
      ...movementRows(event, productId, quantity),
    ];
  }
  if (event.type === 'ProductListed') {
    const { productId, name, category, price, currency } = event;
    return [set(`product/${productId}`, ['product'], { name, category, price, currency })];
  }
  return [];
}

function handlingRows(event: ShopEvent): Row[] {
  const counts =
    event.type === 'OrderHandled' || (event.type === 'OrderPlaced' && draw(event.orderId, event.handling) !== null);
  return counts ? [add('all-time', ['total'], 1), ...countBySecond(event, 1)] : [];
}

const blankSums = (): object => ({ total: 0, seconds: {} });

/** The folded read models by projection name. */
export const FOLDED_MODELS: Readonly<Record<string, FoldedModel>> = {
  'order-counts': {
    rowsOf: ({ event }) => (event.type === 'OrderPlaced' ? countBySecond(event, 1) : []),
    blank: blankSums,
  },
  sales: {
    rowsOf: ({ event }) => (event.type === 'OrderPlaced' ? countBySecond(event, event.total) : []),
    blank: blankSums,
  },
  'products-sold': {
    rowsOf: ({ event }) => (event.type === 'OrderPlaced' ? soldRows(event) : []),
    blank: () => ({ products: {} }),
  },
  stock: {
    rowsOf: ({ event }) => stockRows(event),
    blank: (key) => {
      if (key.startsWith('product/')) return { product: null, opening: 0, received: 0, sold: 0, decidedOn: [] };
      return key.startsWith('receipt/') ? {} : { products: {} };
    },
  },
  handling: { rowsOf: ({ event }) => handlingRows(event), blank: blankSums },
  'country-sales': {
    rowsOf: ({ event }) => (event.type === 'OrderPlaced' ? countryRows(event) : []),
    blank: () => ({ countries: {} }),
  },
};
