/** The part of the read models' contract that is about folded documents and checkpoints. */
import { expect, it } from 'vitest';
import {
  checkpointOf,
  COLLECTION,
  flushOf,
  folded,
  HANDLED_0,
  ORDERS_0,
  ORDERS_1,
  scanned,
  write,
  type Current,
} from './read-models.contract-kit.ts';

export function flushSuite(current: Current): void {
  writingSuite(current);
  rejectionSuite(current);
  racingSuite(current);
}

function writingSuite(current: Current): void {
  it('creates documents and replaces them whole', async () => {
    const { models } = current;
    const first = flushOf(ORDERS_0, -1, 5, {
      documents: [write('a', null, 3, { n: 1, gone: true }), write('b', null, 5)],
    });
    expect(await models.flush([first])).toEqual(['stored']);
    const second = flushOf(ORDERS_0, 5, 9, { documents: [write('a', 3, 9, { n: 2 })] });
    expect(await models.flush([second])).toEqual(['stored']);
    expect(await models.load(COLLECTION, ORDERS_0, ['b', 'none', 'a'])).toEqual(
      expect.arrayContaining([folded(ORDERS_0, 'a', 9, { n: 2 }), folded(ORDERS_0, 'b', 5)]),
    );
    expect(await scanned(models)).toHaveLength(2);
    expect(await checkpointOf(models, ORDERS_0)).toBe(9);
  });

  it('gives back any JSON value as it was', async () => {
    const { models } = current;
    const body = {
      integers: [0, 1, -1, 2 ** 31, -(2 ** 31) - 1, 2 ** 32, 2 ** 53 - 1, -(2 ** 53) + 1],
      fraction: 0.1,
      whole: 3.0,
      yes: true,
      nothing: null,
      text: 'åäö 漢字 🙂 "\\ \u0000 \u2028',
      nested: { list: [[], {}, [{ deep: [null] }]], 'with.dot': 1, $dollar: 2, '': 3, constructor: 4 },
      // A Long would come back as an object, and 2 ** 53 − 1 would not be what it was.
      seconds: Array.from({ length: 60 }, (_, second) => second * 1_000_000_007),
    };
    await models.flush([flushOf(ORDERS_0, -1, 1, { documents: [write('a', null, 1, body)] })]);
    expect(await models.load(COLLECTION, ORDERS_0, ['a'])).toStrictEqual([folded(ORDERS_0, 'a', 1, body)]);
  });

  it('compares positions as numbers, small and large', async () => {
    const { models } = current;
    const positions = [0, 9, 10, 99, 100, 2 ** 31 - 1, 2 ** 31, 2 ** 32 + 1, 2 ** 52, 2 ** 53 - 1];
    let previous = -1;
    for (const position of positions) {
      const documents = [write('a', previous === -1 ? null : previous, position)];
      expect(await models.flush([flushOf(ORDERS_0, previous, position, { documents })])).toEqual(['stored']);
      expect(await checkpointOf(models, ORDERS_0)).toBe(position);
      previous = position;
    }
    expect(await models.load(COLLECTION, ORDERS_0, ['a'])).toEqual([folded(ORDERS_0, 'a', 2 ** 53 - 1)]);
  });

  it('keeps the same key of different topic-partitions and collections apart', async () => {
    const { models } = current;
    await models.ensureCollection('stock-v1-g1');
    const flushes = [
      flushOf(ORDERS_0, -1, 1, { documents: [write('a', null, 1)] }),
      flushOf(ORDERS_1, -1, 2, { documents: [write('a', null, 2)] }),
      flushOf(HANDLED_0, -1, 3, { documents: [write('a', null, 3)] }),
      flushOf(ORDERS_0, -1, 4, { collection: 'stock-v1-g1', documents: [write('a', null, 4)] }),
    ];
    expect(await models.flush(flushes)).toEqual(['stored', 'stored', 'stored', 'stored']);
    expect(await models.load(COLLECTION, ORDERS_1, ['a'])).toEqual([folded(ORDERS_1, 'a', 2)]);
    expect(await models.load('stock-v1-g1', ORDERS_0, ['a'])).toEqual([folded(ORDERS_0, 'a', 4)]);
    const checkpoints = await models.checkpoints([COLLECTION, 'stock-v1-g1']);
    expect(checkpoints.map((each) => each.position).sort()).toEqual([1, 2, 3, 4]);
    expect(await models.checkpoints(['stock-v1-g1'])).toEqual([
      { collection: 'stock-v1-g1', topic: 'orders', partition: 0, position: 4 },
    ]);
    expect(await models.checkpoints([])).toEqual([]);
  });

  it('moves checkpoints without documents, and takes an empty list', async () => {
    const { models } = current;
    expect(await models.flush([])).toEqual([]);
    expect(await models.flush([flushOf(ORDERS_0, -1, 10), flushOf(ORDERS_1, -1, 0)])).toEqual(['stored', 'stored']);
    expect(await models.flush([flushOf(ORDERS_0, 10, 20)])).toEqual(['stored']);
    expect(await checkpointOf(models, ORDERS_0)).toBe(20);
    expect(await checkpointOf(models, ORDERS_1)).toBe(0);
    expect(await models.isEmpty(COLLECTION, ORDERS_0)).toBe(true);
  });
}

