/** What the follower does when partitions come and go, with a subscription in the test's own hands. */
import { describe, expect, it } from 'vitest';
import { MemoryModels, MemoryStore as ModelStore } from '../../projections/model/memory-models.ts';
import { MemoryLog } from '../adapters/memory/memory-log.ts';
import { encode } from '../events/codec.ts';
import { partitionOf } from '../events/topics.ts';
import { systemClock } from '../ports/clock.ts';
import { deferred } from '../ports/deferred.ts';
import type { Batch, EventLog, SubscribeOptions } from '../ports/event-log.ts';
import { silentLogger } from '../ports/logger.ts';
import { handled } from '../queries/testing.ts';
import { checkpointsOf, follow, type FollowOptions } from './follow.ts';

const PARTITION = { topic: 'handled-orders', partition: 0 } as const;
const COLLECTION = 'test-v1';

interface World {
  readonly models: MemoryModels;
  readonly subscribed: SubscribeOptions;
  readonly sought: number[];
  readonly acted: string[];
  checkpoint(): Promise<number | undefined>;
}

async function world(more: Partial<FollowOptions> = {}): Promise<World> {
  const models = new MemoryModels(new ModelStore());
  const sought: number[] = [];
  const acted: string[] = [];
  const subscribing = deferred<SubscribeOptions>();
  const log: EventLog = Object.assign(new MemoryLog(), {
    subscribe: (options: SubscribeOptions) => {
      subscribing.resolve(options);
      return Promise.resolve({
        seek: (_: object, offset: number) => sought.push(offset),
        commit: () => {},
        ended: new Promise<void>(() => {}),
        stop: () => Promise.resolve(),
      });
    },
  });
  await follow({
    log,
    models,
    clock: systemClock,
    logger: silentLogger,
    group: 'test',
    collection: COLLECTION,
    since: [],
    runMax: 2,
    wanted: () => true,
    act: (orders) => {
      acted.push(orders.map(({ event }) => event.orderId.replace(/\.+$/, '')).join('+'));
      return Promise.resolve(true);
    },
    ...more,
  });
  const subscribed = await subscribing.promise;
  const checkpoint = async (): Promise<number | undefined> => (await checkpointsOf(models, COLLECTION))[0];
  return { models, subscribed, sought, acted, checkpoint };
}

/** The records at `from`, `from` + 1 and so on; a marker takes the last offset up. */
function batch(from: number, count: number): Batch {
  const records = Array.from({ length: count }, (_, n) => {
    let id = `o${from + n}`;
    while (partitionOf(id) !== PARTITION.partition) id += '.';
    const { key, value } = encode(handled(id, 1_000));
    return { offset: from + n, key, value: Buffer.from(value) };
  });
  return { ...PARTITION, from, next: from + count + 1, end: 100, records };
}

describe('following the handled orders', () => {
  it('stores a checkpoint after each run, markers included', async () => {
    const { subscribed, acted, checkpoint } = await world();
    expect(await subscribed.assigned(PARTITION)).toBe(0);
    await subscribed.batch(batch(0, 3));
    expect([acted, await checkpoint()]).toEqual([['o0+o1', 'o2'], 3]);
  });

  it('does nothing with a batch that starts elsewhere, and goes back to its checkpoint', async () => {
    const { subscribed, acted, sought, checkpoint } = await world();
    await subscribed.assigned(PARTITION);
    await subscribed.batch(batch(0, 3));
    await subscribed.batch(batch(7, 2));
    expect([acted, sought, await checkpoint()]).toEqual([['o0+o1', 'o2'], [4], 3]);
    await subscribed.batch(batch(4, 1));
    expect([acted.at(-1), await checkpoint()]).toEqual(['o4', 5]);
  });

  it('leaves the checkpoint alone when the partition was taken away meanwhile', async () => {
    const acting = deferred<boolean>();
    const started = deferred();
    const act = (): Promise<boolean> => {
      started.resolve();
      return acting.promise;
    };
    const { subscribed, checkpoint } = await world({ act });
    await subscribed.assigned(PARTITION);
    const taken = subscribed.batch(batch(0, 2));
    await started.promise;
    subscribed.revoked(PARTITION);
    expect(await subscribed.assigned(PARTITION)).toBe(0);
    acting.resolve(true);
    await taken;
    expect(await checkpoint()).toBe(-1);
    await subscribed.batch(batch(0, 2));
    expect(await checkpoint()).toBe(2);
  });

  it('goes on where another process has stored its checkpoint', async () => {
    const { subscribed, models, sought, checkpoint } = await world();
    await subscribed.assigned(PARTITION);
    const other = { ...PARTITION, collection: COLLECTION, documents: [], parts: [], previous: -1, position: 9 };
    expect(await models.flush([other])).toEqual(['stored']);
    await subscribed.batch(batch(0, 3));
    expect([sought, await checkpoint()]).toEqual([[10], 9]);
    await subscribed.batch(batch(10, 1));
    expect(await checkpoint()).toBe(11);
  });
});
