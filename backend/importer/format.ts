/** How a file of order lines is laid out, and what can be wrong with one of its lines. */
import type { DecimalSign } from './numbers.ts';

/** The columns as the UCI "Online Retail" data names them. */
export const COLUMNS = [
  'InvoiceNo',
  'StockCode',
  'Description',
  'Quantity',
  'InvoiceDate',
  'UnitPrice',
  'CustomerID',
  'Country',
] as const;
export type Column = (typeof COLUMNS)[number];

/** What is known of a file before it is read. What is absent, the file itself has to tell. */
export interface FileFormat {
  /** What the file calls a column, where that is something else. */
  readonly columns?: Partial<Record<Column, string>>;
  /** An order (day-first, month-first, year-first), tokens such as "d.M.yyyy H:mm", or excel, unix: date-format.ts. */
  readonly dateFormat?: string;
  /** Of prices and quantities. */
  readonly decimal?: DecimalSign;
  readonly delimiter?: string;
  /** As iconv-lite names it. */
  readonly encoding?: string;
  /** The zone of the file's dates, IANA name. */
  readonly timeZone: string;
  /** The currency of the file's prices, ISO 4217. */
  readonly currency: string;
  /** How many decimals the log keeps of it; as ISO 4217 has it when absent. */
  readonly minorDigits?: number;
}

/** Lines that are no sale. A rule leaves them out, and the rest of their invoice is imported. */
export const LEFT_OUT = ['cancellation', 'quantity not above 0', 'price not above 0'] as const;
export type LeftOutReason = (typeof LEFT_OUT)[number];

/** Why a line cannot be read. Its whole invoice is rejected, since an order without it would be another order. */
export type UnreadableReason =
  | 'wrong number of columns'
  | 'no invoice number'
  | 'invoice number too long'
  | 'no stock code'
  | 'stock code too long'
  | 'unreadable quantity'
  | 'quantity too large'
  | 'unreadable price'
  | 'price not in whole minor units'
  | 'price too large'
  | 'unreadable date'
  | 'customer too long';

/** Why a line is not imported. `refused: …` is the shop's own reason. */
export type RejectReason =
  | LeftOutReason
  | UnreadableReason
  | 'another line of the invoice cannot be read'
  | 'invoice with too many lines'
  | 'invoice too large'
  | 'invoice total too large'
  | 'conflict'
  | `refused: ${string}`;

export function isLeftOut(reason: RejectReason): reason is LeftOutReason {
  return LEFT_OUT.some((each) => each === reason);
}

export function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- what cannot be printed in an error message is what this removes.
  return text.replace(/[\u0000-\u001f\u007f]+/g, ' ');
}
