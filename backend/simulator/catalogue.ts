/** The goods that the simulator sells: read from a JSON file, checked whole before anything is sold. */
import { readFile } from 'node:fs/promises';
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { ShopError } from '../ports/errors.ts';

/** Low enough that the idempotency keys made of it keep within their bound. */
const PRODUCT_ID_LENGTH_MAX = 40;
const PRODUCTS_MAX = 100_000;

const units = Type.Integer({ minimum: 0, maximum: 1_000_000 });

export const CatalogueProductSchema = Type.Object(
  {
    productId: Type.String({ minLength: 1, maxLength: PRODUCT_ID_LENGTH_MAX }),
    name: Type.String({ minLength: 1, maxLength: 500 }),
    category: Type.String({ minLength: 1, maxLength: 500 }),
    /** List price in minor units of the log's currency. */
    price: Type.Integer({ minimum: 1, maximum: 100_000_000_000 }),
    /** How often it is chosen, relative to the others. */
    popularity: Type.Number({ exclusiveMinimum: 0, maximum: 1_000_000 }),
    /** Opening stock, in units. */
    initialStock: units,
    /** New goods are ordered when no more than this is left. */
    restockLevel: units,
    /** Units that come with one delivery. */
    restockQuantity: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  },
  { additionalProperties: false },
);

export type CatalogueProduct = Static<typeof CatalogueProductSchema>;
export type Catalogue = readonly CatalogueProduct[];

const validator = Compile(Type.Array(CatalogueProductSchema, { minItems: 1, maxItems: PRODUCTS_MAX }));

const BUILT_IN = new URL('./catalogue.json', import.meta.url);

/** Reads a catalogue; the built-in one when no path is given. Throws BAD_INPUT for a file that cannot be used. */
export async function loadCatalogue(path: string | URL = BUILT_IN): Promise<Catalogue> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw bad(path, `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'i/o error'})`, error);
  }
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
