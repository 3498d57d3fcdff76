import { describe, expect, it } from 'vitest';
import { PROJECTIONS } from '../../projections/index.ts';
import { COLLECTIONS, foldAll, recordsOf, Shop, someEvents } from './verify-test-kit.ts';
import { verify } from './verify.ts';

describe('two collections of each projection, held against one fold', () => {
  const NEWER = Object.fromEntries(PROJECTIONS.map(({ name }) => [name, `${name}-g2`]));
  const pairs = [
    [COLLECTIONS, NEWER],
    [NEWER, COLLECTIONS],
  ] as const;

  /** The first ones stand where they were; the others are further on. */
  async function twoGenerations(): Promise<Shop> {
    const shop = new Shop();
    await shop.append(recordsOf(someEvents(9, 200)));
    await shop.fold();
    await shop.append(recordsOf(someEvents(99, 60)));
    await foldAll(shop.log, shop.models, PROJECTIONS, NEWER);
    return shop;
  }

  it.each([undefined, 160])(
    'are found to be what each is found to be by itself (%s at once)',
    async (foldedAtOnceMax) => {
      const { log, models } = await twoGenerations();
      const more = foldedAtOnceMax === undefined ? {} : { foldedAtOnceMax };
      for (const [collections, beside] of pairs) {
        const both = await verify({ log, models, collections, beside, ...more });
        const first = await verify({ log, models, collections });
        const second = await verify({ log, models, collections: beside });
        expect(both).toEqual({ ok: true, projections: first.projections, beside: second.projections });
      }
    },
  );

  it('miss what is missing from either of them, also past the checkpoint of the other', async () => {
    const { log, models, store } = await twoGenerations();
    const [older, newer] = [COLLECTIONS, NEWER].map((each) => store.merged.get(each['orders'] ?? ''));
    const late = [...(newer?.keys() ?? [])].find((id) => older?.has(id) === false);
    newer?.delete(late ?? '');
    for (const [collections, beside] of pairs) {
      const result = await verify({ log, models, collections, beside });
      const found = [result.projections, result.beside].map((each) => each.find(({ name }) => name === 'orders'));
      const wrong = found.find((each) => each?.differenceCount === 1);
      expect(wrong?.differences).toMatchObject([{ id: late, actual: '(absent)' }]);
      expect(found.filter((each) => each?.differenceCount === 0)).toHaveLength(1);
      expect(result.ok).toBe(collections === COLLECTIONS);
    }
  });
});
