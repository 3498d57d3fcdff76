/** Pages of merged documents, by cursors: where a page ends, not how far it is from the beginning. */
import { ShopError } from '../ports/errors.ts';
import type { MergedDocument, MergedList, ReadModels } from '../ports/read-models.ts';
import { placeOf } from '../ports/read-models-list.ts';

export interface Page<T> {
  readonly items: readonly { readonly cursor: string; readonly item: T }[];
  /** Whether there may be more: a page that filters gives up looking after a while, and may be short, even empty. */
  readonly hasNextPage: boolean;
  /** Where the next page goes on: not always behind the last item. Null when nothing was found at all. */
  readonly endCursor: string | null;
}

export interface PageOptions {
  /** Items of the page, 1 to 100. */
  readonly first: number;
  /** A cursor of an earlier page. */
  readonly after?: string;
}

interface Place {
  readonly order: string;
  readonly id: string;
}

const FIRST_MAX = 100;
/** Documents that are looked at for one page, at the most. */
const SCANNED_DOCUMENTS_MAX = 2_000;
/** Documents that are read at a time where not every one is an item. */
const SCANNED_AT_ONCE = 200;

export interface PageSource<T> extends Omit<MergedList, 'before' | 'limit'> {
  /** Null for a document that is left out. */
  readonly itemOf: (document: MergedDocument) => T | null;
  /** Whether documents may be left out. */
  readonly filters: boolean;
}

/** Reads a page in the order of the index. Rejects with BAD_INPUT for a bad cursor or count, and with UNAVAILABLE. */
export async function readPage<T>(
  models: ReadModels,
  source: PageSource<T>,
  { first, after }: PageOptions,
): Promise<Page<T>> {
  if (!Number.isInteger(first) || first < 1 || first > FIRST_MAX) {
    throw new ShopError('BAD_INPUT', `first must be an integer from 1 to ${FIRST_MAX}`);
  }
  const { itemOf, filters, ...list } = source;
  const items: { readonly cursor: string; readonly item: T }[] = [];
  let before = after === undefined ? null : decodeCursor(after);
  for (let scanned = 0; scanned < SCANNED_DOCUMENTS_MAX;) {
    const wanted = first + 1 - items.length;
    const limit = Math.min(filters ? Math.max(wanted, SCANNED_AT_ONCE) : wanted, SCANNED_DOCUMENTS_MAX - scanned);
    const documents = await models.list({ ...list, limit, ...(before === null ? {} : { before }) });
    for (const document of documents) {
      const item = itemOf(document);
      if (item !== null && items.length === first) return pageOf(items, true);
      before = { order: placeOf(list.index, document)?.order ?? '', id: document.id };
      if (item !== null) items.push({ cursor: encodeCursor(before), item });
    }
    if (documents.length < limit) return pageOf(items, false);
    scanned += documents.length;
  }
  return { ...pageOf(items, true), endCursor: before === null ? null : encodeCursor(before) };
}

function pageOf<T>(items: Page<T>['items'], hasNextPage: boolean): Page<T> {
  return { items, hasNextPage, endCursor: items.at(-1)?.cursor ?? null };
}

function encodeCursor({ order, id }: Place): string {
  return Buffer.from(JSON.stringify([order, id])).toString('base64url');
}

function decodeCursor(cursor: string): Place {
  const place = placeIn(cursor);
  // Node takes much for base64: whatever is not written just so did not come from here.
  if (place !== null && encodeCursor(place) === cursor) return place;
  throw new ShopError('BAD_INPUT', 'that is no cursor of such a list; take one from an earlier page, or none');
}

function placeIn(cursor: string): Place | null {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (!Array.isArray(parsed) || parsed.length !== 2) return null;
    const [order, id] = parsed as readonly unknown[];
    return typeof order === 'string' && typeof id === 'string' ? { order, id } : null;
  } catch {
    return null;
  }
}
