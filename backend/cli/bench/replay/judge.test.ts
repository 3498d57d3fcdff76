/** The judge of the benchmark of rebuilds: it has to notice what it is for. */
import { describe, expect, it } from 'vitest';
import { MemoryLog } from '../../../adapters/memory/memory-log.ts';
import { encode } from '../../../events/codec.ts';
import type { OrderPlaced } from '../../../events/events.ts';
import { orderEvents } from '../dataset.ts';
import { Judge, type Answered, type Position } from './judge.ts';
import { LogSums } from './log-sums.ts';

const PARTITIONS = 6;

interface World {
  readonly log: MemoryLog;
  readonly sums: LogSums;
  readonly judge: Judge;
  /** What came in since the looking began. */
  readonly events: readonly OrderPlaced[];
}

/** A log with five orders before the looking began, and `count` after. */
async function world(count: number): Promise<World> {
  const log = new MemoryLog();
  await log.ensureTopics();
  const events: OrderPlaced[] = [];
  for await (const event of orderEvents(count + 5)) events.push(event);
  await log.append(events.slice(0, 5).map((each) => encode(each)));
  const sums = await LogSums.from(log);
  await log.append(events.slice(5).map((each) => encode(each)));
  return { log, sums, judge: new Judge(sums), events: events.slice(5) };
}

async function positions(log: MemoryLog, less = 0): Promise<Position[]> {
  const ends = await log.bounds('orders');
  const offsets = ends.map(({ end }, partition) => end - 1 - (partition === 0 ? less : 0));
  return [
    { projection: 'order-counts', topic: 'orders', offsets },
    { projection: 'sales', topic: 'orders', offsets },
    { projection: 'handling', topic: 'handled-orders', offsets: Array.from({ length: PARTITIONS }, () => -1) },
  ];
}

async function right({ log, events }: World): Promise<Answered> {
  const sales = events.reduce((sum, { total }) => sum + total, 0);
  return { orders: events.length, sales, handled: 0, positions: await positions(log) };
}

describe('answers', () => {
  it('are right when they are what the log says where they stand', async () => {
    const each = await world(60);
    await each.sums.readOn();
    each.judge.add(await right(each));
    expect(each.judge.judge()).toBe(0);
    expect(each.judge).toMatchObject({ judged: 1, wrong: [] });
  });

  it('are found out with the sums of one position and the offsets of another', async () => {
    const each = await world(60);
    await each.sums.readOn();
    each.judge.add({ ...(await right(each)), positions: await positions(each.log, 1) });
    each.judge.judge();
    expect(each.judge.counts).toEqual({ 'stepped back': 0, mixed: 2, failed: 0 });
    expect(each.judge.wrong[0]?.about).toBe('orders 60, where the log says 59');
  });

  it('wait until the log has been read as far', async () => {
    const each = await world(10);
    each.judge.add(await right(each));
    expect(each.judge.judge()).toBe(1);
    await each.sums.readOn();
    expect(each.judge.judge()).toBe(0);
    expect(each.judge.judged).toBe(1);
  });
});

describe('a client', () => {
  it('must never see less than before, of positions and figures', async () => {
    const { log, judge } = await world(60);
    const client = judge.client('somebody');
    client.stands(await positions(log));
    client.grows('ordersToday', '2026-11-22', 7);
    client.grows('ordersToday', '2026-11-23', 0);
    expect(judge.wrong).toEqual([]);
    client.stands(await positions(log, 1));
    client.grows('ordersToday', '2026-11-23', -1);
    client.vanished('order 1');
    expect(judge.counts).toEqual({ 'stepped back': 4, mixed: 0, failed: 0 });
  });

  it('may get the answers to one request in any order', async () => {
    const { log, judge } = await world(60);
    const client = judge.client('somebody');
    client.stands(await positions(log), await positions(log, 1));
    expect(judge.wrong).toEqual([]);
    client.stands(await positions(log, 1));
    expect(judge.counts['stepped back']).toBe(2);
  });
});
