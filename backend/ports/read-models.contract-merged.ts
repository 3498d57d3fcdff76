/** The part of the read models' contract that is about merged documents: parts that come in any order. */
import { expect, it } from 'vitest';
import {
  checkpointOf,
  COLLECTION,
  flushOf,
  HANDLED_0,
  ORDERS_0,
  ORDERS_1,
  part,
  scannedMerged,
  type Current,
} from './read-models.contract-kit.ts';

const placed = { position: 3, fields: { at: 3, total: 2 ** 40, lines: [{ q: 1 }] } };
const handled = { position: 8, fields: { at: 8, attempt: 1 } };
const placedWrite = part('o1', 'placed', 3, placed.fields);
const handledWrite = part('o1', 'handled', 8, handled.fields);

export function mergedSuite(current: Current): void {
  orderSuite(current);
  positionSuite(current);
  bulkSuite(current);
}

function orderSuite(current: Current): void {
  it('merges parts that come in either order, in calls of their own', async () => {
    const { models } = current;
    const flushes = [
      flushOf(ORDERS_0, -1, 3, { parts: [placedWrite] }),
      flushOf(HANDLED_0, -1, 8, { parts: [handledWrite] }),
    ];
    for (const each of flushes) expect(await models.flush([each])).toEqual(['stored']);
    expect(await models.merged(COLLECTION, ['o1'])).toEqual([{ id: 'o1', parts: { placed, handled } }]);
    await models.ensureCollection('orders-v1-g2');
    for (const each of flushes.reverse())
      expect(await models.flush([{ ...each, collection: 'orders-v1-g2' }])).toEqual(['stored']);
    expect(await models.merged('orders-v1-g2', ['o1'])).toEqual([{ id: 'o1', parts: { placed, handled } }]);
  });

  it('merges parts of the same document that come in one call', async () => {
    const { models } = current;
    const handledO2 = part('o2', 'handled', 9);
    const outcomes = await models.flush([
      flushOf(HANDLED_0, -1, 9, { parts: [handledWrite, handledO2] }),
      flushOf(ORDERS_0, -1, 3, { parts: [placedWrite] }),
    ]);
    expect(outcomes).toEqual(['stored', 'stored']);
    expect(await models.merged(COLLECTION, ['o1', 'o2', 'o3'])).toEqual(
      expect.arrayContaining([
        { id: 'o1', parts: { placed, handled } },
        { id: 'o2', parts: { handled: { position: 9, fields: { at: 9 } } } },
      ]),
    );
    expect(await scannedMerged(models)).toHaveLength(2);
    const wanted = await scannedMerged(models, COLLECTION, (id) => id === 'o1');
    expect(wanted).toEqual([{ id: 'o1', parts: { placed, handled } }]);
    expect(await checkpointOf(models, HANDLED_0)).toBe(9);
  });

  it('keeps ids of all kinds of characters apart', async () => {
    const { models } = current;
    const ids = ['a', 'ap', 'a/b', 'a.b', '$a', '漢', '🙂', 'a b', 'x'.repeat(100), 'é'.repeat(100)];
    const parts = ids.flatMap((id) => [part(id, 'placed', 1, { id }), part(id, 'laced', 2, { id })]);
    expect(await models.flush([flushOf(ORDERS_0, -1, 2, { parts })])).toEqual(['stored']);
    for (const id of ids) {
      const expected = { placed: { position: 1, fields: { id } }, laced: { position: 2, fields: { id } } };
      expect(await models.merged(COLLECTION, [id])).toEqual([{ id, parts: expected }]);
    }
    expect((await scannedMerged(models)).map((each) => each.id).sort()).toEqual([...ids].sort());
  });
}