function rejectionSuite(current: Current): void {
  it.each([
    ['that exists as if it were new', write('a', null, 9)],
    ['with an older position than expected', write('a', 6, 9)],
    ['with a newer position than expected', write('a', 4, 9)],
    ['that is not there', write('b', 5, 9)],
  ])('rejects a flush that replaces a document %s, and leaves its checkpoint', async (_what, stale) => {
    const { models } = current;
    await models.flush([flushOf(ORDERS_0, -1, 5, { documents: [write('a', null, 5)] })]);
    const bad = flushOf(ORDERS_0, 5, 9, { documents: [write('x', null, 9), stale, write('y', null, 9)] });
    expect(await models.flush([bad])).toEqual(['rejected']);
    expect(await checkpointOf(models, ORDERS_0)).toBe(5);
    expect(await models.load(COLLECTION, ORDERS_0, ['a'])).toEqual([folded(ORDERS_0, 'a', 5)]);
    expect(await models.load(COLLECTION, ORDERS_0, ['b'])).toEqual([]);
  });

  it('lets the other flushes of the call through', async () => {
    const { models } = current;
    await models.flush([flushOf(ORDERS_0, -1, 5, { documents: [write('a', null, 5)] })]);
    const outcomes = await models.flush([
      flushOf(ORDERS_1, -1, 3, { documents: [write('a', null, 3), write('b', null, 2)] }),
      flushOf(ORDERS_0, 5, 9, { documents: [write('a', 4, 9)] }),
      flushOf(HANDLED_0, -1, 8, { documents: [write('a', null, 8)] }),
    ]);
    expect(outcomes).toEqual(['stored', 'rejected', 'stored']);
    expect(await checkpointOf(models, ORDERS_0)).toBe(5);
    expect(await checkpointOf(models, ORDERS_1)).toBe(3);
    expect(await checkpointOf(models, HANDLED_0)).toBe(8);
    expect(await models.load(COLLECTION, ORDERS_1, ['a', 'b'])).toHaveLength(2);
  });

  it('rejects a flush whose checkpoint was moved by somebody else', async () => {
    const { models } = current;
    // Expected although there is none; expected absent although there is one; another one than there is.
    expect(await models.flush([flushOf(ORDERS_0, 3, 9)])).toEqual(['rejected']);
    expect(await checkpointOf(models, ORDERS_0)).toBe(-1);
    await models.flush([flushOf(ORDERS_0, -1, 5)]);
    for (const previous of [-1, 4, 6]) {
      // Each to a position of its own: one that is stored already may count as stored.
      expect(await models.flush([flushOf(ORDERS_0, previous, 9), flushOf(ORDERS_1, -1, previous + 10)])).toEqual([
        'rejected',
        previous === -1 ? 'stored' : 'rejected',
      ]);
    }
    expect(await checkpointOf(models, ORDERS_0)).toBe(5);
    expect(await checkpointOf(models, ORDERS_1)).toBe(9);
  });

  it('can be gone on with after a rejection, from what is stored', async () => {
    const { models } = current;
    await models.flush([flushOf(ORDERS_0, -1, 5, { documents: [write('a', null, 5)] })]);
    expect(
      await models.flush([flushOf(ORDERS_0, 5, 9, { documents: [write('a', 3, 9), write('b', null, 9)] })]),
    ).toEqual(['rejected']);
    // `b` may have been stored or not; whoever goes on looks first.
    const stored = new Map(
      (await models.load(COLLECTION, ORDERS_0, ['a', 'b'])).map((each) => [each.key, each.position]),
    );
    const documents = ['a', 'b'].map((key) => write(key, stored.get(key) ?? null, 12));
    expect(await models.flush([flushOf(ORDERS_0, 5, 12, { documents })])).toEqual(['stored']);
    expect(await checkpointOf(models, ORDERS_0)).toBe(12);
    expect((await models.load(COLLECTION, ORDERS_0, ['a', 'b'])).map((each) => each.position)).toEqual([12, 12]);
  });
}

