/**
 * The handling of one partition, from the moment it is ours until it is not: reads its orders, waits until they are
 * due, and appends their OrderHandled. After anything unexpected it is dropped and another one begins; nothing is
 * ever mended in place.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { encode, type NewRecord } from '../events/codec.ts';
import { eventsIn, judge } from '../events/record.ts';
import type { Clock } from '../ports/clock.ts';
import { ShopError } from '../ports/errors.ts';
import type { Batch, EventLog, LogRecord, Writer } from '../ports/event-log.ts';
import type { Logger } from '../ports/logger.ts';
import type { ReadModels } from '../ports/read-models.ts';
import { LowWater } from './low-water.ts';
import { handledEvent, openOrderOf, OpenOrders, type OpenOrder } from './open-orders.ts';

/** Of one append. */
const APPEND_RECORDS_MAX = 2_000;
const APPEND_CHARS_MAX = 900_000;
/** Orders that are due and wait for their append before no more are read. */
const DUE_ORDERS_MAX = 10_000;
/** Orders that are not due yet before no more are read; what is read later is then handled later. */
const OPEN_ORDERS_MAX = 200_000;

export interface PartitionOptions {
  readonly log: EventLog;
  readonly models: ReadModels;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly partition: number;
  /** What comes due within this time goes together in one append. */
  readonly flushIntervalMs: number;
  readonly checkpointIntervalMs: number;
  /** Something changed that somebody may wait for. */
  readonly changed: () => void;
  /** The partition failed, and has been dropped. */
  readonly failed: (error: unknown) => void;
}

