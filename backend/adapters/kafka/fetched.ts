/** From a broker's answer to the committed records of one partition. */
import type { LogRecord } from '../../ports/event-log.ts';

/** The parts of kafkajs's decoded fetch response that are used here. */
export interface FetchResponse {
  readonly responses: readonly { readonly topicName: string; readonly partitions: readonly FetchedPartition[] }[];
}

export interface FetchedPartition {
  readonly partition: number;
  readonly lastStableOffset: string;
  readonly abortedTransactions?: readonly AbortedTransaction[] | null;
  readonly messages: readonly FetchedMessage[];
}

interface AbortedTransaction {
  readonly producerId: string;
  readonly firstOffset: string;
}

export interface FetchedMessage {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly isControlRecord?: boolean;
  readonly batchContext?: { readonly producerId: string; readonly inTransaction: boolean };
}

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
/** A control record's key is two 16-bit numbers, version and type; type 0 aborts, type 1 commits. */
const CONTROL_TYPE_OFFSET = 3;
const CONTROL_TYPE_ABORT = 0;

/**
 * Leaves out markers and the records of aborted transactions. kafkajs's own filter takes the aborted
 * transactions to be ordered by their first offset, which the broker does not promise.
 */
export function committedOf(partition: FetchedPartition, from: number): Fetched {
  const aborted = (partition.abortedTransactions ?? [])
    .map((each) => ({ producerId: each.producerId, firstOffset: Number(each.firstOffset) }))
    .sort((a, b) => a.firstOffset - b.firstOffset);
  const aborting = new Set<string>();
  const records: LogRecord[] = [];
  let next = from;
  let bytes = 0;
  let abortedIndex = 0;
  for (const message of partition.messages) {
    const offset = Number(message.offset);
    for (let each = aborted[abortedIndex]; each && each.firstOffset <= offset; each = aborted[++abortedIndex])
      aborting.add(each.producerId);
    if (offset >= next) next = offset + 1;
    const { producerId = '', inTransaction = false } = message.batchContext ?? {};
    if (message.isControlRecord === true) {
      if (message.key?.[CONTROL_TYPE_OFFSET] === CONTROL_TYPE_ABORT) aborting.delete(producerId);
      continue;
    }
    // The broker answers with whole batches, so the first records may lie before what was asked for.
    if (offset < from || (inTransaction && aborting.has(producerId))) continue;
    records.push({ offset, key: message.key?.toString('utf8') ?? null, value: message.value });
    bytes += (message.value?.length ?? 0) + (message.key?.length ?? 0) + RECORD_OVERHEAD_BYTES;
  }
  return { records, next, end: Math.max(Number(partition.lastStableOffset), next), bytes };
}
