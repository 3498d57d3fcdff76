import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryModels, MemoryStore } from '../../projections/model/memory-models.ts';
import { readSeries } from './series.ts';
import { collectionsFor, foldInto, handled, line, placed, Recorder } from './testing.ts';

const ZONES = ['Europe/Stockholm', 'UTC', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Atlantic/Azores'];
/** Nights on which an hour comes twice, or half of one is left out. */
const AROUND = ['2026-10-25T00:00:00.000Z', '2026-10-03T15:00:00.000Z', '2026-11-22T23:00:00.000Z'];
const LENGTHS: Readonly<Record<string, number>> = {
  SECOND: 1_000,
  MINUTE: 60_000,
  FIVE_MINUTES: 300_000,
  QUARTER: 900_000,
  HOUR: 3_600_000,
};

/** Where buckets begin and the last one ends, straight from what they mean. */
function edgesOf(bucket: string, from: number, to: number, zone: string): number[] {
  const edges: number[] = [];
  if (bucket === 'DAY') {
    const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone });
    // Days begin with a quarter of an hour in these zones; none has more than 26 hours.
    const quarter = LENGTHS['QUARTER'] ?? 0;
    for (let at = Math.floor(from / quarter) * quarter - 26 * 4 * quarter; ; at += quarter) {
      if (format.format(at) === format.format(at - 1)) continue;
      if (at <= from) edges.length = 0;
      edges.push(at);
      if (at >= to) return edges;
    }
  }
  const first = Math.floor(from / 1_000) * 1_000;
  for (let edge = first; ; edge += LENGTHS[bucket] ?? 0) {
    edges.push(edge);
    if (edge >= to) return edges;
  }
}

const world = fc.record({
  around: fc.constantFrom(...AROUND),
  zone: fc.constantFrom(...ZONES),
  bucket: fc.constantFrom('SECOND', 'MINUTE', 'FIVE_MINUTES', 'QUARTER', 'HOUR', 'DAY'),
  start: fc.integer({ min: -90_000_000, max: 90_000_000 }),
  /** Of what the bucket allows. */
  span: fc.double({ min: 0.001, max: 1, noNaN: true }),
  events: fc.array(
    fc.record({
      after: fc.integer({ min: -100_000_000, max: 100_000_000 }),
      price: fc.integer({ min: 0, max: 9_999 }),
      partition: fc.integer({ min: 0, max: 5 }),
      isHandled: fc.boolean(),
    }),
    { maxLength: 60 },
  ),
});

describe('a series', () => {
  it('has in each bucket what brute force counts there, in any zone', async () => {
    const property = fc.asyncProperty(world, async ({ around, zone, bucket, start, span, events }) => {
      const from = Date.parse(around) + start;
      const most = bucket === 'DAY' ? 8 * 86_400_000 : Math.min(8 * 86_400_000, 2_000 * (LENGTHS[bucket] ?? 0) - 1_000);
      const to = from + Math.max(1, Math.floor(most * span));
      const recorder = new Recorder();
      const records = events.map(({ after, price, partition, isHandled }, n) => {
        const at = Date.parse(around) + after;
        const lines = [line('p-1', 1, price)];
        return recorder.record(
          isHandled ? handled(`o-${n}`, at, { lines }) : placed(`o-${n}`, at, { lines }),
          partition,
        );
      });
      const models = new MemoryModels(new MemoryStore());
      const collections = collectionsFor('s');
      await foldInto(models, collections, records);
      const options = { from, to, bucket: bucket, timeZone: zone, collections };
      const series = await readSeries(models, options);
      const edges = edgesOf(bucket, from, to, zone);
      const second = (at: number): number => Math.floor(at / 1_000) * 1_000;
      const expected = edges.slice(0, -1).map((first, index) => {
        const end = edges[index + 1] ?? 0;
        const inside = records.filter(({ at }) => second(at) >= first && second(at) < end).map(({ event }) => event);
        const orders = inside.flatMap((event) => (event.type === 'OrderPlaced' ? [event] : []));
        return {
          from: first,
          to: end,
          orders: orders.length,
          sales: orders.reduce((sum, { total }) => sum + total, 0),
          handled: inside.length - orders.length,
        };
      });
      expect(series.buckets).toEqual(expected);
      expect([series.from, series.to]).toEqual([edges[0], edges.at(-1)]);
    });
    await fc.assert(property, { numRuns: 200 });
  }, 60_000);

  it.each([
    ['ends before it begins', 10_000, 10_000, 'MINUTE', /before/],
    ['is too long', 0, 9 * 86_400_000, 'HOUR', /8 days/],
    ['has too many buckets', 0, 3_600_000, 'SECOND', /2000 at most|2,?000 at most/],
  ] as const)('is refused when it %s', async (_why, from, to, bucket, message) => {
    const models = new MemoryModels(new MemoryStore());
    const options = { from, to, bucket, timeZone: 'UTC', collections: collectionsFor('s') };
    await expect(readSeries(models, options)).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringMatching(message) as string,
    });
  });
});
