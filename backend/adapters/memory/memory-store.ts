import type { NewRecord } from '../../events/codec.ts';
import { describeTopic } from '../../events/topics.ts';
import { ShopError } from '../../ports/errors.ts';
import type { Batch, LogRecord, TopicPartition } from '../../ports/event-log.ts';

const BATCH_RECORDS_MAX = 500;

interface Stored {
  records: LogRecord[];
  end: number;
}

/** What survives the handles that are opened on it. */
export class MemoryStore {
  readonly #partitions = new Map<string, Stored>();
  readonly #epochs = new Map<string, number>();
  readonly #appended = new Set<() => void>();
  readonly #batchRecordsMax: number;

  /** `batchRecordsMax`: small batches let more happen between two of them. */
  constructor(batchRecordsMax = BATCH_RECORDS_MAX) {
    this.#batchRecordsMax = batchRecordsMax;
  }

  partition({ topic, partition }: TopicPartition): Stored {
    const name = `${topic}/${partition}`;
    let stored = this.#partitions.get(name);
    if (stored === undefined) {
      if (!(partition >= 0 && partition < describeTopic(topic).partitions)) {
        throw new ShopError('MISCONFIGURED', `there is no partition ${name}`);
      }
      stored = { records: [], end: 0 };
      this.#partitions.set(name, stored);
    }
    return stored;
  }

  fence(name: string): number {
    const epoch = (this.#epochs.get(name) ?? 0) + 1;
    this.#epochs.set(name, epoch);
    return epoch;
  }

  isCurrent(name: string, epoch: number): boolean {
    return this.#epochs.get(name) === epoch;
  }

  append(records: readonly NewRecord[], marker: boolean): number[] {
    const targets = records.map((record) => this.partition(record));
    const offsets = records.map((record, index) => {
      const target = targets[index];
      const offset = target?.end ?? -1;
      target?.records.push({ offset, key: record.key, value: Buffer.from(record.value) });
      if (target !== undefined) target.end += 1;
      return offset;
    });
    if (marker) for (const target of new Set(targets)) target.end += 1;
    for (const wake of this.#appended) wake();
    return offsets;
  }

  batch(source: TopicPartition, from: number, to: number): Batch {
    const { records, end } = this.partition(source);
    const first = lowerBound(records, from);
    const taken: LogRecord[] = [];
    for (let index = first; index < records.length && taken.length < this.#batchRecordsMax; index++) {
      const record = records[index];
      if (record === undefined || record.offset >= to) break;
      taken.push(record);
    }
    const last = taken.length === this.#batchRecordsMax ? taken.at(-1) : undefined;
    const next = last === undefined ? Math.min(to, end) : last.offset + 1;
    return { topic: source.topic, partition: source.partition, from, next, end, records: taken };
  }

  onAppended(wake: () => void): () => void {
    this.#appended.add(wake);
    return () => this.#appended.delete(wake);
  }
}

/** The index of the first record at or after the offset. */
function lowerBound(records: readonly LogRecord[], offset: number): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((records[middle]?.offset ?? Infinity) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
