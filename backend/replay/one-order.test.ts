/** One order's document, made again: whatever is wrong with it, and while it is being folded. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { orders } from '../../projections/orders.ts';
import { collectionOf } from '../../projections/projection.ts';
import { openEmbedded } from '../adapters/lmdb/embedded.ts';
import { encode } from '../events/codec.ts';
import { silentLogger } from '../ports/logger.ts';
import type { MergedDocument, ReadModels } from '../ports/read-models.ts';
import { handled, placed } from '../../tests/events.ts';
import { mendOrder, type Mended } from './one-order.ts';
import { memoryGround, ReplayWorld, type Ground } from './replay-test-kit.ts';

const COLLECTION = collectionOf(orders, 1);
type Parts = MergedDocument['parts'];

async function lmdbGround(): Promise<Ground> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-order-'));
  const embedded = await openEmbedded({ dir, logger: silentLogger, mode: 'own' });
  onTestFinished(async () => {
    await embedded.close();
    await rm(dir, { recursive: true, force: true });
  });
  return { log: () => Promise.resolve(embedded.log), models: () => Promise.resolve(embedded.models) };
}

/** Two orders, the first one handled; folded. */
async function worldOn(ground: Ground): Promise<ReplayWorld> {
  const world = await ReplayWorld.on(ground);
  const [first, second] = [placed({ orderId: 'o-1' }), placed({ orderId: 'o-2', lines: [['P-1', 3, 100]] })]; // prettier-ignore
  const writer = await world.log.writer('test');
  await writer.append([first, second, handled(first, '2026-11-22T12:05:00.000Z')].map(encode));
  await writer.close();
  const process = await world.process();
  await world.folded();
  await process.stop();
  return world;
}

function mend({ log }: ReplayWorld, models: ReadModels, orderId: string): Promise<Mended[]> {
  return mendOrder({ log, models, orderId, collection: () => Promise.resolve(COLLECTION) });
}

async function partsOf(models: ReadModels, id: string): Promise<Parts | null> {
  return (await models.merged(COLLECTION, [id]))[0]?.parts ?? null;
}

const part = (right: Parts, name: string): Parts[string] => right[name] ?? { position: -1, fields: {} };

const wrongs: readonly (readonly [string, (right: Parts) => Parts | null, readonly string[]])[] = [
  ['another total', (right) => ({ ...right, placed: { ...part(right, 'placed'), fields: { ...part(right, 'placed').fields, total: 1 } } }), ['placed.total']],
  ['a field that is missing', (right) => {
    const { total: _, ...fields } = part(right, 'placed').fields;
    return { ...right, placed: { ...part(right, 'placed'), fields } };
  }, ['placed.total']],
  ['a position from the future', (right) => ({ ...right, placed: { ...part(right, 'placed'), position: 1_000 } }), ['placed.position']],
  ['a part that is missing', (right) => ({ placed: part(right, 'placed') }), ['handled']],
  ['a part that there is not', (right) => ({ ...right, returned: { position: 3, fields: { at: 'never' } } }), ['returned']],
  ['no document', () => null, ['handled', 'placed']],
]; // prettier-ignore

describe.each([
  ['memory', () => Promise.resolve(memoryGround())],
  ['LMDB', lmdbGround],
])('mending one order, on %s', (_, ground) => {
  it.each(wrongs)('%s', async (__, spoil, paths) => {
    const world = await worldOn(await ground());
    const { models } = world;
    const right = (await partsOf(models, 'o-1')) ?? {};
    expect(await mend(world, models, 'o-1')).toEqual([]);
    expect(await models.putMerged(COLLECTION, 'o-1', spoil(right), right)).toBe(true);
    expect((await world.verified()).ok).toBe(false);
    expect((await mend(world, models, 'o-1')).map((each) => each.path)).toEqual(paths);
    expect(await partsOf(models, 'o-1')).toEqual(right);
    expect(await mend(world, models, 'o-1')).toEqual([]);
    expect((await world.verified()).ok).toBe(true);
  });

  it('removes a part and a document that no event has made', async () => {
    const world = await worldOn(await ground());
    const { models } = world;
    const right = (await partsOf(models, 'o-2')) ?? {};
    await models.putMerged(
      COLLECTION,
      'o-2',
      { ...right, handled: { position: 0, fields: { at: 'x', attempt: 1 } } },
      right,
    );
    expect(await mend(world, models, 'o-2')).toEqual([{ path: 'handled', before: { at: 'x', attempt: 1 } }]);
    await models.putMerged(COLLECTION, 'o-9', right, null);
    expect((await mend(world, models, 'o-9')).map((each) => each.path)).toEqual(['placed']);
    expect(await partsOf(models, 'o-9')).toBeNull();
    await expect(mend(world, models, 'o-9')).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect((await world.verified()).ok).toBe(true);
  });

  it('loses nothing that is folded between its look and its write', async () => {
    const world = await worldOn(await ground());
    const { models } = world;
    const right = (await partsOf(models, 'o-2')) ?? {};
    await models.putMerged(COLLECTION, 'o-2', { placed: { ...part(right, 'placed'), fields: { total: 0 } } }, right);
    const order = placed({ orderId: 'o-2', lines: [['P-1', 3, 100]] }); // prettier-ignore
    let isFirst = true;
    const process = await world.process();
    const raced = new Proxy(models, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        if (name !== 'putMerged') return value.bind(target) as unknown;
        return async (...parameters: unknown[]): Promise<unknown> => {
          if (isFirst) {
            isFirst = false;
            const writer = await world.log.writer('test');
            await writer.append([encode(handled(order, '2026-11-22T12:09:00.000Z'))]);
            await writer.close();
            await world.folded();
          }
          return Reflect.apply(value, target, parameters) as unknown;
        };
      },
    });
    expect((await mend(world, raced, 'o-2')).length).toBeGreaterThan(0);
    await process.stop();
    expect(Object.keys((await partsOf(models, 'o-2')) ?? {}).sort()).toEqual(['handled', 'placed']);
    expect((await world.verified()).ok).toBe(true);
  });
});