function racingSuite(current: Current): void {
  it('lets exactly one of two handles win each round', async () => {
    const { models, reopen } = current;
    const handles = [models, await reopen()];
    let previous = -1;
    for (let round = 1; round <= 25; round++) {
      const position = round * 10;
      const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);
      const outcomes = await Promise.all(
        handles.map((handle, index) => {
          const documents = keys.map((key) =>
            write(key, previous === -1 ? null : previous, position + index, { index }),
          );
          return handle.flush([flushOf(ORDERS_0, previous, position + index, { documents })]);
        }),
      );
      const stored = outcomes.flat().filter((outcome) => outcome === 'stored');
      expect(stored.length).toBeLessThanOrEqual(1);
      if (stored.length === 1) {
        const winner = outcomes.findIndex(([outcome]) => outcome === 'stored');
        expect(await checkpointOf(models, ORDERS_0)).toBe(position + winner);
        const documents = await models.load(COLLECTION, ORDERS_0, keys);
        expect(documents.map((each) => each.body)).toEqual(keys.map(() => ({ index: winner })));
        previous = position + winner;
      } else {
        // Each took some documents of the other's: nobody won, and the next one starts from what is stored.
        expect(await checkpointOf(models, ORDERS_0)).toBe(previous);
        const stored = new Map(
          (await models.load(COLLECTION, ORDERS_0, keys)).map((each) => [each.key, each.position]),
        );
        const mended = position + 5;
        const documents = keys.map((key) => write(key, stored.get(key) ?? null, mended));
        expect(await models.flush([flushOf(ORDERS_0, previous, mended, { documents })])).toEqual(['stored']);
        previous = mended;
      }
    }
  });

  it('loses nothing when both handles create many documents of different sources at once', async () => {
    const { models, reopen } = current;
    const other = await reopen();
    const documents = Array.from({ length: 500 }, (_, index) => write(`k${index}`, null, index));
    const flushes = [ORDERS_0, ORDERS_1, HANDLED_0].map((source) => flushOf(source, -1, 499, { documents }));
    const outcomes = await Promise.all(flushes.map((each, index) => (index === 1 ? other : models).flush([each])));
    expect(outcomes.flat()).toEqual(['stored', 'stored', 'stored']);
    expect(await scanned(models)).toHaveLength(1_500);
    const some = await scanned(models, COLLECTION, ({ topic, partition, key }) => {
      return topic === 'orders' && partition === 1 && key.endsWith('7');
    });
    expect(some).toHaveLength(50);
    for (const document of some) {
      expect(document).toMatchObject({ topic: 'orders', partition: 1, body: documents[document.position]?.body });
      expect(document.key).toBe(`k${document.position}`);
    }
  });
}
