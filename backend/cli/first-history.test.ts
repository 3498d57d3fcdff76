/** The history that a new log begins with: stopped anywhere, it ends as if it never had been. */
import { beforeAll, describe, expect, it } from 'vitest';
import { LocalAnnouncements } from '../ports/announcements.ts';
import { ManualClock } from '../ports/clock.ts';
import { ShopError } from '../ports/errors.ts';
import { silentLogger } from '../ports/logger.ts';
import type { Shop } from '../shop/commands.ts';
import { eventsOf, memoryWorld, openShopIn, type World } from '../shop/shop-test-kit.ts';
import { unfinishedHistory } from '../simulator/first-history.ts';
import { writeFirstHistory, type FirstHistoryOptions } from './first-history.ts';
import type { RoleContext } from './roles.ts';
import { readSettings } from './settings.ts';

const BEGUN = '2026-11-22T02:00:00.000Z';
const OPTIONS: Omit<FirstHistoryOptions, 'signal' | 'say'> = {
  rate: 0.1,
  chance: 0.8,
  delay: 60_000,
  attempts: 2,
  seed: 7,
  flat: false,
  simulator: true,
  history: true,
};
const SLOW = { timeout: 60_000 };

function contextOf(world: World, clock: ManualClock, timeZone = 'Europe/Stockholm'): RoleContext {
  const { log, models } = world;
  const connection: RoleContext['connection'] = {
    mode: 'embedded',
    description: 'in memory',
    log,
    models,
    announcements: new LocalAnnouncements(),
    currency: 'SEK',
    minorDigits: 2,
    announce: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  return { settings: readSettings({ TIME_ZONE: timeZone }), connection, logger: silentLogger, clock };
}

interface Start {
  readonly world: World;
  readonly options?: Partial<FirstHistoryOptions>;
  readonly at?: string;
  readonly timeZone?: string;
  /** Stands between the history and the shop. */
  readonly between?: (shop: Shop) => Shop;
}

/** One start of the program, as far as the history goes; resolves to what it said. */
async function start({ world, options, at = BEGUN, timeZone, between = (shop) => shop }: Start): Promise<string> {
  const said: string[] = [];
  const shop = await openShopIn(world);
  try {
    const { signal } = new AbortController();
    const given = { ...OPTIONS, signal, say: (line: string) => void said.push(line), ...options };
    await writeFirstHistory(given, contextOf(world, new ManualClock(at), timeZone), between(shop));
  } finally {
    await shop.close();
  }
  return said.join('\n');
}

/** Calls `then` once the shop has taken so many requests. */
const after =
  (requests: number, then: () => void) =>
  (shop: Shop): Shop => {
    let left = requests;
    return {
      catalogue: () => shop.catalogue(),
      submit: async (commands) => {
        const outcomes = await shop.submit(commands);
        left -= 1;
        if (left === 0) then();
        return outcomes;
      },
    };
  };

const goneWith = (error: Error) => (): void => {
  throw error;
};

/** Every event in the order of its partition, but for how far the shop had seen the stock: that is how it was cut up. */
async function contents(world: World): Promise<readonly unknown[]> {
  const all = [...(await eventsOf(world.log, 'orders')), ...(await eventsOf(world.log, 'stock'))];
  return all.map(({ event, topic, partition }) => ({ topic, partition, ...event, stock: null }));
}

describe('the first history', () => {
  let whole: readonly unknown[];
  beforeAll(async () => {
    const world = await memoryWorld();
    expect(await start({ world })).toMatch(/^Writing orders from 2026-11-21 00:00:00 to 2026-11-22 03:00:00 first/);
    expect(await unfinishedHistory(world.log)).toBeNull();
    whole = await contents(world);
    expect(whole.length).toBeGreaterThan(8_000);
  });

  /** What another start may differ in; none of it makes another history of the one that was begun. */
  const others: Omit<Start, 'world'> = {
    options: { rate: 3, seed: 1, chance: 0.1, delay: 5, attempts: 1, simulator: false },
    at: '2026-11-23T16:00:00.000Z',
    timeZone: 'America/New_York',
  };

  it.each([1, 2, 5])(
    'goes on after Ctrl-C in request %i, with other options at another time',
    SLOW,
    async (requests) => {
      const world = await memoryWorld();
      const stop = new AbortController();
      await start({ world, options: { signal: stop.signal }, between: after(requests, () => stop.abort()) });
      expect(await unfinishedHistory(world.log)).not.toBeNull();
      expect(await contents(world)).not.toEqual(whole);
      expect(await start({ world, ...others })).toMatch(/^Going on with the orders from 2026-11-20 18:00:00/);
      expect(await unfinishedHistory(world.log)).toBeNull();
      expect(await contents(world)).toEqual(whole);
      expect(await start({ world, ...others })).toBe('');
      expect(await contents(world)).toEqual(whole);
    },
  );

  it.each([1, 3, 8])('goes on after a disk that was full, or a kill, in request %i', SLOW, async (requests) => {
    const world = await memoryWorld();
    const full = goneWith(new ShopError('STORAGE', 'no space is left'));
    await expect(start({ world, between: after(requests, full) })).rejects.toThrow('no space');
    await expect(start({ world, ...others, between: after(requests + 1, full) })).rejects.toThrow('no space');
    await start({ world, ...others });
    expect(await contents(world)).toEqual(whole);
  });

  it('is whole when it was begun and nothing of it came to be', async () => {
    const world = await memoryWorld();
    const none = (): Shop => ({ submit: goneWith(new Error('killed')) as never, catalogue: () => Promise.resolve([]) });
    await expect(start({ world, between: none })).rejects.toThrow('killed');
    expect(await eventsOf(world.log, 'stock')).toEqual([]);
    await start({ world, ...others });
    expect(await contents(world)).toEqual(whole);
  });

  it('is left as it is by --no-history, which says so, and gone on with later', SLOW, async () => {
    const world = await memoryWorld();
    const stop = new AbortController();
    await start({ world, options: { signal: stop.signal }, between: after(2, () => stop.abort()) });
    const part = await contents(world);
    const printed = await start({ world, options: { history: false } });
    expect(printed).toMatch(/not all there\. --no-history leaves it so/);
    expect(await contents(world)).toEqual(part);
    await start({ world });
    expect(await contents(world)).toEqual(whole);
  });

  it('is not begun where there is a log already, without a simulator, or when told not to', async () => {
    for (const options of [{ history: false }, { simulator: false }]) {
      const world = await memoryWorld();
      expect(await start({ world, options })).toBe('');
      expect(await eventsOf(world.log, 'stock')).toEqual([]);
      expect(await eventsOf(world.log, 'settings')).toEqual([]);
    }
    const world = await memoryWorld();
    const shop = await openShopIn(world);
    const listing = { productId: 'P-1', name: 'Cup', category: 'Kitchen', price: 5, currency: 'SEK' };
    await shop.submit([{ type: 'ListProduct', source: 'live', ...listing }]);
    await shop.close();
    expect(await start({ world })).toBe('');
    expect(await eventsOf(world.log, 'orders')).toEqual([]);
  });
});
