import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryModels, MemoryStore } from '../../projections/model/memory-models.ts';
import { boundsOf, dayOf } from '../domain/calendar.ts';
import type { OrderPlaced } from '../events/events.ts';
import { readSalesByCountry } from './countries.ts';
import { collectionsFor, foldInto, line, placed, Recorder } from './testing.ts';

const COLLECTIONS = collectionsFor('c');
/** Days of 24, 25, 23 and 23½ hours, and one that begins at one o'clock. */
const DAYS = [
  ['Europe/Stockholm', '2026-11-22'],
  ['Europe/Stockholm', '2026-10-25'],
  ['Europe/Stockholm', '2027-03-28'],
  ['Australia/Lord_Howe', '2026-10-04'],
  ['Asia/Kathmandu', '2026-11-22'],
  ['America/Asuncion', '2024-10-06'],
] as const;

function placedIn(country: string, index: number, at: number, amount: number): OrderPlaced {
  const order = placed(`o-${index}`, at, { lines: [line('p-1', 1, amount)] });
  return { ...order, customer: { ...order.customer, country } };
}

async function modelsOf(orders: readonly OrderPlaced[]): Promise<MemoryModels> {
  const models = new MemoryModels(new MemoryStore());
  const recorder = new Recorder();
  await foldInto(models, COLLECTIONS, orders.map((order) => recorder.record(order))); // prettier-ignore
  return models;
}

describe('sales by country', () => {
  it('are those of a brute-force count, hour by hour, on days of any length', async () => {
    const order = fc.record({
      country: fc.constantFrom('Sweden', 'Norway', '', '__proto__', 'U.S.A.'),
      ms: fc.integer({ min: -7_200_000, max: 97_200_000 }),
      amount: fc.integer({ min: 0, max: 10_000 }),
    });
    const untils = fc.option(fc.integer({ min: -3_600_000, max: 93_600_000 }));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...DAYS),
        fc.array(order, { maxLength: 40 }),
        untils,
        async (named, some, ms) => {
          const [timeZone, day] = named;
          const { from } = boundsOf(day, timeZone);
          const until = ms === null ? null : from + ms;
          const orders = some.map((each, index) => placedIn(each.country, index, from + each.ms, each.amount));
          const models = await modelsOf(orders);
          const options = { timeZone, collections: COLLECTIONS, ...(until === null ? {} : { until }) };
          const { countries } = await readSalesByCountry(models, day, options);
          const counted = orders.filter(({ at }) => {
            const inTime = until === null || Math.floor(Date.parse(at) / 60_000) <= Math.floor(until / 60_000);
            return inTime && dayOf(Date.parse(at), timeZone) === day;
          });
          expect(countries.map(({ country }) => country).sort()).toEqual(
            [...new Set(counted.map(({ customer }) => customer.country))].sort(),
          );
          for (const { country, orders: count, sales, hours } of countries) {
            const own = counted.filter(({ customer }) => customer.country === country);
            expect({ count, sales }).toEqual({
              count: own.length,
              sales: own.reduce((sum, { total }) => sum + total, 0),
            });
            for (const hour of hours) {
              const within = own.filter(({ at }) => Date.parse(at) >= hour.from && Date.parse(at) < hour.to);
              expect(hour).toMatchObject({
                orders: within.length,
                sales: within.reduce((sum, { total }) => sum + total, 0),
              });
            }
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('have as many hours as the day, and the largest country first', async () => {
    for (const [day, hours] of [
      ['2026-11-22', 24],
      ['2026-10-25', 25],
      ['2027-03-28', 23],
    ] as const) {
      // prettier-ignore
      const { from, to } = boundsOf(day, 'Europe/Stockholm');
      const models = await modelsOf([placedIn('Norway', 1, from, 1), placedIn('Sweden', 2, to - 1, 2)]);
      const { countries } = await readSalesByCountry(models, day, {
        timeZone: 'Europe/Stockholm',
        collections: COLLECTIONS,
      });
      expect(countries.map(({ country }) => country)).toEqual(['Sweden', 'Norway']);
      expect(countries[0]?.hours).toHaveLength(hours);
      expect(countries[0]?.hours.at(-1)).toMatchObject({ to, orders: 1, sales: 2 });
    }
  });
});
