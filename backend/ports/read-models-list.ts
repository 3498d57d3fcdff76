/** What an index makes of a merged document: the one meaning that every store of read models gives it. */
import type { MergedDocument, MergedIndex, MergedList } from './read-models.ts';

/** A document's place in an index. */
export interface Indexed {
  /** The value that is asked for; empty when the index asks for none. */
  readonly equals: string;
  readonly order: string;
}

/** The document's place in the index; null when it is not in it. */
export function placeOf({ equals, order }: MergedIndex, { id, parts }: MergedDocument): Indexed | null {
  const asked = equals === null ? '' : textAt(parts, equals);
  const ordered = order === null ? id : textAt(parts, order);
  return asked === null || ordered === null ? null : { equals: asked, order: ordered };
}

function textAt(parts: MergedDocument['parts'], path: string): string | null {
  const [part = '', ...names] = path.split('.');
  let value: unknown = Object.hasOwn(parts, part) ? parts[part]?.fields : null;
  for (const name of names) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return null;
    value = (value as Record<string, unknown>)[name];
  }
  return typeof value === 'string' ? value : null;
}

/** Whether a document is in the list that is asked for. */
export function isListed(query: MergedList, document: MergedDocument): boolean {
  const place = placeOf(query.index, document);
  if (place === null || place.equals !== askedFor(query)) return false;
  const { from, to, before } = query;
  if (from !== undefined && compareText(place.order, from) < 0) return false;
  if (to !== undefined && compareText(place.order, to) >= 0) return false;
  if (before === undefined) return true;
  return (compareText(place.order, before.order) || compareText(document.id, before.id)) < 0;
}

/** The value that a list asks for; empty when its index asks for none. */
export function askedFor({ index, equals }: MergedList): string {
  if ((index.equals === null) !== (equals === undefined)) {
    throw new Error(`a list by ${index.name} needs ${index.equals === null ? 'no' : 'a'} value to be equal to`);
  }
  return equals ?? '';
}

/** The order of a list: descending by order value, then by id. */
export function inListOrder(index: MergedIndex): (a: MergedDocument, b: MergedDocument) => number {
  const order = (document: MergedDocument): string => placeOf(index, document)?.order ?? '';
  return (a, b) => compareText(order(b), order(a)) || compareText(b.id, a.id);
}

/** By code points, as engines compare UTF-8; JavaScript's own order differs beyond U+FFFF. */
function compareText(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
