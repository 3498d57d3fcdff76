/** The import into the shop itself: what stands in the log and in the read models afterwards. */
import { copyFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { OrderPlacedPart } from '../../projections/orders.ts';
import { eventsOf, memoryWorld, openShopIn, ORDERS, ordersIn, project, type World } from '../shop/shop-test-kit.ts';
import type { ShopService } from '../shop/shop.ts';
import type { ImportResult } from './import.ts';
import {
  FORMAT,
  HEADER,
  type ImportOptions,
  importOrders,
  NASTY,
  nothingKnown,
  place,
  useFolder,
} from './import-test-kit.ts';

useFolder();

/** Opens a shop on the world, imports into it and closes it. */
async function run(world: World, changes: Partial<ImportOptions> = {}): Promise<ImportResult> {
  const shop = await openShopIn(world);
  try {
    const existing = existingIn(world);
    return await importOrders({ shop, file: place.file, format: FORMAT, handling: null, existing, ...changes });
  } finally {
    await shop.close();
  }
}

/** As the command line asks the read models. */
const existingIn =
  ({ models }: World): ImportOptions['existing'] =>
  async (ids) => {
    const found = await models.merged(ORDERS, ids);
    return new Map(
      found.flatMap(({ id, parts }) => {
        const placed = parts['placed']?.fields as OrderPlacedPart | undefined;
        return placed === undefined ? [] : [[id, placed.fingerprint]];
      }),
    );
  };

const available = async (shop: ShopService): Promise<number[]> =>
  (await shop.catalogue()).map((entry) => entry.available);

describe('the import into the shop', () => {
  it('appends each order once, with names, totals and instants, and leaves no stock over', async () => {
    await copyFile(NASTY, place.file);
    const world = await memoryWorld();
    const result = await run(world);
    expect(result).toMatchObject({ ordersPlaced: 5, duplicates: 0 });
    const placed = await ordersIn(world.log);
    expect(placed.map(({ event }) => event.orderId).sort()).toEqual(
      ['01', '02', '04', '09', '10'].map((digits) => `INV-7000${digits}`),
    );
    expect(placed.reduce((sum, { event }) => sum + event.total, 0)).toBe(result.sales);
    expect(placed.find(({ event }) => event.orderId === 'INV-700004')?.event).toMatchObject({
      source: 'import',
      at: '2011-10-06T14:19:30.000Z',
      lines: [{ name: 'RED WOODEN HORSE' }, { name: 'K-400' }, { name: 'MUG' }],
    });
    const shop = await openShopIn(world);
    expect(await available(shop)).toEqual([0, 0, 0, 0, 0, 0]);
    await shop.close();
  });

  it('adds nothing the second time, by the read models and without them', async () => {
    await copyFile(NASTY, place.file);
    const world = await memoryWorld();
    await run(world);
    const before = [await eventsOf(world.log, 'orders'), await eventsOf(world.log, 'stock')];
    expect(await run(world, { existing: nothingKnown })).toMatchObject({ ordersPlaced: 0, duplicates: 5 });
    await project(world);
    expect(await run(world)).toMatchObject({ ordersPlaced: 0, duplicates: 5 });
    expect([await eventsOf(world.log, 'orders'), await eventsOf(world.log, 'stock')]).toEqual(before);
  });

  it('rejects an invoice that a later file has otherwise, by the read models and without them', async () => {
    const world = await memoryWorld();
    await writeFile(place.file, `${HEADER}\n1,A,APPLE,2,12/1/10 8:26,1.00,7,SE\n`);
    await run(world);
    await writeFile(place.file, `${HEADER}\n1,A,APPLE,3,12/1/10 8:26,1.00,7,SE\n`);
    expect(await run(world, { existing: nothingKnown })).toMatchObject({ ordersPlaced: 0, rejected: { conflict: 1 } });
    await project(world);
    expect(await run(world)).toMatchObject({ ordersPlaced: 0, rejected: { conflict: 1 } });
    expect(await ordersIn(world.log)).toHaveLength(1);
  });

  it('goes on where it was cut off, with the opening stock that it brought', async () => {
    const rows = Array.from({ length: 2_500 }, (_, n) => `${n},K-${n % 7},NAME,${1 + (n % 3)},12/1/10 8:26,1.5,1,SE`);
    await writeFile(place.file, [HEADER, ...rows].join('\n'));
    const world = await memoryWorld();
    const stop = new AbortController();
    const onProgress = (done: number, _: number | null, note?: string): void => {
      if (note === 'orders' && done >= 1_000) stop.abort();
    };
    expect(await run(world, { onProgress, signal: stop.signal })).toMatchObject({ complete: false });
    await project(world);
    // The receipts of the second run are smaller than those of the first, which must do.
    const result = await run(world);
    expect(result).toMatchObject({ complete: true, rejected: {}, duplicates: 1_000, ordersPlaced: 1_500 });
    expect(await ordersIn(world.log)).toHaveLength(2_500);
    const shop = await openShopIn(world);
    expect(await available(shop)).toEqual([0, 0, 0, 0, 0, 0, 0]);
    await shop.close();
  });

  it.each([
    ['Ctrl-C', (stop: AbortController) => stop.abort()],
    [
      'an error',
      () => {
        throw new Error('the power went');
      },
    ],
  ])('leaves no stock over when the file is edited after %s', async (_, interrupt) => {
    const rows = Array.from({ length: 3_500 }, (_, n) => `${n},K-${n % 7},NAME,${1 + (n % 3)},12/1/10 8:26,1.5,1,SE`);
    await writeFile(place.file, [HEADER, ...rows].join('\n'));
    const world = await memoryWorld();
    const stop = new AbortController();
    const onProgress = (done: number, _: number | null, note?: string): void => {
      if (note === 'orders' && done === 2_000) interrupt(stop);
    };
    await run(world, { onProgress, signal: stop.signal }).catch(() => {});
    await project(world);
    const edited = ['x,K-1,NAME,4,12/1/10 8:00,1.5,1,SE', ...rows.slice(0, -1)];
    await writeFile(place.file, [HEADER, ...edited].join('\n'));
    expect(await run(world)).toMatchObject({ complete: true, rejected: {}, duplicates: 2_000, ordersPlaced: 1_500 });
    const shop = await openShopIn(world);
    expect(await available(shop)).toEqual([0, 0, 0, 0, 0, 0, 0]);
    await shop.close();
  });
});
