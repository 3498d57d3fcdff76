/** The part of the read models' contract that is about reading: ranges, look-ups and scans. */
import { expect, it } from 'vitest';
import type { FoldedDocument } from './read-models.ts';
import {
  byKey,
  COLLECTION,
  compareUtf8,
  flushOf,
  folded,
  HANDLED_0,
  ORDERS_0,
  ORDERS_1,
  part,
  scanned,
  scannedMerged,
  sources,
  write,
  type Current,
} from './read-models.contract-kit.ts';

const STRANGE_KEYS = [
  'a', 'a.b', '$a', 'a/b', '/', '.', ' ', '"', '\\', "'", '%', '*', '^a$', 'A', 'Z', 'aa', 'b', '~',
  '2026-11-22T14:05Z', 'é', 'e\u0301', 'ø', '漢字', '\uE000', '\uFFFD', '🙂', '😀', 'product/å/1', 'null', '0', '10', '9',
]; // prettier-ignore

export function readingSuite(current: Current): void {
  rangeSuite(current);
  lookUpSuite(current);
  scanSuite(current);
}

function rangeSuite(current: Current): void {
  it('reads a half-open range of several sources, in their order and then by key', async () => {
    const { models } = current;
    const keys = ['14:00', '14:01', '14:02', '14:03', '14:04'];
    const partitions = [0, 1, 2, 10];
    const flushes = sources('orders', partitions).map((source) =>
      flushOf(source, -1, 9, { documents: [...keys].reverse().map((key) => write(key, null, source.partition)) }),
    );
    await models.flush([...flushes, flushOf(HANDLED_0, -1, 9, { documents: keys.map((key) => write(key, null, 9)) })]);
    const expected = (from: number, to: number, asked: readonly number[]): FoldedDocument[] =>
      sources('orders', asked).flatMap((source) =>
        keys.slice(from, to).map((key) => folded(source, key, source.partition)),
      );
    const range = (from: string, to: string, asked: readonly number[] = partitions) =>
      models.range({ collection: COLLECTION, sources: sources('orders', asked), from, to });
    expect(await range('14:01', '14:03')).toEqual(expected(1, 3, partitions));
    expect(await range('14:01', '14:03', [10, 2, 0])).toEqual(expected(1, 3, [10, 2, 0]));
    expect(await range('', '~')).toEqual(expected(0, 5, partitions));
    expect(await range('14:01', '14:01')).toEqual([]);
    expect(await range('14:03', '14:01')).toEqual([]);
    expect(await range('15', '16')).toEqual([]);
    expect(await range('14:04', '14:041', [1])).toEqual(expected(4, 5, [1]));
    expect(await range('', '~', [])).toEqual([]);
    expect(await range('', '~', [3])).toEqual([]);
  });

  it('has keys of all kinds of characters, ordered by code point', async () => {
    const { models } = current;
    const documents = STRANGE_KEYS.map((key, index) => write(key, null, index));
    expect(await models.flush([flushOf(ORDERS_0, -1, 99, { documents })])).toEqual(['stored']);
    const all = await models.range({ collection: COLLECTION, sources: [ORDERS_0], from: ' ', to: '\u{10FFFF}' });
    expect(all.map((each) => each.key)).toEqual([...STRANGE_KEYS].sort(compareUtf8));
    for (const key of STRANGE_KEYS) {
      const position = STRANGE_KEYS.indexOf(key);
      expect(await models.load(COLLECTION, ORDERS_0, [key])).toEqual([folded(ORDERS_0, key, position)]);
      const single = { collection: COLLECTION, sources: [ORDERS_0], from: key, to: `${key}\u0001` };
      expect(await models.range(single)).toEqual([folded(ORDERS_0, key, position)]);
    }
    const replaced = STRANGE_KEYS.map((key, index) => write(key, index, index + 100));
    expect(await models.flush([flushOf(ORDERS_0, 99, 199, { documents: replaced })])).toEqual(['stored']);
    expect(await scanned(models)).toHaveLength(STRANGE_KEYS.length);
  });

  it('reads nothing from a collection that was never filled', async () => {
    const { models } = current;
    const range = { collection: 'none-v1-g1', sources: [ORDERS_0], from: '', to: '~' };
    expect(await models.range(range)).toEqual([]);
    expect(await models.load('none-v1-g1', ORDERS_0, ['a'])).toEqual([]);
    expect(await models.merged('none-v1-g1', ['a'])).toEqual([]);
    expect(await models.isEmpty('none-v1-g1', ORDERS_0)).toBe(true);
    expect(await scanned(models, 'none-v1-g1')).toEqual([]);
    expect(await scannedMerged(models, 'none-v1-g1')).toEqual([]);
  });
}

function lookUpSuite(current: Current): void {
  it('says whether a source has documents', async () => {
    const { models } = current;
    expect(await models.isEmpty(COLLECTION, ORDERS_0)).toBe(true);
    await models.flush([flushOf(ORDERS_1, -1, 3, { documents: [write('a', null, 3)] })]);
    expect(await models.isEmpty(COLLECTION, ORDERS_0)).toBe(true);
    expect(await models.isEmpty(COLLECTION, HANDLED_0)).toBe(true);
    expect(await models.isEmpty(COLLECTION, ORDERS_1)).toBe(false);
  });

  it('loads thousands of documents by key', async () => {
    const { models } = current;
    const keys = Array.from({ length: 3_000 }, (_, index) => `key-${index}`);
    await models.flush([flushOf(ORDERS_0, -1, 1, { documents: keys.map((key) => write(key, null, 1)) })]);
    const loaded = await models.load(COLLECTION, ORDERS_0, [...keys, 'absent']);
    expect(byKey(loaded)).toEqual(byKey(keys.map((key) => folded(ORDERS_0, key, 1))));
    expect(await models.load(COLLECTION, ORDERS_0, [])).toEqual([]);
    expect(await models.load(COLLECTION, ORDERS_1, keys)).toEqual([]);
    expect(await models.merged(COLLECTION, [])).toEqual([]);
  });
}

function scanSuite(current: Current): void {
  it('scans 5,000 folded documents, each once, in batches', async () => {
    const { models } = current;
    const flushes = [ORDERS_0, ORDERS_1].map((source) =>
      flushOf(source, -1, 2_500, {
        documents: Array.from({ length: 2_500 }, (_, index) => write(`k${index}`, null, index)),
      }),
    );
    await models.flush(flushes);
    const all = await scanned(models);
    expect(all).toHaveLength(5_000);
    expect(new Set(all.map((each) => `${each.partition}/${each.key}`)).size).toBe(5_000);
    expect(all.every((each) => each.body['at'] === each.position && each.topic === 'orders')).toBe(true);
    expect(await scannedMerged(models)).toEqual([]);
  });

  it('scans 5,000 merged documents, each once and whole', async () => {
    const { models } = current;
    const ids = Array.from({ length: 5_000 }, (_, index) => `order-${index}`);
    await models.flush([
      flushOf(ORDERS_0, -1, 1, { parts: ids.map((id, index) => part(id, 'placed', index)) }),
      flushOf(HANDLED_0, -1, 1, { parts: ids.filter((_, i) => i % 2 === 0).map((id) => part(id, 'handled', 7)) }),
    ]);
    const all = await scannedMerged(models);
    expect(all.map((each) => each.id).sort()).toEqual([...ids].sort());
    expect(all.filter((each) => each.parts['handled'] !== undefined)).toHaveLength(2_500);
    expect(all.every((each) => each.parts['placed'] !== undefined)).toBe(true);
  });
}
