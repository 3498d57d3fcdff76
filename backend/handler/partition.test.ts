import { expect, it } from 'vitest';
import { MemoryLog } from '../adapters/memory/memory-log.ts';
import { MemoryStore as LogStore } from '../adapters/memory/memory-store.ts';
import { MemoryModels, MemoryStore as ModelsStore } from '../../projections/model/memory-models.ts';
import { partitionOf } from '../events/topics.ts';
import { ManualClock } from '../ports/clock.ts';
import { drain, eventually } from '../ports/event-log.contract-kit.ts';
import { silentLogger } from '../ports/logger.ts';
import { expectHandledOnce, place, type Placed } from './handler-test-kit.ts';
import { HandledPartition } from './partition.ts';

it('ignores batches of before a seek, and such as come twice', async () => {
  const at = Date.parse('2026-11-22T14:05:00.000Z');
  const log = new MemoryLog(new LogStore(2));
  const ids = Array.from({ length: 40 }, (_, index) => `O-${index}`).filter((orderId) => partitionOf(orderId) === 0);
  const orders = ids.map((orderId): Placed => ({ orderId, at, source: 'history' }));
  await place(log, orders);
  const end = (await log.bounds('orders'))[0]?.end ?? 0;
  const batches = await drain(log.read({ topic: 'orders', partition: 0 }, 0, end));
  expect(batches.length).toBeGreaterThan(2);
  const partition = new HandledPartition({
    log,
    models: new MemoryModels(new ModelsStore()),
    clock: new ManualClock(at + 3_600_000),
    logger: silentLogger,
    partition: 0,
    flushIntervalMs: 0,
    checkpointIntervalMs: 0,
    changed: () => {},
    failed: (error) => {
      throw error;
    },
  });
  expect(await partition.begin()).toBe(0);
  const [first, second, ...rest] = batches;
  for (const batch of [second, rest[0], first, first, rest[0], second, first, second, ...rest, ...rest]) {
    if (batch !== undefined) await partition.take(batch);
  }
  await eventually('caught up', () => partition.isCaughtUp(end));
  await partition.close();
  await expectHandledOnce(log, orders, Infinity);
});
