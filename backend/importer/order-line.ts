/** One row of the file as a line of an order, or the reason why it is none. */
import { parseInstant, parseLocal } from '../domain/calendar.ts';
import { HAPPENED_MAX, HAPPENED_MIN, ORDER_TOTAL_MAX, QUANTITY_MAX } from '../events/bounds.ts';
import { parseAmount } from '../domain/money.ts';
import { DATE_FORMATS, type Column, type FileFormat, type RejectReason } from './format.ts';

/** Room for the prefix of the order id within its 100 characters. */
const INVOICE_LENGTH_MAX = 90;
const STOCK_CODE_LENGTH_MAX = 100;
const CUSTOMER_LENGTH_MAX = 200;
/** Names and countries are for people only: longer ones are cut, and the line is imported. */
const TEXT_LENGTH_MAX = 500;
/** Different texts remembered for each kind of value; reading dates and amounts is slow, and they repeat. */
const REMEMBERED_MAX = 100_000;

export interface OrderLine {
  /** Line of the file. */
  readonly line: number;
  readonly invoice: string;
  readonly stockCode: string;
  /** Null when the row has none. */
  readonly description: string | null;
  readonly quantity: number;
  /** Minor units. */
  readonly unitPrice: number;
  /** Epoch ms. */
  readonly at: number;
  /** Null: a guest. */
  readonly customer: string | null;
  readonly country: string;
}

/** A value, or why there is none. */
type Read = number | RejectReason;

export type LineReader = (line: number, fields: readonly string[]) => OrderLine | RejectReason;

/**
 * Gives a reader for rows of that layout. What makes the whole row unusable is named before what is wrong
 * with one value: a cancellation is a cancellation, whatever its quantity.
 */
export function lineReader(width: number, places: Readonly<Record<Column, number>>, format: FileFormat): LineReader {
  const readQuantity = remembering(quantityOf);
  const readPrice = remembering((text) => priceOf(text, format.currency));
  const readDate = remembering((text) => dateOf(text, format));
  const same = interning();
  return (line, fields) => {
    if (fields.length !== width) return 'wrong number of columns';
    const text = (column: Column): string => (fields[places[column]] ?? '').trim();
    const invoice = text('InvoiceNo');
    if (invoice === '') return 'no invoice number';
    // Both cases: a cancellation that is taken for a sale is worse than an odd number that is not.
    if (/^c/i.test(invoice)) return 'cancellation';
    if (invoice.length > INVOICE_LENGTH_MAX) return 'invoice number too long';
    const stockCode = text('StockCode');
    if (stockCode === '') return 'no stock code';
    if (stockCode.length > STOCK_CODE_LENGTH_MAX) return 'stock code too long';
    const quantity = readQuantity(text('Quantity'));
    if (typeof quantity === 'string') return quantity;
    const unitPrice = readPrice(text('UnitPrice'));
    if (typeof unitPrice === 'string') return unitPrice;
    const at = readDate(text('InvoiceDate'));
    if (typeof at === 'string') return at;
    const customer = text('CustomerID');
    if (customer.length > CUSTOMER_LENGTH_MAX) return 'customer too long';
    const description = text('Description');
    return {
      line,
      invoice: same(invoice),
      stockCode: same(stockCode),
      description: description === '' ? null : same(cut(description)),
      quantity,
      unitPrice,
      at,
      customer: customer === '' ? null : same(customer),
      country: same(cut(text('Country'))),
    };
  };
}

function quantityOf(text: string): Read {
  const match = /^([+-]?)(\d+)(?:\.0*)?$/.exec(text);
  if (match === null) return 'unreadable quantity';
  const value = Number(`${match[1]}${match[2]}`);
  if (value <= 0) return 'quantity not above 0';
  return value > QUANTITY_MAX ? 'quantity too large' : value;
}

function priceOf(text: string, currency: string): Read {
  if (!/^[+-]?\d+(?:\.\d*)?$/.test(text)) return 'unreadable price';
  if (text.startsWith('-') || !/[1-9]/.test(text)) return 'price not above 0';
  const amount = parseAmount(text, currency);
  if (amount !== null) return amount > ORDER_TOTAL_MAX ? 'price too large' : amount;
  return Number(text) > 1e12 ? 'price too large' : 'price not in whole minor units';
}

function dateOf(text: string, { dateFormat, timeZone }: FileFormat): Read {
  const formats = dateFormat === undefined ? DATE_FORMATS : [dateFormat];
  let at: number | null = null;
  for (const format of formats) {
    at = parseLocal(text, format, timeZone);
    if (at !== null) break;
  }
  if (at === null && dateFormat === undefined) at = parseInstant(text, timeZone);
  return at === null || at < HAPPENED_MIN || at > HAPPENED_MAX ? 'unreadable date' : at;
}

function remembering(read: (text: string) => Read): (text: string) => Read {
  const known = new Map<string, Read>();
  return (text) => {
    let value = known.get(text);
    if (value === undefined) {
      if (known.size >= REMEMBERED_MAX) known.clear();
      value = read(text);
      known.set(text, value);
    }
    return value;
  };
}

/** Equal texts become the same one, so that half a million rows hold few. */
function interning(): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    const same = known.get(text);
    if (same !== undefined) return same;
    known.set(text, text);
    return text;
  };
}

/** Whole characters only: half of a surrogate pair is no text. */
function cut(text: string): string {
  if (text.length <= TEXT_LENGTH_MAX) return text;
  const end = /[\uD800-\uDBFF]/.test(text.charAt(TEXT_LENGTH_MAX - 1)) ? TEXT_LENGTH_MAX - 1 : TEXT_LENGTH_MAX;
  return text.slice(0, end);
}
