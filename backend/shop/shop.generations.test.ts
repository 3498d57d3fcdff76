/** The shop goes on when the read models that it reads are rebuilt, and the ones that it began with are dropped. */
import { expect, it } from 'vitest';
import { collectionsOf, GRACE_MS, lineageOf, readGenerations } from '../../projections/generations.ts';
import { orders } from '../../projections/orders.ts';
import { stock } from '../../projections/stock.ts';
import { eventually, ReplayWorld, ShiftedClock } from '../replay/replay-test-kit.ts';
import { silentLogger } from '../ports/logger.ts';
import { listing, order, receipt, verdicts } from './shop-test-kit.ts';
import { openShop } from './shop.ts';

const PROJECTIONS = [orders, stock];

it('knows a repeated order and a repeated delivery after the read models were rebuilt', async () => {
  const world = await ReplayWorld.on();
  const process = await world.process({ projections: PROJECTIONS });
  const open = () =>
    openShop({
      log: world.log,
      models: world.models,
      clock: new ShiftedClock(),
      logger: silentLogger,
      currency: 'SEK',
      collections: async () => collectionsOf(await readGenerations(world.models), PROJECTIONS),
    });
  const repeated = [receipt('P-1', 10, { key: 'delivery' }), order('P-1', 2, { key: 'order' })];
  const first = await open();
  await first.submit([listing('P-1')]);
  expect(verdicts(await first.submit(repeated))).toEqual(['accepted', 'accepted']);
  await world.folded(PROJECTIONS);
  await first.close();
  // This one has nothing of it in memory: the read models know.
  const shop = await open();
  await process.replays.startAll(['all']);
  for (const projection of PROJECTIONS) {
    await eventually(async () => (await world.lineage(projection)).live.generation === 2);
  }
  world.clock.advance(GRACE_MS + 10_000);
  for (const projection of PROJECTIONS) {
    const retired = async () => lineageOf(await readGenerations(world.models), projection).retired;
    await eventually(async () => (await retired()).length === 0);
  }
  expect(verdicts(await shop.submit(repeated))).toEqual(['duplicate', 'duplicate']);
  expect(await shop.catalogue()).toMatchObject([{ productId: 'P-1', available: 8 }]);
  await shop.close();
  await process.stop();
});