function positionSuite(current: Current): void {
  it('takes a part that comes again as in already, without a rejection', async () => {
    const { models } = current;
    await models.flush([flushOf(ORDERS_0, -1, 3, { parts: [placedWrite] })]);
    const repeated = flushOf(ORDERS_0, 3, 5, { parts: [placedWrite, part('o2', 'placed', 5)] });
    expect(await models.flush([repeated])).toEqual(['stored']);
    expect(await models.merged(COLLECTION, ['o1'])).toEqual([{ id: 'o1', parts: { placed } }]);
    expect(await models.merged(COLLECTION, ['o2'])).toHaveLength(1);
    expect(await checkpointOf(models, ORDERS_0)).toBe(5);
  });

  it('replaces a part whole by a later one, never by an earlier one', async () => {
    const { models } = current;
    await models.flush([flushOf(ORDERS_0, -1, 8, { parts: [part('o1', 'placed', 5, { a: 1, b: 2 }), handledWrite] })]);
    await models.flush([flushOf(ORDERS_0, 8, 10, { parts: [part('o1', 'placed', 10, { a: 3 })] })]);
    const expected = [{ id: 'o1', parts: { placed: { position: 10, fields: { a: 3 } }, handled } }];
    expect(await models.merged(COLLECTION, ['o1'])).toEqual(expected);
    expect(
      await models.flush([flushOf(ORDERS_0, 10, 11, { parts: [part('o1', 'placed', 9, { old: true })] })]),
    ).toEqual(['stored']);
    expect(await models.merged(COLLECTION, ['o1'])).toEqual(expected);
  });

  it('keeps the latest of several writes of one part in one flush', async () => {
    const { models } = current;
    const parts = [part('o1', 'placed', 1, { n: 1 }), part('o1', 'placed', 2, { n: 2 })];
    expect(await models.flush([flushOf(ORDERS_0, -1, 2, { parts })])).toEqual(['stored']);
    expect(await models.merged(COLLECTION, ['o1'])).toEqual([
      { id: 'o1', parts: { placed: { position: 2, fields: { n: 2 } } } },
    ]);
  });

  it('rejects by the checkpoint alone', async () => {
    const { models } = current;
    await models.flush([flushOf(ORDERS_0, -1, 3, { parts: [placedWrite] })]);
    const outcomes = await models.flush([
      flushOf(ORDERS_0, -1, 5, { parts: [part('o9', 'placed', 5)] }),
      flushOf(ORDERS_1, -1, 5, { parts: [part('o8', 'placed', 5)] }),
    ]);
    expect(outcomes).toEqual(['rejected', 'stored']);
    expect(await checkpointOf(models, ORDERS_0)).toBe(3);
    expect(await models.merged(COLLECTION, ['o8'])).toHaveLength(1);
  });
}

function bulkSuite(current: Current): void {
  it('merges thousands of parts from racing handles, new and known ones mixed', async () => {
    const { models, reopen } = current;
    const other = await reopen();
    const count = 3_000;
    const all = (name: string, position: number, from: number) =>
      Array.from({ length: count - from }, (_, index) => part(`order-${from + index}`, name, position + index));
    const outcomes = await Promise.all([
      models.flush([flushOf(ORDERS_0, -1, count, { parts: all('placed', 0, 0) })]),
      other.flush([flushOf(HANDLED_0, -1, count, { parts: all('handled', 0, 1_000) })]),
    ]);
    expect(outcomes.flat()).toEqual(['stored', 'stored']);
    const again = await Promise.all([
      other.flush([flushOf(ORDERS_0, count, count + 1, { parts: all('placed', 0, 500) })]),
      models.flush([flushOf(HANDLED_0, count, count + 1, { parts: all('handled', 0, 0) })]),
    ]);
    expect(again.flat()).toEqual(['stored', 'stored']);
    const documents = await scannedMerged(models);
    expect(documents).toHaveLength(count);
    expect(documents.every((each) => Object.keys(each.parts).sort().join() === 'handled,placed')).toBe(true);
    expect(await checkpointOf(models, ORDERS_0)).toBe(count + 1);
  });
}
