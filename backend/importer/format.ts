/** How a file of order lines is laid out, and what can be wrong with one of its lines. */
import { ShopError } from '../ports/errors.ts';

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

/** Tried in this order when no date format is given. */
export const DATE_FORMATS = [
  'M/d/yy H:mm',
  'M/d/yyyy H:mm',
  'M/d/yyyy H:mm:ss',
  'yyyy-MM-dd HH:mm:ss',
  'yyyy-MM-dd HH:mm',
] as const;

export interface FileFormat {
  /** What the file calls a column, where that is something else. */
  readonly columns?: Partial<Record<Column, string>>;
  /** Tokens of luxon, such as "d.M.yyyy H:mm"; the usual ones (DATE_FORMATS, ISO 8601) when absent. */
  readonly dateFormat?: string;
  /** The zone of the file's dates, IANA name. */
  readonly timeZone: string;
  /** The currency of the file's prices, ISO 4217. */
  readonly currency: string;
  /** How many decimals the log keeps of it; as ISO 4217 has it when absent. */
  readonly minorDigits?: number;
  /** A comma when absent. */
  readonly delimiter?: string;
}

/** Why a line is not imported. `refused: …` is the shop's own reason. */
export type RejectReason =
  | 'wrong number of columns'
  | 'no invoice number'
  | 'invoice number too long'
  | 'cancellation'
  | 'no stock code'
  | 'stock code too long'
  | 'unreadable quantity'
  | 'quantity not above 0'
  | 'quantity too large'
  | 'unreadable price'
  | 'price not above 0'
  | 'price not in whole minor units'
  | 'price too large'
  | 'unreadable date'
  | 'customer too long'
  | 'invoice with too many lines'
  | 'invoice too large'
  | 'invoice total too large'
  | 'conflict'
  | `refused: ${string}`;

/** Where each column is, from the file's first record. Throws BAD_INPUT. */
export function locateColumns(header: readonly string[], format: FileFormat, file: string): Record<Column, number> {
  const names = header.map((name) => name.trim());
  const found = {} as Record<Column, number>;
  for (const column of COLUMNS) {
    const name = format.columns?.[column] ?? column;
    const index = names.indexOf(name);
    if (index === -1) {
      const given = names.join(', ').slice(0, 200);
      throw new ShopError(
        'BAD_INPUT',
        `${file} has no column "${name}"; it has: ${oneLine(given)}. Name it with --columns ${column}=NAME`,
      );
    }
    if (names.indexOf(name, index + 1) !== -1) {
      throw new ShopError('BAD_INPUT', `${file} has the column "${name}" twice; choose with --columns ${column}=NAME`);
    }
    found[column] = index;
  }
  return found;
}

export function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- what cannot be printed in an error message is what this removes.
  return text.replace(/[\u0000-\u001f\u007f]+/g, ' ');
}
