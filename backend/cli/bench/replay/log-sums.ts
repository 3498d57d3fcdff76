/** What the log says, at any position of it: the counts and amounts that an answer must have there. */
import { eventsIn } from '../../../events/record.ts';
import type { EventLog, TopicPartition } from '../../../ports/event-log.ts';

export interface Sums {
  readonly count: number;
  /** In minor units. */
  readonly amount: number;
}

type SummedTopic = 'orders' | 'handled-orders';

/** One partition from where the looking began: offsets, and the sums up to and with each. */
interface Column {
  readonly source: TopicPartition & { readonly topic: SummedTopic };
  /** The offset to read next. */
  next: number;
  readonly offsets: number[];
  readonly counts: number[];
  readonly amounts: number[];
}

/** Sums of all that comes after the ends at its beginning, by position. */
export class LogSums {
  readonly #log: EventLog;
  readonly #columns: readonly Column[];

  private constructor(log: EventLog, columns: readonly Column[]) {
    this.#log = log;
    this.#columns = columns;
  }

  static async from(log: EventLog): Promise<LogSums> {
    const columns: Column[] = [];
    for (const topic of ['orders', 'handled-orders'] as const) {
      for (const [partition, { end }] of (await log.bounds(topic)).entries()) {
        columns.push({ source: { topic, partition }, next: end, offsets: [], counts: [], amounts: [] });
      }
    }
    return new LogSums(log, columns);
  }

  /** Reads on to the present ends. */
  async readOn(): Promise<void> {
    for (const topic of ['orders', 'handled-orders'] as const) {
      const bounds = await this.#log.bounds(topic);
      for (const column of this.#columns) {
        const end = bounds[column.source.partition]?.end ?? 0;
        if (column.source.topic === topic && end > column.next) await this.#readTo(column, end);
      }
    }
  }

  /**
   * The sums of what came in up to these offsets, by partition number; null when they have not been read that far
   * yet. What lies before the beginning counts as nothing.
   */
  at(topic: SummedTopic, offsets: readonly number[]): Sums | null {
    let count = 0;
    let amount = 0;
    for (const { source, next, ...column } of this.#columns) {
      if (source.topic !== topic) continue;
      const offset = offsets[source.partition] ?? -1;
      if (offset >= next) return null;
      const found = lastUpTo(column.offsets, offset);
      count += column.counts[found] ?? 0;
      amount += column.amounts[found] ?? 0;
    }
    return { count, amount };
  }

  async #readTo(column: Column, end: number): Promise<void> {
    const { source, offsets, counts, amounts } = column;
    for await (const batch of this.#log.read(source, column.next, end)) {
      for (const { event, offset } of eventsIn(batch)) {
        if (!('total' in event)) continue;
        offsets.push(offset);
        counts.push((counts.at(-1) ?? 0) + 1);
        amounts.push((amounts.at(-1) ?? 0) + event.total);
      }
      column.next = batch.next;
    }
  }
}

/** The index of the last value that is not above the limit; −1 for none. */
function lastUpTo(values: readonly number[], limit: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? 0) <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