export class HandledPartition {
  readonly #options: PartitionOptions;
  readonly #open = new OpenOrders();
  readonly #lowWater: LowWater;
  readonly #dropping = new AbortController();
  /** Orders that had been handled before we began, as far as they are to be read again. */
  readonly #handledBefore = new Set<string>();
  #writer: Writer | null = null;
  /** The offset of orders to be read next; null until we have begun. */
  #next: number | null = null;
  /** The end of orders when we began: every OrderHandled of before belongs to an order before it. */
  #ordersEnd = 0;
  /** The last offset of handled-orders that we appended or have seen. */
  #handledPosition = -1;
  #appending = 0;
  #wake: (() => void) | null = null;
  #roomMade: (() => void) | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(options: PartitionOptions) {
    const { models, logger, partition, checkpointIntervalMs } = options;
    this.#options = options;
    this.#lowWater = new LowWater(models, logger, partition, checkpointIntervalMs);
  }

  get #dropped(): boolean {
    return this.#dropping.signal.aborted;
  }

  /** Fences every other handler of the partition and resolves to the offset of orders to read from. */
  async begin(): Promise<number> {
    const { log, partition } = this.#options;
    if (this.#dropped) throw new ShopError('CLOSED', 'the partition was given up before it was begun');
    const writer = await log.writer(`handler-${partition}`);
    if (this.#dropped) {
      await writer.close();
      throw new ShopError('CLOSED', 'the partition was given up while it was begun');
    }
    this.#writer = writer;
    // The order of these three matters: see low-water.ts. What is handled by now was placed before `ordersEnd`.
    const handled = (await log.bounds('handled-orders'))[partition] ?? { low: 0, end: 0 };
    this.#ordersEnd = (await log.bounds('orders'))[partition]?.end ?? 0;
    const stored = await this.#lowWater.load();
    const from = stored.handled + 1;
    if (from < handled.low || from > handled.end) {
      throw new ShopError(
        'LOG_MISMATCH',
        `handled-orders/${partition} holds the offsets ${handled.low} to ${handled.end - 1}, but the handler's ` +
          `checkpoint is ${stored.handled}: the log was truncated or made anew`,
      );
    }
    this.#handledPosition = stored.handled;
    if (from < handled.end) await this.#readHandled(from, handled.end);
    this.#next = stored.orders + 1;
    this.#running = this.#run().catch((error: unknown) => this.#fail(error));
    this.#options.changed();
    return this.#next;
  }

  async #readHandled(from: number, end: number): Promise<void> {
    const { log, partition } = this.#options;
    for await (const batch of log.read({ topic: 'handled-orders', partition }, from, end)) {
      for (const { event } of eventsIn(batch)) {
        if (event.type === 'OrderHandled') this.#handledBefore.add(event.orderId);
      }
      this.#handledPosition = batch.records.at(-1)?.offset ?? this.#handledPosition;
    }
  }

  /** Takes a run of orders in; resolves when there is room for the next. What is out of sequence is ignored. */
  async take(batch: Batch): Promise<void> {
    if (this.#dropped || batch.from !== this.#next) return;
    const now = this.#options.clock.now();
    for (const record of batch.records) this.#takeRecord(record, now);
    this.#next = batch.next;
    if (this.#caughtUpWithPast) this.#handledBefore.clear();
    this.#wake?.();
    this.#advance();
    this.#options.changed();
    while (!this.#dropped && (this.#open.waitingAtOnce > DUE_ORDERS_MAX || this.#open.size > OPEN_ORDERS_MAX)) {
      await new Promise<void>((resolve) => (this.#roomMade = resolve));
    }
  }

  #takeRecord(record: LogRecord, now: number): void {
    const { logger, partition } = this.#options;
    const judged = judge('orders', partition, record);
    if (!judged.ok) {
      const { cause } = judged;
      logger.debug({ partition, offset: record.offset, cause }, 'An order cannot be read; it is not handled.');
      return;
    }
    const { event, at, offset } = judged.recorded;
    if (event.type !== 'OrderPlaced' || this.#handledBefore.has(event.orderId)) return;
    const order = openOrderOf(event, at, offset);
    if (order !== null) this.#open.add(order, at, now);
  }

  /** Whether every order that the earlier handlers may have handled has been read again. */
  get #caughtUpWithPast(): boolean {
    return this.#next !== null && this.#next >= this.#ordersEnd;
  }

  #advance(force = false): void {
    if (this.#next === null || !this.#caughtUpWithPast) return;
    const present = { orders: this.#next - 1, handled: this.#handledPosition };
    void this.#lowWater.advance(present, this.#open.size + this.#appending, force);
  }

  async #run(): Promise<void> {
    const { clock, flushIntervalMs } = this.#options;
    while (!this.#dropped) {
      const orders = this.#takeDue(clock.now());
      if (orders.length === 0) {
        await this.#untilDue();
        continue;
      }
      await this.#append(orders);
      // The machine's time, not the shop's: this only groups appends.
      if (flushIntervalMs > 0 && this.#open.waitingAtOnce === 0) await this.#pause(flushIntervalMs);
    }
  }

  /** One timer for the whole partition: on the earliest order that is due, moved when an earlier one comes. */
  async #untilDue(): Promise<void> {
    const { clock } = this.#options;
    const due = this.#open.nextDue;
    const sooner = new AbortController();
    const woken = new Promise<void>((resolve) => {
      this.#wake = () => {
        if (!this.#dropped && this.#open.nextDue >= due) return;
        sooner.abort();
        resolve();
      };
    });
    if (due === Infinity) await woken;
    else await clock.until(due, sooner.signal);
    this.#wake = null;
  }

  #takeDue(now: number): OpenOrder[] {
    const orders: OpenOrder[] = [];
    while (orders.length < APPEND_RECORDS_MAX) {
      const order = this.#open.take(now);
      if (order === undefined) break;
      orders.push(order);
    }
    return orders;
  }

  async #append(orders: readonly OpenOrder[]): Promise<void> {
    this.#appending = orders.length;
    const now = this.#options.clock.now();
    let run: NewRecord[] = [];
    let first = 0;
    let chars = 0;
    for (const [index, order] of orders.entries()) {
      // The order's own partition, whoever put it there: this handler is the only one of its number.
      const record = { ...encode(handledEvent(order, now)), partition: this.#options.partition };
      if (run.length > 0 && chars + record.value.length > APPEND_CHARS_MAX) {
        await this.#appendRun(run, orders, first);
        run = [];
        first = index;
        chars = 0;
      }
      run.push(record);
      chars += record.value.length;
    }
    await this.#appendRun(run, orders, first);
    this.#advance();
    this.#roomMade?.();
    this.#options.changed();
  }

  async #appendRun(run: readonly NewRecord[], orders: readonly OpenOrder[], first: number): Promise<void> {
    if (this.#writer === null || this.#dropped) return;
    const offsets = await this.#writer.append(run);
    for (const [index, offset] of offsets.entries()) {
      const order = orders[first + index];
      if (order !== undefined) this.#lowWater.handled(order.offset);
      this.#handledPosition = offset;
    }
    this.#appending -= run.length;
  }

  /** Whether everything before `ordersEnd` was read, and what of it is due by now is appended. */
  isCaughtUp(ordersEnd: number): boolean {
    if (this.#dropped || this.#next === null || this.#next < ordersEnd) return false;
    return this.#appending === 0 && this.#open.nextDue > this.#options.clock.now();
  }

  /** Gives the partition up: nothing more is read, and no append begins. */
  drop(): void {
    this.#dropping.abort();
    this.#wake?.();
    this.#roomMade?.();
  }

  /** Gives the partition up and waits for what is under way. */
  async close(): Promise<void> {
    const graceful = !this.#dropped;
    this.drop();
    await this.#running;
    if (graceful && this.#next !== null && this.#caughtUpWithPast && this.#writer !== null) {
      const present = { orders: this.#next - 1, handled: this.#handledPosition };
      await this.#lowWater.advance(present, this.#open.size + this.#appending, true);
    }
    const writer = this.#writer;
    this.#writer = null;
    // A writer that failed may fail to close, too; the next one fences it anyway.
    await writer?.close().catch(() => {});
  }

  #fail(error: unknown): void {
    if (this.#dropped) return;
    this.drop();
    this.#options.failed(error);
  }

  async #pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#dropping.signal }).catch(() => {});
  }
}
