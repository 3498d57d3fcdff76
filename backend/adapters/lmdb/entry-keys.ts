/**
 * The keys of index entries. Their bytes sort as lists do: collection, index, a digest of the value asked for,
 * order value, id. A zero byte ends the order value; one within it is followed by 0xff, with which no text begins.
 */
import { hash } from 'node:crypto';
import type { MergedIndex, MergedList } from '../../ports/read-models.ts';
import { askedFor, type Indexed } from '../../ports/read-models-list.ts';

/** LMDB's keys have less than 2,000 bytes, so of a longer order value only the first bytes stand in the key. */
const ORDER_BYTES_MAX = 256;
const DIGEST_BYTES = 16;
const ZERO = 0;
const ESCAPE = 0xff;
const END = Buffer.of(ZERO);
/** Behind every order value and every id. */
const BEHIND = Buffer.of(ESCAPE, ESCAPE);

/** All entries of a collection: from the first up to what is behind the last. */
export function entriesOf(collection: string): { start: Buffer; end: Buffer } {
  return { start: Buffer.from(`${collection}\0`), end: Buffer.from(`${collection}\u0001`) };
}

export function entryKey(collection: string, index: MergedIndex, { equals, order }: Indexed, id: string): Buffer {
  return Buffer.concat([prefixFor(collection, index, equals), orderPart(order), END, Buffer.from(id)]);
}

/**
 * The bounds of a list from its highest key down. They may hold more than the list: documents whose order value
 * is cut off in the key, and the one that it comes after.
 */
export function boundsOf(query: MergedList): { prefix: Buffer; start: Buffer; end: Buffer } {
  const { collection, index, from, to, before } = query;
  const prefix = prefixFor(collection, index, askedFor(query));
  const highest: Buffer[] = [BEHIND];
  if (to !== undefined) highest.push(isCutOff(to) ? Buffer.concat([orderPart(to), END, BEHIND]) : orderPart(to));
  if (before !== undefined) {
    const id = isCutOff(before.order) ? BEHIND : Buffer.from(before.id);
    highest.push(Buffer.concat([orderPart(before.order), END, id]));
  }
  highest.sort((a, b) => Buffer.compare(a, b));
  return {
    prefix,
    start: Buffer.concat([prefix, highest[0] ?? BEHIND]),
    end: Buffer.concat([prefix, orderPart(from ?? '')]),
  };
}

/** What a key holds behind its prefix. */
export function readKey(key: Buffer, prefix: Buffer): { order: Buffer; id: string } {
  let end = key.indexOf(ZERO, prefix.length);
  while (key[end + 1] === ESCAPE) end = key.indexOf(ZERO, end + 1);
  return { order: key.subarray(prefix.length, end), id: key.toString('utf8', end + 1) };
}

/** Whether the order part of a key may be that of several values. */
export function isShared(orderOfKey: Buffer): boolean {
  return orderOfKey.length >= ORDER_BYTES_MAX;
}

function isCutOff(order: string): boolean {
  return Buffer.byteLength(order) > ORDER_BYTES_MAX;
}

function prefixFor(collection: string, index: MergedIndex, equals: string): Buffer {
  const named = Buffer.from(`${collection}\0${index.name}\0`);
  if (index.equals === null) return named;
  return Buffer.concat([named, hash('sha256', equals, 'buffer').subarray(0, DIGEST_BYTES)]);
}

function orderPart(order: string): Buffer {
  const bytes = Buffer.from(order).subarray(0, ORDER_BYTES_MAX);
  if (!bytes.includes(ZERO)) return bytes;
  return Buffer.from([...bytes].flatMap((byte) => (byte === ZERO ? [ZERO, ESCAPE] : [byte])));
}
