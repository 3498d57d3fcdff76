/** What the contract suites of the event log share: a subscriber that remembers and checks, and waiting. */
import { expect } from 'vitest';
import type { NewRecord } from '../events/codec.ts';
import type { Topic } from '../events/topics.ts';
import type { Batch, EventLog, LogRecord, SubscribeOptions, Subscription, TopicPartition } from './event-log.ts';

/** A log under test. */
export interface OpenedLog {
  /** Fresh and empty, its topics ensured. */
  readonly log: EventLog;
  /** A second handle to the same log, as another process would have. The suites only read through it. */
  readonly reopen: () => Promise<EventLog>;
  /** Closes every handle and removes the log. */
  readonly dispose: () => Promise<void>;
}

export type OpenLog = () => Promise<OpenedLog>;

/** How long one expectation may take on a slow machine before the test fails. */
export const EVENTUALLY_MAX_MS = 30_000;
/** How long one test may take; joining a group takes seconds with some engines. */
export const TEST_MAX_MS = 60_000;
const LOOK_INTERVAL_MS = 10;

/** Waits until `holds`; fails with `what` when it does not within EVENTUALLY_MAX_MS. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + EVENTUALLY_MAX_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited ${EVENTUALLY_MAX_MS} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
  }
}

/** A promise that is opened by hand. */
export interface Gate {
  readonly opened: Promise<void>;
  readonly open: () => void;
}

export function gate(): Gate {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

export function record(topic: Topic, partition: number, key: string, value = `value of ${key}`): NewRecord {
  return { topic, partition, key, value };
}

/** `count` records of one partition, keyed `<prefix>0`, `<prefix>1`, … */
export function series(topic: Topic, partition: number, prefix: string, count: number): NewRecord[] {
  return Array.from({ length: count }, (_, index) => record(topic, partition, `${prefix}${index}`));
}

export async function drain(batches: AsyncIterable<Batch>): Promise<Batch[]> {
  const all: Batch[] = [];
  for await (const batch of batches) all.push(batch);
  return all;
}

/** Every record of a partition that can be read now, checking that the batches join up and end exactly at the end. */
export async function readAll(log: EventLog, topic: Topic, partition: number): Promise<LogRecord[]> {
  const bounds = (await log.bounds(topic))[partition];
  if (bounds === undefined) throw new Error(`no bounds of ${topic}/${partition}`);
  return recordsOf(await readRange(log, { topic, partition }, bounds.low, bounds.end));
}

/** Reads a range and checks what every read promises. */
export async function readRange(log: EventLog, source: TopicPartition, from: number, to: number): Promise<Batch[]> {
  const batches = await drain(log.read(source, from, to));
  let next = from;
  for (const batch of batches) {
    expect({ topic: batch.topic, partition: batch.partition }).toEqual({
      topic: source.topic,
      partition: source.partition,
    });
    expect(batch.from).toBe(next);
    expect(faultsOf(batch)).toEqual([]);
    next = batch.next;
  }
  expect(next).toBe(to);
  return batches;
}

export function recordsOf(batches: readonly Batch[]): LogRecord[] {
  return batches.flatMap((batch) => batch.records);
}

export function keysOf(records: readonly LogRecord[]): (string | null)[] {
  return records.map((each) => each.key);
}

export function nameOf(source: TopicPartition): string {
  return `${source.topic}/${source.partition}`;
}

function faultsOf(batch: Batch): string[] {
  const faults: string[] = [];
  if (batch.next <= batch.from) faults.push(`next ${batch.next} is not past from ${batch.from}`);
  if (batch.end < batch.next) faults.push(`end ${batch.end} is before next ${batch.next}`);
  let floor = batch.from;
  for (const { offset } of batch.records) {
    if (offset < floor || offset >= batch.next) faults.push(`offset ${offset} is not in ${floor}..${batch.next}`);
    floor = offset + 1;
  }
  return faults;
}

interface Followed {
  /** The offset that the next batch must start at. */
  next: number;
  /** Where a seek may make it start instead. */
  sought: number | null;
  inHand: number;
}

/** A subscriber that remembers what came and notes every breach of the port's promises. */
export class Collector {
  readonly batches: Batch[] = [];
  readonly faults: string[] = [];
  readonly assignedNames = new Set<string>();
  readonly revokedNames: string[] = [];
  #followed = new Map<string, Followed>();
  #subscription: Subscription | null = null;

  /** `from`: the offset to start at (0 when left out); `handle`: what to do with each batch while it is in hand. */
  async subscribe(
    log: EventLog,
    options: {
      readonly group: string;
      readonly topics: readonly Topic[];
      readonly from?: (source: TopicPartition) => number;
      readonly handle?: (batch: Batch) => Promise<void>;
    },
  ): Promise<Subscription> {
    const subscribeOptions: SubscribeOptions = {
      group: options.group,
      topics: options.topics,
      assigned: (source) => Promise.resolve(this.#assigned(source, options.from?.(source) ?? 0)),
      revoked: (source) => this.#revoked(source),
      batch: (batch) => this.#batch(batch, options.handle),
    };
    this.#subscription = await log.subscribe(subscribeOptions);
    return this.#subscription;
  }

  seek(source: TopicPartition, offset: number): void {
    const followed = this.#followed.get(nameOf(source));
    if (followed === undefined || this.#subscription === null) throw new Error(`${nameOf(source)} is not assigned`);
    followed.sought = offset;
    this.#subscription.seek(source, offset);
  }

  records(source: TopicPartition): LogRecord[] {
    return recordsOf(this.batches.filter((batch) => nameOf(batch) === nameOf(source)));
  }

  keys(source: TopicPartition): (string | null)[] {
    return keysOf(this.records(source));
  }

  allKeys(): (string | null)[] {
    return keysOf(recordsOf(this.batches));
  }

  /** The offset after everything that came of the partition; −1 before it is assigned. */
  next(source: TopicPartition): number {
    return this.#followed.get(nameOf(source))?.next ?? -1;
  }

  #assigned(source: TopicPartition, offset: number): number {
    const inHand = this.#followed.get(nameOf(source))?.inHand ?? 0;
    if (inHand !== 0) this.faults.push(`${nameOf(source)} was assigned while a batch of it was in hand`);
    this.#followed.set(nameOf(source), { next: offset, sought: null, inHand });
    this.assignedNames.add(nameOf(source));
    return offset;
  }

  #revoked(source: TopicPartition): void {
    this.assignedNames.delete(nameOf(source));
    this.revokedNames.push(nameOf(source));
  }

  async #batch(batch: Batch, handle?: (batch: Batch) => Promise<void>): Promise<void> {
    const name = nameOf(batch);
    const followed = this.#followed.get(name);
    if (followed === undefined) {
      this.faults.push(`${name}: a batch before it was assigned`);
      return;
    }
    for (const fault of faultsOf(batch)) this.faults.push(`${name}: ${fault}`);
    if (batch.from === followed.sought) followed.sought = null;
    else if (batch.from !== followed.next) this.faults.push(`${name}: from ${batch.from}, expected ${followed.next}`);
    if (followed.inHand !== 0) this.faults.push(`${name}: a second batch while one was in hand`);
    followed.next = batch.next;
    this.batches.push(batch);
    followed.inHand++;
    try {
      await handle?.(batch);
    } finally {
      followed.inHand--;
    }
  }
}
