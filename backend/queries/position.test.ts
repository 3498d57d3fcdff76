import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryModels, MemoryStore } from '../../projections/model/memory-models.ts';
import { ManualClock } from '../ports/clock.ts';
import { decodePosition, encodePosition, leastOf, reached } from './position.ts';

const COLLECTIONS = { sales: 'sales-1', stock: 'stock-1', orders: 'orders-1' };

const position = fc.record({
  offsets: fc.uniqueArray(
    fc.record({
      topic: fc.constantFrom('orders', 'stock', 'handled-orders'),
      partition: fc.nat({ max: 5 }),
      offset: fc.nat(),
    }),
    { selector: ({ topic, partition }) => `${topic}/${partition}` },
  ),
  at: fc.nat({ max: 4_000_000_000_000 }),
});

async function modelsAt(checkpoints: Readonly<Record<string, number>>): Promise<MemoryModels> {
  const models = new MemoryModels(new MemoryStore());
  for (const [name, offset] of Object.entries(checkpoints)) {
    const [collection = '', topic, partition] = name.split(' ');
    await models.ensureCollection(collection);
    const source = { collection, topic: topic as 'orders', partition: Number(partition) };
    await models.flush([{ ...source, documents: [], parts: [], previous: -1, position: offset }]);
  }
  return models;
}

describe('a position', () => {
  it('is what it was after its travels', () => {
    fc.assert(
      fc.property(position, (given) => {
        const sort = ({ offsets, at }: ReturnType<typeof decodePosition>) => ({
          at,
          offsets: [...offsets].sort((a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition),
        });
        const made = given as ReturnType<typeof decodePosition>;
        expect(sort(decodePosition(encodePosition(made)))).toEqual(sort(made));
      }),
    );
  });

  it.each([
    '',
    'nonsense',
    Buffer.from('{"p":{"orders":{"0":-1}},"t":0}').toString('base64url'),
    Buffer.from('{"p":{"orders":{"zero":1}},"t":0}').toString('base64url'),
    Buffer.from('{"p":{"__proto__x":{"0":1}},"t":0}').toString('base64url'),
    'x'.repeat(10_000),
  ])('is refused when it is none: %.20s', (text) => {
    expect(() => decodePosition(text)).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
  });

  it('of several projections is the least of them', () => {
    const least = leastOf({ sales: { orders: [5, -1, 7] }, stock: { orders: [4, 3, 9], stock: [2] } }, 17);
    expect(least.at).toBe(17);
    expect(least.offsets).toEqual([
      { topic: 'orders', partition: 0, offset: 4 },
      { topic: 'orders', partition: 2, offset: 7 },
      { topic: 'stock', partition: 0, offset: 2 },
    ]);
  });
});

describe('waiting for a position', () => {
  const asked = { offsets: [{ topic: 'orders', partition: 1, offset: 10 } as const], at: 0 };
  const common = { clock: new ManualClock(0), collections: COLLECTIONS, position: asked, timeoutMs: 0 };

  it('ends when every projection of the topic is there', async () => {
    const models = await modelsAt({ 'sales-1 orders 1': 10, 'stock-1 orders 1': 12 });
    await reached({ ...common, models, projections: ['sales', 'stock'] });
    const behind = await modelsAt({ 'sales-1 orders 1': 10, 'stock-1 orders 1': 9 });
    await expect(reached({ ...common, models: behind, projections: ['sales', 'stock'] })).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
  });

  it('does not wait for projections that are not folded from the topic', async () => {
    const models = await modelsAt({});
    await reached({ ...common, models, projections: ['daily-reports'], collections: { 'daily-reports': 'r' } });
  });

  it('goes on as soon as the flush has come', async () => {
    const models = await modelsAt({ 'sales-1 orders 1': 3 });
    const clock = new ManualClock(0);
    let done = false;
    const waiting = reached({ ...common, models, clock, projections: ['sales'], timeoutMs: 1_000 }).then(
      () => (done = true),
    );
    const settle = async (): Promise<void> => {
      for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    };
    clock.advance(50);
    await settle();
    expect(done).toBe(false);
    await models.flush([
      { collection: 'sales-1', topic: 'orders', partition: 1, documents: [], parts: [], previous: 3, position: 10 },
    ]);
    clock.advance(50);
    await settle();
    await waiting;
    expect(done).toBe(true);
  });
});
