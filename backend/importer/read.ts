/** The first pass over the file: every row becomes a line of an invoice, or a rejected one. */
import { createHash } from 'node:crypto';
import { ShopError } from '../ports/errors.ts';
import { inspect, rowsOf, type CsvFile } from './csv-file.ts';
import { COLUMNS, locateColumns, type FileFormat, type RejectReason } from './format.ts';
import { lineReader, type LineReader, type OrderLine } from './order-line.ts';

export interface FileLines {
  readonly file: CsvFile;
  /** Of the file's bytes and of how they are read, hexadecimal: what tells one import from another. */
  readonly digest: string;
  /** Rows after the header. */
  readonly linesRead: number;
  /** The accepted lines. */
  readonly byInvoice: ReadonlyMap<string, readonly OrderLine[]>;
  /** The others by line number. Reasons found later are added. */
  readonly rejected: Map<number, RejectReason>;
}

/** Reads the whole file into memory, without what repeats. Throws BAD_INPUT when it is no such file. */
export async function readFileLines(
  path: string,
  format: FileFormat,
  onProgress: (done: number, total: number) => void,
): Promise<FileLines> {
  const file = await inspect(path);
  const byInvoice = new Map<string, OrderLine[]>();
  const rejected = new Map<number, RejectReason>();
  let reader: LineReader | null = null;
  let linesRead = 0;
  for await (const { line, fields } of rowsOf(file, format.delimiter, (read) => onProgress(read, file.bytes))) {
    if (reader === null) {
      reader = lineReader(fields.length, locateColumns(fields, format, path), format);
      continue;
    }
    linesRead++;
    const read = reader(line, fields);
    if (typeof read === 'string') rejected.set(line, read);
    else {
      const own = byInvoice.get(read.invoice);
      if (own === undefined) byInvoice.set(read.invoice, [read]);
      else own.push(read);
    }
  }
  if (reader === null) throw new ShopError('BAD_INPUT', `${path} has no header line with the names of its columns`);
  onProgress(file.bytes, file.bytes);
  return { file, digest: digestOf(file, format), linesRead, byInvoice, rejected };
}

/** Read in another way, the same file has other orders. */
function digestOf(file: CsvFile, format: FileFormat): string {
  const { dateFormat, timeZone, currency, delimiter } = format;
  const columns = COLUMNS.map((column) => format.columns?.[column] ?? column);
  const reading = JSON.stringify([columns, dateFormat ?? null, timeZone, currency, delimiter ?? ',']);
  return createHash('sha256').update(`${file.digest} ${reading}`).digest('hex');
}
