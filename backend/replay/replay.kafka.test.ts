/** Rebuilding on Kafka and MongoDB: two processes project, a third one drives. */
import { afterAll, expect, it } from 'vitest';
import { GRACE_MS, readGenerations } from '../../projections/generations.ts';
import { orders } from '../../projections/orders.ts';
import { sales } from '../../projections/sales.ts';
import { describeWithEngines, uniqueName } from '../../tests/engines.ts';
import { openKafkaLog } from '../adapters/kafka/kafka-log.ts';
import { openMongoModels } from '../adapters/mongo/mongo-models.ts';
import { silentLogger } from '../ports/logger.ts';
import { HOLD_MS } from './flip.ts';
import { eventually, found, over, Reader, ReplayWorld, type Ground } from './replay-test-kit.ts';

const TIMEOUT_MS = 180_000;

describeWithEngines('rebuilding on Kafka and MongoDB', ({ brokers, uri }) => {
  const opened: { close(): Promise<void> }[] = [];
  afterAll(async () => {
    for (const each of opened) await each.close();
  });

  function engines(): Ground {
    const name = uniqueName('replay');
    const kept = async <T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T> => {
      const engine = await opening;
      opened.push(engine);
      return engine;
    };
    return {
      log: () =>
        kept(openKafkaLog({ brokers, clientId: 'replay-test', logger: silentLogger, topicPrefix: `${name}-` })),
      models: () => kept(openMongoModels({ uri: new URL(`/${name}`, uri).href, logger: silentLogger })),
    };
  }

  it('changes over under the eyes of a reader, and clears up', { timeout: TIMEOUT_MS }, async () => {
    const world = await ReplayWorld.on(engines());
    await world.place(500);
    const projecting = [await world.process({ sole: false }), await world.process({ sole: false })];
    const { replays, stop } = await world.process({ sole: false, projects: false, holdMs: HOLD_MS });
    await world.folded();
    const reader = new Reader(world);
    let placing = true;
    const placed = (async (): Promise<void> => {
      while (placing) await world.place(5);
    })();
    await replays.startAll(['all'], { keep: true });
    expect(await over(replays, sales)).toMatchObject({ state: 'SWAPPED', differences: 0, error: null });
    expect(await over(replays, orders)).toMatchObject({ state: 'SWAPPED', differences: 0, error: null });
    // Any process knows of it, also one that has no part in it.
    const [first] = projecting;
    if (first === undefined) throw new Error('nobody projects');
    expect(await found(first.replays, ({ projection }) => projection === 'sales')).toMatchObject({ generation: 2 });
    await eventually(() => Promise.resolve(reader.seen.at(-1) === '2 2'));
    placing = false;
    await placed;
    await reader.stop();
    expect(reader.wrong).toEqual([]);
    await world.folded();
    expect((await world.verified()).ok).toBe(true);
    await replays.start('sales');
    await found(replays, ({ generation, state }) => generation === 3 && state === 'SWAPPED');
    world.clock.advance(GRACE_MS + 10_000);
    await eventually(async () => (await readGenerations(world.models))['sales']?.retired.length === 0);
    expect(await world.models.checkpoints(['sales-v1-g1', 'sales-v1-g2'])).toEqual([]);
    expect((await world.verified()).ok).toBe(true);
    await stop();
    for (const process of projecting) await process.stop();
  });
});
