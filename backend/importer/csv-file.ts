/**
 * A CSV file on disk: checked once as a whole (is it text at all, in which encoding), then read row by row
 * with the line numbers that an editor shows, as often as needed.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline, Transform } from 'node:stream';
import { TextDecoder } from 'node:util';
import { CsvError, parse, type InfoRecord, type Options } from 'csv-parse';
import { ShopError } from '../ports/errors.ts';
import { oneLine } from './format.ts';

/** A row longer than this is taken for an unclosed quote rather than read into memory. */
const ROW_CHARS_MAX = 1_000_000;
const READ_BYTES = 256 * 1_024;
/** Rows between two reports of progress. */
const ROWS_A_REPORT = 1_000;

/** Old exports are often in Windows' Western code page; whatever is not UTF-8 is read as that. */
export type Encoding = 'utf-8' | 'utf-16le' | 'windows-1252';

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
export async function inspect(path: string): Promise<CsvFile> {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (found.isDirectory()) throw new ShopError('BAD_INPUT', `${path} is a folder; give a CSV file`);
  if (!found.isFile()) throw new ShopError('BAD_INPUT', `${path} is not a plain file; save it as one first`);
  if (found.size === 0) throw new ShopError('BAD_INPUT', `${path} is empty`);
  const hash = createHash('sha256');
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  let encoding: Encoding | null = null;
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>) {
      encoding ??= chunk[0] === 0xff && chunk[1] === 0xfe ? 'utf-16le' : 'utf-8';
      hash.update(chunk);
      bytes += chunk.length;
      if (encoding !== 'utf-16le' && chunk.includes(0)) {
        throw new ShopError('BAD_INPUT', `${path} is not text (it has zero bytes); give a CSV file`);
      }
      if (encoding === 'utf-8' && !isDecodable(utf8, chunk)) encoding = 'windows-1252';
    }
  } catch (error) {
    throw unreadable(path, error);
  }
  if (encoding === 'utf-8' && !isDecodable(utf8, null)) encoding = 'windows-1252';
  return { path, bytes, encoding: encoding ?? 'utf-8', digest: hash.digest('hex') };
}

function isDecodable(decoder: TextDecoder, chunk: Buffer | null): boolean {
  try {
    if (chunk === null) decoder.decode();
    else decoder.decode(chunk, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/**
 * Every row, empty lines left out. Throws BAD_INPUT with the line number where quotes make no sense any more.
 * `onBytes` gets the number of bytes read so far, now and then.
 */
export async function* rowsOf(
  file: CsvFile,
  delimiter = ',',
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
  else pipeline(bytes, decoderOf(file.encoding), parser, () => {});
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
    if (error.code === 'CSV_QUOTE_NOT_CLOSED' || error.code === 'CSV_MAX_RECORD_SIZE') {
      throw unclosed(file, starts.following, error);
    }
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

function decoderOf(encoding: Encoding): Transform {
  const decoder = new TextDecoder(encoding);
  return new Transform({
    transform: (chunk: Buffer, _, done) => done(null, decoder.decode(chunk, { stream: true })),
    flush: (done) => done(null, decoder.decode()),
  });
}

function unclosed(file: CsvFile, line: number, cause?: unknown): ShopError {
  return new ShopError(
    'BAD_INPUT',
    `${file.path}, line ${line}: a quote is opened and not closed; nothing was imported`,
    {
      cause,
    },
  );
}

function unreadable(path: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof ShopError || code === undefined) return error;
  const what = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
  return new ShopError('BAD_INPUT', `${path} ${what}`, { cause: error });
}
