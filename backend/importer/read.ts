/** The first pass over the file: every row becomes a line of an invoice, or a rejected one. */
import { rowsOf, type CsvFile } from './csv-file.ts';
import { COLUMNS, isLeftOut, type Column, type FileFormat, type RejectReason } from './format.ts';
import { findLayout, type Layout } from './layout.ts';
import { cellOf, lineReader, type OrderLine, type RawLine } from './order-line.ts';
import { decideReading, type Reading } from './reading.ts';

export interface FileLines {
  readonly layout: Layout;
  readonly reading: Reading;
  /** Rows after the header. */
  readonly linesRead: number;
  /** The accepted lines. */
  readonly byInvoice: ReadonlyMap<string, readonly OrderLine[]>;
  /** The others by line number. Reasons found later are added. */
  readonly rejected: Map<number, RejectReason>;
  /** For people: what may have gone wrong before the file was written. */
  readonly warnings: readonly string[];
}

/** What of a number is left once a spreadsheet has shown it in so many digits. */
const ROUNDED = /^\d(?:[.,]\d+)?e\+?\d+$/i;
const NUMBERED: readonly Column[] = ['InvoiceNo', 'StockCode', 'CustomerID'];
/** A column of numbers that pandas read with an empty cell in it. */
const FLOAT = /^\d+\.0$/;

/** Reads the whole file into memory, without what repeats. Throws BAD_INPUT when it can be read in two ways. */
export async function readFileLines(
  file: CsvFile,
  format: FileFormat,
  onProgress: (done: number, total: number) => void,
): Promise<FileLines> {
  const layout = await findLayout(file, format);
  const raw = new RawLines(layout);
  for await (const row of rowsOf(file, layout.delimiter, (read) => onProgress(read, file.bytes))) {
    if (row.line > layout.headerLine) raw.take(row.line, row.fields);
  }
  onProgress(file.bytes, file.bytes);
  const [dates, prices, quantities] = (['InvoiceDate', 'UnitPrice', 'Quantity'] as const).map((column) =>
    raw.textsOf(column),
  ) as [Map<string, number>, Map<string, number>, Map<string, number>];
  const reading = decideReading(file.path, { dates, prices, quantities }, format);
  const { byInvoice, rejected } = sorted(raw, reading, format);
  return { layout, reading, linesRead: raw.lines.length, byInvoice, rejected, warnings: raw.warnings() };
}

/** The rows as they stand, before anything is made of their texts. */
class RawLines {
  readonly lines: RawLine[] = [];
  readonly #layout: Layout;
  readonly #texts = COLUMNS.map(() => new Map<string, number>());
  readonly #same = interning();

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  take(line: number, fields: readonly string[]): void {
    const { width, places } = this.#layout;
    if (fields.every((field) => field.trim() === '')) return;
    const cells = COLUMNS.map((column) => this.#same(cellOf(fields[places[column]])));
    // Empty cells beyond the last column are what spreadsheets leave behind.
    const isWhole = fields.length >= width && fields.slice(width).every((field) => field.trim() === '');
    this.lines.push({ line, cells, isWhole });
    if (!isWhole) return;
    for (const [index, cell] of cells.entries()) {
      const texts = this.#texts[index];
      if (texts !== undefined && !texts.has(cell)) texts.set(cell, line);
    }
  }

  textsOf(column: Column): Map<string, number> {
    return this.#texts[COLUMNS.indexOf(column)] ?? new Map<string, number>();
  }

  /** Whether every value of the column was made a float of: 536365.0 instead of 536365. */
  isFloat(column: Column): boolean {
    const texts = [...this.textsOf(column).keys()].filter((text) => text !== '');
    return texts.length > 0 && texts.every((text) => FLOAT.test(text));
  }

  warnings(): string[] {
    return NUMBERED.flatMap((column) => {
      const [found] = [...this.textsOf(column)].filter(([text]) => ROUNDED.test(text));
      if (found === undefined) return [];
      const [text, line] = found;
      return `${column} such as "${text}" (line ${line}) was rounded by a spreadsheet: different ones may have become the same`;
    });
  }
}

/** Lines by invoice; an invoice with a line that cannot be read is rejected whole. */
function sorted(
  raw: RawLines,
  reading: Reading,
  format: FileFormat,
): { byInvoice: Map<string, OrderLine[]>; rejected: Map<number, RejectReason> } {
  const byInvoice = new Map<string, OrderLine[]>();
  const rejected = new Map<number, RejectReason>();
  const unreadable = new Set<string>();
  const read = lineReader(reading, format);
  const withoutFloats = (column: Column): ((text: string) => string) =>
    raw.isFloat(column) ? (text) => text.replace(/\.0$/, '') : (text) => text;
  const invoiceNumber = withoutFloats('InvoiceNo');
  const stockCode = withoutFloats('StockCode');
  let last = '';
  for (const { cells, ...row } of raw.lines) {
    const [number = '', code = '', ...others] = cells;
    const invoice = invoiceNumber(number);
    const found = read({ ...row, cells: [invoice, stockCode(code), ...others] });
    if (typeof found === 'string') {
      rejected.set(row.line, found);
      // A line without a number may go on with the invoice before it, as some programs write them.
      if (!isLeftOut(found)) unreadable.add(invoice || last);
    } else {
      const own = byInvoice.get(invoice);
      if (own === undefined) byInvoice.set(invoice, [found]);
      else own.push(found);
    }
    if (invoice !== '') last = invoice;
  }
  for (const invoice of unreadable) {
    for (const { line } of byInvoice.get(invoice) ?? [])
      rejected.set(line, 'another line of the invoice cannot be read');
    byInvoice.delete(invoice);
  }
  return { byInvoice, rejected };
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
