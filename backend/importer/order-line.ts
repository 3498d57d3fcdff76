/** One row of the file as a line of an order, or the reason why it is none. */
import { HAPPENED_MAX, HAPPENED_MIN, ORDER_TOTAL_MAX, QUANTITY_MAX } from '../events/bounds.ts';
import { parseAmount } from '../domain/money.ts';
import { COLUMNS, type Column, type FileFormat, type LeftOutReason, type UnreadableReason } from './format.ts';
import type { Reading } from './reading.ts';

/** Room for the prefix of the order id within its 100 characters. */
const INVOICE_LENGTH_MAX = 90;
const STOCK_CODE_LENGTH_MAX = 100;
const CUSTOMER_LENGTH_MAX = 200;
/** Names and countries are for people only: longer ones are cut, and the line is imported. */
const TEXT_LENGTH_MAX = 500;
/** Different texts remembered for each kind of value; reading dates and amounts is slow, and they repeat. */
const REMEMBERED_MAX = 100_000;
/** What pandas, SQL and spreadsheets write for nothing. Not "NA", which is Namibia. */
const NOTHING = /^(?:nan|null|none|#n\/a|<na>)$/i;

/** What a row says in the columns that an order is made of, as it stands. */
export interface RawLine {
  /** Line of the file. */
  readonly line: number;
  /** In the order of COLUMNS, trimmed; a cell that says that it has no value is empty. */
  readonly cells: readonly string[];
  /** False for a row with another number of cells than the header: then only its first columns can be trusted. */
  readonly isWhole: boolean;
}

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
type Read = number | LeftOutReason | UnreadableReason;

export type LineReader = (raw: RawLine) => OrderLine | LeftOutReason | UnreadableReason;

/** The cell of a column, trimmed; empty where it has no value or says so. */
export function cellOf(text: string | undefined): string {
  const trimmed = (text ?? '').trim();
  return NOTHING.test(trimmed) ? '' : trimmed;
}

function isCancellation(invoice: string): boolean {
  // Both cases: a cancellation that is taken for a sale is worse than an odd number that is not.
  return /^c/i.test(invoice);
}

/**
 * Gives a reader for rows of that reading. What makes the whole row unusable is named before what is wrong
 * with one value: a cancellation is a cancellation, whatever its quantity.
 */
export function lineReader(reading: Reading, format: FileFormat): LineReader {
  const readQuantity = remembering((text) => quantityOf(reading.quantityOf(text)));
  const readPrice = remembering((text) => priceOf(reading.priceOf(text), format));
  const readDate = remembering((text) => {
    const at = reading.instantOf(text);
    return at === null || at < HAPPENED_MIN || at > HAPPENED_MAX ? 'unreadable date' : at;
  });
  return ({ line, cells, isWhole }) => {
    if (!isWhole) return 'wrong number of columns';
    const text = (column: Column): string => cells[COLUMNS.indexOf(column)] ?? '';
    const invoice = text('InvoiceNo');
    if (invoice === '') return 'no invoice number';
    if (isCancellation(invoice)) return 'cancellation';
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
      invoice,
      stockCode,
      description: description === '' ? null : cut(description),
      quantity,
      unitPrice,
      at,
      // Spreadsheets and pandas make 13085.0 of 13085 where a cell of the column is empty.
      customer: customer === '' ? null : customer.replace(/^(\d+)\.0+$/, '$1'),
      country: cut(text('Country')),
    };
  };
}

function quantityOf(plain: string | null): Read {
  if (plain === null || plain.includes('.')) return 'unreadable quantity';
  const value = Number(plain);
  if (value <= 0) return 'quantity not above 0';
  return value > QUANTITY_MAX ? 'quantity too large' : value;
}

function priceOf(plain: string | null, { currency, minorDigits }: FileFormat): Read {
  if (plain === null) return 'unreadable price';
  if (plain.startsWith('-') || !/[1-9]/.test(plain)) return 'price not above 0';
  const amount = parseAmount(plain, currency, minorDigits);
  if (amount !== null) return amount > ORDER_TOTAL_MAX ? 'price too large' : amount;
  return Number(plain) > 1e12 ? 'price too large' : 'price not in whole minor units';
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

/** Whole characters only: half of a surrogate pair is no text. */
function cut(text: string): string {
  if (text.length <= TEXT_LENGTH_MAX) return text;
  const end = /[\uD800-\uDBFF]/.test(text.charAt(TEXT_LENGTH_MAX - 1)) ? TEXT_LENGTH_MAX - 1 : TEXT_LENGTH_MAX;
  return text.slice(0, end);
}
