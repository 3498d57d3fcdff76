/** The goods that the simulator sells: read from a JSON file, checked whole before anything is sold. */
import { readFile } from 'node:fs/promises';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { NOT_TEXT, textOf } from '../domain/written-text.ts';
import { CatalogueProductSchema, type CatalogueProduct } from '../events/events.ts';
import { ShopError } from '../ports/errors.ts';

const PRODUCTS_MAX = 100_000;

export type Catalogue = readonly CatalogueProduct[];

// A field that is not known is a slip of the pen in a file that a person wrote.
const product = Type.Object(CatalogueProductSchema.properties, { additionalProperties: false });
const validator = Compile(Type.Array(product, { minItems: 1, maxItems: PRODUCTS_MAX }));

const BUILT_IN = new URL('./catalogue.json', import.meta.url);

/** Reads a catalogue; the built-in one when no path is given. Throws BAD_INPUT for a file that cannot be used. */
export async function loadCatalogue(path: string | URL = BUILT_IN): Promise<Catalogue> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw bad(path, `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'i/o error'})`, error);
  });
  const text = textOf(bytes);
  if (text === null) throw bad(path, NOT_TEXT);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw bad(path, `is not JSON: ${oneLine((error as Error).message)}`, error);
  }
  if (!validator.Check(parsed)) {
    const first = validator.Errors(parsed)[0];
    const where = first === undefined || first.instancePath === '' ? 'the whole' : first.instancePath;
    throw bad(path, `is not a catalogue: ${where} ${first?.message ?? 'is not valid'}`);
  }
  const seen = new Set<string>();
  for (const { productId } of parsed) {
    if (seen.has(productId)) throw bad(path, `has the product ${productId} twice`);
    seen.add(productId);
  }
  return parsed;
}

function bad(path: string | URL, what: string, cause?: unknown): ShopError {
  return new ShopError('BAD_INPUT', `the catalogue ${path instanceof URL ? path.pathname : path} ${what}`, { cause });
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}
