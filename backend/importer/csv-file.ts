/**
 * A CSV file on disk: checked once as a whole (is it text at all, in which encoding), then read row by row
 * with the line numbers that an editor shows, as often as needed.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { CsvError, parse, type InfoRecord, type Options } from 'csv-parse';
import iconv from 'iconv-lite';
import { formatCount } from '../domain/money.ts';
import { ShopError } from '../ports/errors.ts';
import { EncodingDetector, type Encoding } from './encoding.ts';
import { oneLine } from './format.ts';

/** A row longer than this is taken for an unclosed quote rather than read into memory. */
const ROW_CHARS_MAX = 16_000_000;
const READ_BYTES = 256 * 1_024;
/** Rows between two reports of progress. */
const ROWS_A_REPORT = 1_000;

/** What else people have, by the first bytes of it. */
const OTHER_KINDS: readonly (readonly [number[], string])[] = [
  [[0x1f, 0x8b], 'is compressed (gzip); unpack it first'],
  [[0x50, 0x4b, 0x03, 0x04], 'is a workbook or a zip archive; save the sheet as CSV, or unpack it first'],
  [[0xd0, 0xcf, 0x11, 0xe0], 'is an old Excel workbook; save the sheet as CSV first'],
  [[0x25, 0x50, 0x44, 0x46], 'is a PDF; give a CSV file'],
];

export interface CsvFile {
  readonly path: string;
  readonly bytes: number;
  readonly encoding: Encoding;
  /** sha256 of the bytes, hexadecimal. */
  readonly digest: string;
}

export interface Row {
  /** The file's line that the row begins on, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/** Reads the file once. Throws BAD_INPUT when it is not there, no file, empty or not text. */
export async function inspect(path: string, encoding: Encoding | null = null): Promise<CsvFile> {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (found.isDirectory()) throw new ShopError('BAD_INPUT', `${path} is a folder; give a CSV file`);
  if (!found.isFile()) throw new ShopError('BAD_INPUT', `${path} is not a plain file; save it as one first`);
  if (found.size === 0) throw new ShopError('BAD_INPUT', `${path} is empty`);
  const hash = createHash('sha256');
  const detector = new EncodingDetector();
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>) {
      const other = bytes > 0 ? undefined : OTHER_KINDS.find(([first]) => first.every((byte, n) => chunk[n] === byte));
      if (other !== undefined) throw new ShopError('BAD_INPUT', `${path} ${other[1]}`);
      hash.update(chunk);
      bytes += chunk.length;
      if (encoding === null) detector.take(chunk);
    }
  } catch (error) {
    throw unreadable(path, error);
  }
  return { path, bytes, encoding: encoding ?? detector.verdict(path), digest: hash.digest('hex') };
}

/**
 * Every row, empty lines left out. Throws BAD_INPUT with the line number where quotes make no sense any more.
 * `onBytes` gets the number of bytes read so far, now and then.
 */
export async function* rowsOf(
  file: CsvFile,
  delimiter: string,
  onBytes: (bytes: number) => void = () => {},
): AsyncGenerator<Row> {
  const starts = new LineNumbers();
  // The package's types know rows that are made anew only where it makes objects of them.
  const toRow = (fields: string[], { lines, empty_lines: empty }: InfoRecord): Row => ({
    line: starts.next(lines, empty, fields),
    fields,
  });
  const parser = parse({
    delimiter,
    bom: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    // A quote within a field without quotes is a quote: 7" RULER.
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: ROW_CHARS_MAX,
    on_record: toRow as unknown as NonNullable<Options['on_record']>,
  });
  const bytes = createReadStream(file.path, { highWaterMark: READ_BYTES });
  // Errors reach the loop below through the parser, which the pipeline destroys with them.
  if (file.encoding === 'utf-8') pipeline(bytes, parser, () => {});
  else pipeline(bytes, iconv.decodeStream(file.encoding), parser, () => {});
  let rows = 0;
  try {
    for await (const row of parser as AsyncIterable<Row>) {
      // A relaxed quote that ran on over the end of its line was opened and never closed.
      if (row.fields.some((field) => field.startsWith('"') && /[\r\n]/.test(field))) throw unclosed(file, row.line);
      if (++rows % ROWS_A_REPORT === 0) onBytes(bytes.bytesRead);
      yield row;
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw unreadable(file.path, error);
    if (error.code === 'CSV_QUOTE_NOT_CLOSED') throw unclosed(file, starts.following, error);
    if (error.code === 'CSV_MAX_RECORD_SIZE') throw endless(file, starts.following, error);
    throw new ShopError('BAD_INPUT', `${file.path}, line ${starts.following}: ${oneLine(error.message)}`, {
      cause: error,
    });
  } finally {
    bytes.destroy();
  }
}

/** The line that a row begins on, from the parser's counts at its end. */
class LineNumbers {
  #counted = 0;
  #empty = 0;
  /** Lines that the parser counted too many: it takes the \r and the \n within quotes for one each. */
  #twice = 0;

  next(counted: number, empty: number, fields: readonly string[]): number {
    const first = this.#counted + (empty - this.#empty) + 1;
    const line = first - this.#twice;
    if (counted > first) for (const field of fields) this.#twice += field.split('\r\n').length - 1;
    this.#counted = counted;
    this.#empty = empty;
    return line;
  }

  /** The line after the last row. */
  get following(): number {
    return this.#counted - this.#twice + 1;
  }
}

function unclosed(file: CsvFile, line: number, cause?: unknown): ShopError {
  return new ShopError(
    'BAD_INPUT',
    `${file.path}, line ${line}: a quote is opened and not closed; nothing was imported`,
    { cause },
  );
}

function endless(file: CsvFile, line: number, cause: unknown): ShopError {
  const most = formatCount(ROW_CHARS_MAX);
  return new ShopError(
    'BAD_INPUT',
    `${file.path}, line ${line}: the row that begins here has more than ${most} characters; a quote may be opened and not closed; nothing was imported`,
    { cause },
  );
}

function unreadable(path: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof ShopError || code === undefined) return error;
  const what = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
  return new ShopError('BAD_INPUT', `${path} ${what}`, { cause: error });
}
