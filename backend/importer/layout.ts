/** Where things are in a file: what separates its columns, which row names them, and where each column is. */
import { ShopError } from '../ports/errors.ts';
import { rowsOf, type CsvFile, type Row } from './csv-file.ts';
import { COLUMNS, oneLine, type Column, type FileFormat } from './format.ts';

/** Tried in this order. No more than one of them gives a row with all the names. */
const DELIMITERS = [',', ';', '\t', '|'];
/** Titles and blank rows may stand before the names. */
const ROWS_BEFORE_HEADER_MAX = 20;
/** What Excel writes into the first line, and reads from it: "sep=;". */
const SEPARATOR_LINE = /^sep=(.)/i;

export interface Layout {
  readonly delimiter: string;
  /** The file's line with the names of the columns. */
  readonly headerLine: number;
  readonly header: readonly string[];
  readonly places: Readonly<Record<Column, number>>;
  /** Columns that have a name. What a row has beyond them must be empty. */
  readonly width: number;
}

/** Finds the row that names the columns. Throws BAD_INPUT when there is none, or a name stands there twice. */
export async function findLayout(file: CsvFile, format: FileFormat): Promise<Layout> {
  let best: { row: Row; rank: number } | null = null;
  for (const delimiter of await delimitersOf(file, format)) {
    for (const row of await firstRows(file, delimiter)) {
      const known = COLUMNS.filter((column) => placesOf(row.fields, nameOf(column, format)).length > 0).length;
      if (known === COLUMNS.length) return layoutOf(file, format, delimiter, row);
      // Of none of the names the most likely delimiter is the one that gives the most columns.
      const rank = known + Math.min(row.fields.length, 1_000) / 1_001;
      if (best === null || rank > best.rank) best = { row, rank };
    }
  }
  if (best === null) throw new ShopError('BAD_INPUT', `${file.path} has no header line with the names of its columns`);
  throw missing(file, format, best.row);
}

async function delimitersOf(file: CsvFile, { delimiter }: FileFormat): Promise<readonly string[]> {
  if (delimiter !== undefined) return [delimiter];
  const [first] = await firstRows(file, ',');
  const said = SEPARATOR_LINE.exec(first?.fields[0] ?? '')?.[1];
  return said === undefined ? DELIMITERS : [said];
}

async function firstRows(file: CsvFile, delimiter: string): Promise<Row[]> {
  const rows: Row[] = [];
  try {
    for await (const row of rowsOf(file, delimiter)) {
      rows.push(row);
      if (rows.length > ROWS_BEFORE_HEADER_MAX) break;
    }
  } catch (error) {
    // Read with another delimiter the quotes may make sense; and if not, the whole reading says so.
    if (!(error instanceof ShopError)) throw error;
  }
  return rows;
}

function layoutOf(file: CsvFile, format: FileFormat, delimiter: string, { line, fields }: Row): Layout {
  const places = {} as Record<Column, number>;
  for (const column of COLUMNS) {
    const [place = 0, other] = placesOf(fields, nameOf(column, format));
    if (other !== undefined) {
      const name = nameOf(column, format);
      throw new ShopError(
        'BAD_INPUT',
        `${file.path} has the column "${name}" twice; choose with --columns ${column}=NAME`,
      );
    }
    places[column] = place;
  }
  let width = fields.length;
  while (width > 0 && fields[width - 1]?.trim() === '') width--;
  return { delimiter, headerLine: line, header: fields, places, width };
}

function nameOf(column: Column, { columns }: FileFormat): string {
  return columns?.[column] ?? column;
}

/** Where the name stands as it is or, where it stands nowhere so, in other letters of the alphabet's two cases. */
function placesOf(header: readonly string[], name: string): number[] {
  const asItIs = header.flatMap((each, place) => (each.trim() === name ? [place] : []));
  if (asItIs.length > 0) return asItIs;
  const lower = name.toLowerCase();
  return header.flatMap((each, place) => (each.trim().toLowerCase() === lower ? [place] : []));
}

function missing(file: CsvFile, format: FileFormat, { fields }: Row): ShopError {
  const lacking = COLUMNS.filter((column) => placesOf(fields, nameOf(column, format)).length === 0);
  const [column = 'InvoiceNo'] = lacking;
  const given = oneLine(
    fields
      .map((each) => each.trim())
      .join(', ')
      .slice(0, 200),
  );
  const names = lacking.map((each) => `"${nameOf(each, format)}"`).join(', ');
  return new ShopError(
    'BAD_INPUT',
    `${file.path} has no column ${names}; it has: ${given}. Name it with --columns ${column}=NAME`,
  );
}
