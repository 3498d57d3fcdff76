/** Reads between the single writes of flushes, in an order that a seed decides. */
import { describe, expect, it } from 'vitest';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { MemoryModels, MemoryStore } from '../../projections/model/memory-models.ts';
import type { Flush, FoldedDocument } from '../ports/read-models.ts';
import { readConsistently } from './consistent-read.ts';

const SOURCES = [
  { topic: 'orders', partition: 0 },
  { topic: 'orders', partition: 3 },
] as const;
/** Enough that reads settle at many positions on the way, however fast the machine is. */
const EVENTS = 200;
const KEYS = ['a', 'b', 'm', 'n'];

/** Event n of any partition adds n + 1 to two documents of each collection, and its position is 2n. */
function flushesOf(n: number, bodies: Map<string, { position: number; sum: number }>): Flush[] {
  return ['one', 'two'].flatMap((collection) =>
    SOURCES.map((source) => {
      const documents = [KEYS[n % 2], KEYS[2 + (n % 2)]].map((key = '') => {
        const id = `${collection} ${source.partition} ${key}`;
        const before = bodies.get(id);
        const after = { position: 2 * n, sum: (before?.sum ?? 0) + n + 1 };
        bodies.set(id, after);
        return { key, previous: before?.position ?? null, position: after.position, body: { sum: after.sum } };
      });
      return { collection, ...source, documents, parts: [], previous: n === 0 ? -1 : 2 * n - 2, position: 2 * n };
    }),
  );
}

const expectedAt = (position: number): number => {
  let sum = 0;
  for (let n = 0; 2 * n <= position; n++) sum += n + 1;
  return sum;
};

const sumOf = (documents: readonly FoldedDocument[], partition: number): number =>
  documents.filter((each) => each.partition === partition).reduce((sum, each) => sum + Number(each.body['sum']), 0);

/** Lets others go first, a random number of times, before every single read and write. */
function dawdling(seed: number, most: number): { before: () => Promise<void>; fails: () => boolean } {
  const random = xoroshiro128plus(seed);
  return {
    before: async () => {
      for (let turns = uniformInt(random, 0, most); turns > 0; turns--) await new Promise((r) => setImmediate(r));
    },
    fails: () => false,
  };
}

const range = (collection: string, from: string, to: string) => ({ collection, sources: SOURCES, from, to });

describe('a consistent read', () => {
  for (const equalPositions of [false, true]) {
    it(`stands at one position in all ranges while flushes go on (equal: ${equalPositions})`, async () => {
      const seen = new Set<number>();
      for (let seed = 1; seed <= 60; seed++) {
        const store = new MemoryStore();
        const writer = new MemoryModels(store, dawdling(seed, 8));
        const reader = new MemoryModels(store, dawdling(-seed, 8));
        await writer.ensureCollection('one');
        await writer.ensureCollection('two');
        const bodies = new Map<string, { position: number; sum: number }>();
        const writing = (async () => {
          for (let n = 0; n < EVENTS; n++) await writer.flush(flushesOf(n, bodies));
        })();
        for (let n = 0; n < 5; n++) {
          const { documents, positions } = await readConsistently(
            reader,
            { head: range('one', 'a', 'k'), tail: range('one', 'k', 'z'), two: range('two', 'a', 'z') },
            { equalPositions },
          );
          for (const { partition } of SOURCES) {
            const one = positions['one']?.orders?.[partition] ?? NaN;
            const two = positions['two']?.orders?.[partition] ?? NaN;
            seen.add(one);
            expect(2 * expectedAt(one), `seed ${seed}`).toBe(
              sumOf(documents.head, partition) + sumOf(documents.tail, partition),
            );
            expect(2 * expectedAt(two), `seed ${seed}`).toBe(sumOf(documents.two, partition));
            if (equalPositions) expect(one, `seed ${seed}`).toBe(two);
          }
        }
        await writing;
      }
      expect(seen.size).toBeGreaterThan(5);
    });
  }

  it('names partitions without a checkpoint −1', async () => {
    const models = new MemoryModels(new MemoryStore());
    const { positions, documents } = await readConsistently(models, { all: range('one', 'a', 'z') });
    expect(positions).toEqual({ one: { orders: [-1, -1, -1, -1, -1, -1] } });
    expect(documents.all).toEqual([]);
  });

  it('says UNAVAILABLE when a flush was left half done', async () => {
    const models = new MemoryModels(new MemoryStore());
    const [flush] = flushesOf(0, new Map());
    if (flush === undefined) throw new Error('no flush');
    await models.ensureCollection('one');
    expect(await models.flush([{ ...flush, previous: 7 }])).toEqual(['rejected']);
    await expect(readConsistently(models, { all: range('one', 'a', 'z') })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/did not come to rest \(one, orders\/0\).*projector/) as string,
    });
  });
});
