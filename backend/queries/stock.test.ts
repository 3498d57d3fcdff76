/** A stock of which what was sold is folded before what was received. */
import { describe, expect, it } from 'vitest';
import { MemoryModels, MemoryStore } from '../../projections/model/memory-models.ts';
import type { Sum } from '../domain/exact.ts';
import type { Recorded } from '../events/codec.ts';
import type { ProductId, StockReceived } from '../events/events.ts';
import { LiveStatsSource } from '../live/live-stats.ts';
import { readStats } from './stats.ts';
import { collectionsFor, foldInto, line, placed, Recorder } from './testing.ts';

const NOON = Date.parse('2026-11-22T12:00:00.000Z');
const COLLECTIONS = collectionsFor('stock');
const OPTIONS = { at: NOON, timeZone: 'UTC', currency: 'SEK', collections: COLLECTIONS };

const received: StockReceived = {
  type: 'StockReceived',
  version: 1,
  id: 'p-1/opening',
  at: '2026-11-22T11:00:00.000Z',
  source: 'live',
  productId: 'p-1' as ProductId,
  quantity: 10,
  reason: 'initial',
};

/** Ten units came in, three went out; only that is folded. */
async function soldBeforeReceived(): Promise<{ readonly models: MemoryModels; readonly delivery: Recorded }> {
  const models = new MemoryModels(new MemoryStore());
  const recorder = new Recorder();
  const delivery = recorder.record(received);
  const stock = Array.from({ length: 6 }, (_, partition) => (partition === delivery.partition ? delivery.offset : -1));
  const order = placed('o-1', NOON - 1_000, { lines: [line('p-1', 3, 100)], stock });
  await foldInto(models, COLLECTIONS, [recorder.record(order)]);
  return { models, delivery };
}

const balanceIn = ({ stock }: { readonly stock: readonly { readonly balance: Sum }[] }): Sum | undefined =>
  stock[0]?.balance;

describe('a stock', () => {
  it('waits for the delivery that its orders were decided on', async () => {
    const { models, delivery } = await soldBeforeReceived();
    let looks = 0;
    const renew = async (): Promise<void> => {
      looks += 1;
      if (looks === 3) await foldInto(models, COLLECTIONS, [delivery]);
    };
    expect(balanceIn(await readStats(models, { ...OPTIONS, renew }))).toBe(7);
    expect(looks).toBe(3);
    expect(balanceIn(await readStats(models, { ...OPTIONS, renew }))).toBe(7);
    expect(looks).toBe(3);
  });

  it('waits live, too', async () => {
    const { models, delivery } = await soldBeforeReceived();
    const source = new LiveStatsSource({ models, collections: () => Promise.resolve(COLLECTIONS), timeZone: 'UTC', currency: 'SEK' }); // prettier-ignore
    const looking = source.look(NOON);
    setTimeout(() => void folded(), 100);
    const folded = async (): Promise<void> => {
      await foldInto(models, COLLECTIONS, [delivery]);
      const { topic, partition, offset } = delivery;
      const collection = COLLECTIONS['stock'] ?? '';
      source.note([{ collection, topic, partition, previous: -1, position: offset, keys: null }]);
    };
    expect(balanceIn((await looking).stats)).toBe(7);
  });

  it('is what it is when the delivery does not come', async () => {
    const { models } = await soldBeforeReceived();
    const started = performance.now();
    const stats = await readStats(models, OPTIONS);
    expect(balanceIn(stats)).toBe(-3);
    expect(stats.positions['stock']?.stock).toEqual([-1, -1, -1, -1, -1, -1]);
    // Half a second, less what timers may fire early.
    expect(performance.now() - started).toBeGreaterThan(400);
  });
});
