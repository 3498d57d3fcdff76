/** From a broker's answer to the committed records of one partition. */
import { ShopError } from '../../ports/errors.ts';
import type { LogRecord, TopicPartition } from '../../ports/event-log.ts';
import type { AbortedTransaction, FetchedPartition } from './fetch.ts';
import { batchAt, recordsOf, type RecordBatch } from './record-batches.ts';

/** What one answer brought of one partition: everything that exists in `from` ≤ offset < `next`. */
export interface Fetched {
  readonly records: readonly LogRecord[];
  readonly next: number;
  /** The last stable offset: what readers of committed records can read up to. */
  readonly end: number;
  /** About what the records occupy in memory. */
  readonly bytes: number;
}

const RECORD_OVERHEAD_BYTES = 100;

/**
 * Leaves out markers and the records of aborted transactions. Throws LOG_MISMATCH at a batch that is damaged, once
 * all before it has been read: what it held may be all right in another replica, so no reader may pass it.
 */
export function committedOf(answer: FetchedPartition, source: TopicPartition, from: number): Fetched {
  const isAborted = abortedFilter(answer.abortedTransactions);
  const records: LogRecord[] = [];
  let next = from;
  let bytes = 0;
  for (let batch = batchAt(answer.records, 0); batch !== null; batch = batchAt(answer.records, batch.endsAt)) {
    if (batch.damage !== null) {
      if (next > from) break;
      throw damaged(source, batch.firstOffset, batch.damage);
    }
    const aborted = isAborted(batch);
    // The broker answers with whole batches, so the first records may lie before what was asked for.
    if (batch.lastOffset < from) continue;
    next = batch.lastOffset + 1;
    if (aborted || batch.marker !== null) continue;
    for (const record of recordsOf(batch)) {
      if (record.offset < from) continue;
      records.push(record);
      bytes += (record.value?.length ?? 0) + (record.key?.length ?? 0) + RECORD_OVERHEAD_BYTES;
    }
  }
  return { records, next, end: Math.max(answer.lastStableOffset, next), bytes };
}

function damaged({ topic, partition }: TopicPartition, offset: number, damage: string): ShopError {
  const message =
    `${topic}/${partition} cannot be read past offset ${offset}: the batch there is damaged (${damage}); nothing was ` +
    'skipped; see to the brokers’ disks, restore the partition from a good replica or a backup, and start again';
  return new ShopError('LOG_MISMATCH', message);
}

/**
 * Whether a batch belongs to an aborted transaction; asked of every batch in order. The broker does not promise to
 * list the aborted transactions by their first offset.
 */
function abortedFilter(listed: readonly AbortedTransaction[]): (batch: RecordBatch) => boolean {
  const waiting = [...listed].sort((a, b) => b.firstOffset - a.firstOffset);
  const aborting = new Set<bigint>();
  return ({ producerId, inTransaction, marker, lastOffset }) => {
    for (let each = waiting.at(-1); each !== undefined && each.firstOffset <= lastOffset; each = waiting.at(-1)) {
      aborting.add(each.producerId);
      waiting.pop();
    }
    if (!inTransaction || !aborting.has(producerId)) return false;
    if (marker === 'abort') aborting.delete(producerId);
    return true;
  };
}
