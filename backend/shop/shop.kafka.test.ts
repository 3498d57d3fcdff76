/** The shop's fence and recovery on a real broker. */
import { expect, it } from 'vitest';
import { describeWithKafka } from '../../tests/engines.ts';
import { MemoryModels, MemoryStore } from '../../projections/model/memory-models.ts';
import { kafkaForTests } from '../adapters/kafka/kafka-test-kit.ts';
import { ManualClock } from '../ports/clock.ts';
import { faultyLog, randomFaults } from '../ports/faulty-log.ts';
import type { Command, Outcome } from './commands.ts';
import {
  accepted,
  listing,
  openShopIn,
  openStocked,
  order,
  ordersIn,
  receipt,
  START,
  unitsSold,
  verdicts,
  type World,
} from './shop-test-kit.ts';

const TEST_MAX_MS = 60_000;

describeWithKafka('the shop on Kafka', ({ brokers }) => {
  async function kafkaWorld(): Promise<World> {
    const { log, reopen, dispose } = await kafkaForTests(brokers);
    const models = new MemoryModels(new MemoryStore());
    return { log, models, clock: new ManualClock(START), anotherLog: reopen, dispose };
  }

  it('is one of two that sell the last items at the same time', { timeout: TEST_MAX_MS }, async () => {
    const world = await kafkaWorld();
    try {
      const older = await openStocked(world, 100);
      const answers: Promise<Outcome[] | null>[] = [];
      const sell = (shop: { submit(commands: readonly Command[]): Promise<Outcome[]> }): void => {
        for (let index = 0; index < 60; index++) answers.push(shop.submit([order('P-1', 2)]).catch(() => null));
      };
      sell(older);
      const log = await world.anotherLog();
      const taking = openShopIn({ ...world, log });
      sell(older);
      const newer = await taking;
      sell(newer);
      sell(older);
      const outcomes = (await Promise.all(answers)).flatMap((each) => each ?? []);
      await expect(older.submit([receipt('P-1', 1)])).rejects.toMatchObject({ code: 'FENCED' });
      await expect(older.ended).rejects.toMatchObject({ code: 'FENCED' });
      await newer.submit([order('P-1', 2)]);
      // Through the handle that appended: others see a commit a moment later.
      const orders = await ordersIn(log);
      expect(unitsSold(orders, 'P-1')).toBe(100);
      const ids = orders.map(({ event }) => event.orderId as string);
      expect(new Set(ids).size).toBe(ids.length);
      for (const outcome of outcomes) if (outcome.status === 'accepted') expect(ids).toContain(outcome.id);
      await older.close();
      await newer.close();
    } finally {
      await world.dispose();
    }
  });

  it('recovers from lost answers and lost requests', { timeout: TEST_MAX_MS }, async () => {
    const world = await kafkaWorld();
    try {
      const log = faultyLog(world.log, randomFaults(7, 0.3, ['lost-answer', 'lost-request']));
      const shop = await openShopIn(world, { log, retryFirstMs: 1 });
      await shop.submit([listing('P-1'), receipt('P-1', 100)]);
      const outcomes: Outcome[] = [];
      for (let index = 0; index < 40; index++) {
        outcomes.push(...(await shop.submit([order('P-1', 3, index % 2 === 0 ? { key: `k-${index}` } : {})])));
      }
      expect(verdicts(outcomes)).toEqual([
        ...Array.from({ length: 33 }, () => 'accepted'),
        ...Array.from({ length: 7 }, () => 'SOLD_OUT'),
      ]);
      const ids = (await ordersIn(world.log)).map(({ event }) => event.orderId as string);
      expect([...ids].sort()).toEqual(
        outcomes
          .slice(0, 33)
          .map((outcome) => accepted(outcome).id)
          .sort(),
      );
      await shop.close();
    } finally {
      await world.dispose();
    }
  });
});
