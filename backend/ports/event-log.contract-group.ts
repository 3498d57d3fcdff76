/** The part of the event log's contract that is about sharing a group's partitions among processes. */
import { expect, it } from 'vitest';
import type { EventLog, TopicPartition } from './event-log.ts';
import { Collector, eventually, nameOf, series } from './event-log.contract-kit.ts';

const ALL_ORDERS = [0, 1, 2, 3, 4, 5].map((partition): TopicPartition => ({ topic: 'orders', partition }));

interface Current {
  readonly log: EventLog;
  readonly reopen: () => Promise<EventLog>;
}

/** For engines whose subscribers share a group's partitions. */
export function groupSuite(current: Current): void {
  it('shares the partitions out, and gives all to the one that stays', async () => {
    const { log, reopen } = current;
    const writer = await log.writer('shop');
    await writer.append(ALL_ORDERS.flatMap(({ partition }) => series('orders', partition, `p${partition}-`, 5)));
    const a = new Collector();
    const b = new Collector();
    const first = await a.subscribe(log, { group: 'sales', topics: ['orders'] });
    await eventually('A has all', () => a.assignedNames.size === 6);
    const second = await b.subscribe(await reopen(), { group: 'sales', topics: ['orders'] });
    await eventually('they share', () => a.assignedNames.size === 3 && b.assignedNames.size === 3);
    expect(new Set([...a.assignedNames, ...b.assignedNames])).toEqual(new Set(ALL_ORDERS.map(nameOf)));
    expect(new Set(a.revokedNames)).toEqual(new Set(ALL_ORDERS.map(nameOf)));
    await eventually('every partition is read by its owner', async () => {
      const bounds = await log.bounds('orders');
      return ALL_ORDERS.every((source) => {
        const owner = a.assignedNames.has(nameOf(source)) ? a : b;
        return owner.next(source) >= (bounds[source.partition]?.end ?? Infinity);
      });
    });
    await second.stop();
    await eventually('A has all again', () => a.assignedNames.size === 6);
    await writer.append(ALL_ORDERS.flatMap(({ partition }) => series('orders', partition, `q${partition}-`, 5)));
    for (const source of ALL_ORDERS)
      await eventually(`${nameOf(source)} is read on`, () => a.keys(source).includes(`q${source.partition}-4`));
    await first.stop();
    expect([...a.faults, ...b.faults]).toEqual([]);
  });
}
