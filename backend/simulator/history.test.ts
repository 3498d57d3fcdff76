import { describe, expect, it } from 'vitest';
import { isShopError, ShopError } from '../ports/errors.ts';
import { loadCatalogue } from './catalogue.ts';
import { writeHistory, type HistoryOptions } from './history.ts';
import { MemoryShop } from './memory-shop-test-kit.ts';

const catalogue = await loadCatalogue();
const from = Date.parse('2026-11-20T23:00:00Z');

function options(shop: MemoryShop, changes: Partial<HistoryOptions> = {}): HistoryOptions {
  return {
    shop,
    catalogue,
    currency: 'SEK',
    seed: 7,
    from,
    to: from + 2 * 86_400_000,
    volume: { orders: 2_500 },
    timeZone: 'Europe/Stockholm',
    handling: null,
    batchSize: 100,
    ...changes,
  };
}

describe('the history', () => {
  it('places exactly the orders asked for and tells how far it is', async () => {
    const shop = new MemoryShop();
    const seen: number[] = [];
    const counts = await writeHistory(
      options(shop, {
        onProgress: (done, total) => {
          expect(total).toBe(2_500);
          seen.push(done);
        },
      }),
    );
    expect(counts).toMatchObject({ orders: 2_500, duplicates: 0, refused: {}, complete: true });
    expect(shop.orders).toHaveLength(2_500);
    expect(shop.receipts).toHaveLength(counts.restocks);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(2_500);
  });

  it('adds nothing the second time', async () => {
    const shop = new MemoryShop();
    const first = await writeHistory(options(shop));
    const stock = JSON.stringify(await shop.catalogue());
    const second = await writeHistory(options(shop));
    expect(second).toMatchObject({ orders: 0, restocks: 0, refused: {} });
    expect(second.duplicates).toBe(first.orders + first.restocks);
    expect(JSON.stringify(await shop.catalogue())).toBe(stock);
  });

  it('goes on where it was cut off, and ends as if it never had been', async () => {
    const whole = new MemoryShop();
    await writeHistory(options(whole));
    for (const requests of [1, 2, 9, 20]) {
      const shop = new MemoryShop();
      await expect(
        writeHistory(
          options(shop, {
            onProgress: () => {
              if (shop.requests.length >= requests) shop.failure = new ShopError('UNAVAILABLE', 'gone');
            },
          }),
        ),
      ).rejects.toThrow('gone');
      shop.failure = null;
      const counts = await writeHistory(options(shop));
      expect(counts.refused).toEqual({});
      expect(shop.orders).toEqual(whole.orders);
      expect(shop.receipts).toEqual(whole.receipts);
    }
  });

  it('stops when it is told to, after the batch in hand', async () => {
    const shop = new MemoryShop();
    const stop = new AbortController();
    const counts = await writeHistory(options(shop, { signal: stop.signal, onProgress: () => stop.abort() }));
    expect(counts.complete).toBe(false);
    expect(shop.requests.length).toBeLessThan(4);
    expect(counts.orders).toBe(shop.orders.length);
  });

  it('never has two requests under way', async () => {
    const shop = new MemoryShop();
    let underWay = 0;
    shop.delay = async () => {
      underWay++;
      await new Promise(setImmediate);
      expect(underWay).toBe(1);
      underWay--;
    };
    await writeHistory(options(shop));
    expect(shop.requests.length).toBeGreaterThan(25);
  });

  it('leaves listed products as they are', async () => {
    const shop = new MemoryShop();
    const product = catalogue[0];
    if (product === undefined) throw new Error('no catalogue');
    const { productId } = product;
    const listing = { productId, name: 'Renamed', category: 'c', price: 5, currency: 'SEK' };
    await shop.submit([{ type: 'ListProduct', source: 'live', ...listing }]);
    await writeHistory(options(shop));
    expect((await shop.catalogue()).find((entry) => entry.productId === productId)?.name).toBe('Renamed');
  });

  it('refuses another currency, an empty span and impossible numbers before it writes anything', async () => {
    const messages: string[] = [];
    const shop = new MemoryShop('EUR');
    for (const changes of [{}, { to: from }, { volume: { orders: 0.5 } }, { volume: { ratePerSecond: 1e9 } }]) {
      const error: unknown = await writeHistory(options(shop, changes)).catch((thrown: unknown) => thrown);
      if (!isShopError(error, 'BAD_INPUT')) throw new Error('not refused');
      messages.push(error.message);
    }
    expect(messages[0]).toMatch(/currency/);
    expect(messages[1]).toMatch(/span/);
    expect(shop.orders.length + shop.receipts.length + shop.listings.length).toBe(0);
  });
});
