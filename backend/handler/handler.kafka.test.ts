/** Handlers that share the partitions of a real broker. */
import { expect, it } from 'vitest';
import { describeWithKafka } from '../../tests/engines.ts';
import { MemoryModels, MemoryStore } from '../../projections/model/memory-models.ts';
import { kafkaForTests } from '../adapters/kafka/kafka-test-kit.ts';
import { systemClock } from '../ports/clock.ts';
import { eventually } from '../ports/event-log.contract-kit.ts';
import { silentLogger } from '../ports/logger.ts';
import { expectHandledOnce, handledIn, place, type Placed } from './handler-test-kit.ts';
import { startHandler } from './handler.ts';

const TEST_MAX_MS = 90_000;
const SOON = { chance: 1, delayMs: 200, attempts: 1 };

describeWithKafka('handlers on Kafka', ({ brokers }) => {
  it('share the partitions, and handle each order once while they come and go', { timeout: TEST_MAX_MS }, async () => {
    const { log, reopen, dispose } = await kafkaForTests(brokers);
    try {
      const models = new MemoryModels(new MemoryStore());
      const start = async () =>
        startHandler({
          log: await reopen(),
          models,
          clock: systemClock,
          logger: silentLogger,
          checkpointIntervalMs: 50,
        });
      const all: Placed[] = [];
      const placeSome = async (): Promise<void> => {
        const some = Array.from({ length: 60 }, (_, index): Placed => ({
          orderId: `O-${all.length + index}`,
          at: Date.now(),
          handling: SOON,
          source: index % 3 === 0 ? 'history' : 'live',
        }));
        all.push(...some);
        await place(log, some);
      };
      const handled = (): Promise<void> =>
        eventually('everything is handled', async () => (await handledIn(log)).length >= all.length);
      await placeSome();
      const first = await start();
      await handled();
      const second = await start();
      for (let round = 0; round < 3; round++) await placeSome();
      await handled();
      await placeSome();
      await first.stop();
      await placeSome();
      await handled();
      const third = await start();
      await placeSome();
      await second.stop();
      await handled();
      await third.stop();
      for (const each of [first, second, third]) await each.ended;
      await expectHandledOnce(log, all, Infinity);
      expect(all).toHaveLength(60 * 7);
    } finally {
      await dispose();
    }
  });
});
