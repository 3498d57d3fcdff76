/** Sums beyond 2^53: equal only where it says so, never where a version of before has rounded. */
import { expect, it } from 'vitest';
import { PROJECTIONS } from '../../projections/index.ts';
import type { Projection } from '../../projections/projection.ts';
import { quarterOf, secondOf, type SecondSums } from '../../projections/quarter.ts';
import { sales } from '../../projections/sales.ts';
import { BEYOND } from '../domain/exact.ts';
import { encode, type NewRecord } from '../events/codec.ts';
import { partitionOf } from '../events/topics.ts';
import { readStats } from '../queries/stats.ts';
import { line, placed } from '../queries/testing.ts';
import { bruteForceStats } from './brute-force-stats.ts';
import { COLLECTIONS, named, Shop } from './verify-test-kit.ts';
import { verify, type Verification } from './verify.ts';

const AT = Date.parse('2026-11-22T12:00:00.000Z');
const TOTAL = 6_014_814_814_680_000;
const OPTIONS = { at: AT, timeZone: 'UTC', currency: 'SEK' };

/** As it was before: rounded, without a word. */
const rounding: Projection = {
  ...sales,
  evolve: (sums: SecondSums, { event, at }) => {
    if (event.type !== 'OrderPlaced') return;
    const second = secondOf(at);
    sums.total = Number(sums.total) + event.total;
    sums.seconds[second] = Number(sums.seconds[second] ?? 0) + event.total;
  },
};
const BEFORE = PROJECTIONS.map((each) => (each.name === 'sales' ? rounding : each));

const IDS = Array.from({ length: 100 }, (_, n) => `o-${n}`).filter((id) => partitionOf(id) === 0);

/** Orders of one partition, from the `first` on: two of them are beyond. */
const orders = (first: number, count: number): NewRecord[] =>
  IDS.slice(first, first + count).map((id) =>
    encode(placed(id, AT - 1_000, { lines: [line('Q-1', 12, TOTAL / 12), line('Q-2', 1, 1)] })),
  );

const judge = ({ log, models }: Shop): Promise<Verification> => verify({ log, models, collections: COLLECTIONS });

it('documents that say so are equal, and every other figure comes', async () => {
  const shop = new Shop();
  await shop.append(orders(0, 3));
  await shop.fold();
  const result = await judge(shop);
  expect(result.projections.flatMap(({ differences }) => differences)).toEqual([]);
  const stats = await readStats(shop.models, { ...OPTIONS, collections: COLLECTIONS });
  expect(stats).toMatchObject({ ordersToday: 3, salesToday: BEYOND, salesLastHour: BEYOND });
  expect(stats).toMatchObject(await bruteForceStats(shop.log, OPTIONS));
  expect(stats.stock).toMatchObject([{ balance: -36, soldToday: 36 }, { balance: -3 }]);
});

it('what an earlier version has rounded is not equal, and not given', async () => {
  const shop = new Shop();
  await shop.append(orders(0, 3));
  await shop.fold(BEFORE);
  const result = await judge(shop);
  expect(result.ok).toBe(false);
  const rounded = { expected: BEYOND, actual: 3 * (TOTAL + 1) };
  expect(named(result, 'sales').differences).toMatchObject(
    ['total', 'seconds.899'].map((path) => ({ path, ...rounded })),
  );
  const given = (): Promise<object> => readStats(shop.models, { ...OPTIONS, collections: COLLECTIONS });
  expect(await given()).toMatchObject({ ordersToday: 3, salesToday: BEYOND, salesLastHour: BEYOND });

  await shop.append(orders(3, 2));
  await shop.fold();
  expect((await judge(shop)).projections.flatMap(({ differences }) => differences)).toEqual([]);
  expect(await given()).toMatchObject({ ordersToday: 5, salesToday: BEYOND, salesLastHour: BEYOND });
});

it('keeps to the second what can be given of a quarter that cannot', async () => {
  const shop = new Shop();
  await shop.append(orders(0, 2));
  const later = placed('o-9', AT, { lines: [line('Q-2', 1, 7)] });
  await shop.append([encode(later)]);
  await shop.fold();
  const early = { ...OPTIONS, at: AT + 3_600_000 - 1, collections: COLLECTIONS };
  expect(await readStats(shop.models, early)).toMatchObject({ salesToday: BEYOND, salesLastHour: 7 });
  expect(quarterOf(AT)).not.toBe(quarterOf(AT - 1_000));
});
