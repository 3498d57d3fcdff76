/** The part of the read models' contract that is about mending one merged document. */
import { expect, it } from 'vitest';
import { COLLECTION, flushOf, HANDLED_0, ORDERS_0, part, type Current } from './read-models.contract-kit.ts';
import type { MergedDocument, MergedIndex } from './read-models.ts';

const BY_TIME: MergedIndex = { name: 'time', equals: null, order: 'placed.at' };
const WRONG = { placed: { position: 3, fields: { at: '2026-11-22', total: 1, lines: [{ q: 1 }] } } };
const RIGHT = { placed: { position: 3, fields: { at: '2026-11-21', total: 2 ** 40, lines: [{ q: 2 }] } } };
const HANDLED = { handled: { position: 8, fields: { at: 8 } } };

export function mendSuite(current: Current): void {
  const there = async (id = 'o1'): Promise<MergedDocument['parts'] | null> =>
    (await current.models.merged(COLLECTION, [id]))[0]?.parts ?? null;
  const listed = async (): Promise<string[]> =>
    (await current.models.list({ collection: COLLECTION, index: BY_TIME, limit: 10 })).map(({ id }) => id);

  it('puts parts in the place of those that are there, at the same position, and lists them anew', async () => {
    const { models } = current;
    await models.ensureCollection(COLLECTION, [BY_TIME]);
    const writes = [part('o1', 'placed', 3, WRONG.placed.fields), part('o2', 'placed', 4, { at: '2026-11-21T12' })];
    await models.flush([flushOf(ORDERS_0, -1, 4, { parts: writes })]);
    expect(await listed()).toEqual(['o1', 'o2']);
    expect(await models.putMerged(COLLECTION, 'o1', RIGHT, WRONG)).toBe(true);
    expect(await there()).toEqual(RIGHT);
    expect(await listed()).toEqual(['o2', 'o1']);
  });

  it('makes a document that is missing, and removes one', async () => {
    const { models } = current;
    await models.ensureCollection(COLLECTION, [BY_TIME]);
    expect(await models.putMerged(COLLECTION, 'o1', RIGHT, null)).toBe(true);
    expect(await models.putMerged(COLLECTION, 'o1', WRONG, null)).toBe(false);
    expect(await there()).toEqual(RIGHT);
    expect(await listed()).toEqual(['o1']);
    expect(await models.putMerged(COLLECTION, 'o1', null, RIGHT)).toBe(true);
    expect(await there()).toBeNull();
    expect(await listed()).toEqual([]);
  });

  it('lets one of several win that have seen the same', async () => {
    const { models, reopen } = current;
    await models.ensureCollection(COLLECTION);
    for (const seen of [null, RIGHT]) {
      const others = await Promise.all(
        Array.from({ length: 8 }, (_, index) => {
          const parts = { placed: { position: 3, fields: { at: `by ${index}` } } };
          return models.putMerged(COLLECTION, 'o1', parts, seen).then((won) => (won ? [parts] : []));
        }),
      );
      const winners = others.flat();
      expect(winners).toHaveLength(1);
      expect(await there()).toEqual(winners[0]);
      expect(await models.putMerged(COLLECTION, 'o1', RIGHT, winners[0] ?? null)).toBe(true);
    }
    expect((await (await reopen()).merged(COLLECTION, ['o1']))[0]?.parts).toEqual(RIGHT);
  });

  it('leaves what has changed meanwhile', async () => {
    const { models } = current;
    await models.flush([flushOf(ORDERS_0, -1, 3, { parts: [part('o1', 'placed', 3, WRONG.placed.fields)] })]);
    await models.flush([flushOf(HANDLED_0, -1, 8, { parts: [part('o1', 'handled', 8)] })]);
    for (const parts of [RIGHT, null]) expect(await models.putMerged(COLLECTION, 'o1', parts, WRONG)).toBe(false);
    expect(await there()).toEqual({ ...WRONG, ...HANDLED });
    // The order of names does not matter.
    const { total, at, lines } = WRONG.placed.fields;
    const expected = { ...HANDLED, placed: { fields: { lines, total, at }, position: 3 } };
    expect(await models.putMerged(COLLECTION, 'o1', { ...RIGHT, ...HANDLED }, expected)).toBe(true);
    expect(await there()).toEqual({ ...RIGHT, ...HANDLED });
    // From here on it is like any other.
    await models.flush([flushOf(HANDLED_0, 8, 9, { parts: [part('o1', 'handled', 9)] })]);
    expect((await there())?.['handled']?.position).toBe(9);
  });
}
