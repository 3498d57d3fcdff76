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

/** Leaves out markers and the records of aborted transactions. */
export function committedOf(partition: FetchedPartition, from: number): Fetched {
  const isAborted = abortedFilter(partition.abortedTransactions ?? []);
  const records: LogRecord[] = [];
  let next = from;
  let bytes = 0;
  for (const message of partition.messages) {
    const offset = Number(message.offset);
    if (offset >= next) next = offset + 1;
    const aborted = isAborted(message, offset);
    // The broker answers with whole batches, so the first records may lie before what was asked for.
    if (aborted || message.isControlRecord === true || offset < from) continue;
    records.push({ offset, key: message.key?.toString('utf8') ?? null, value: message.value });
    bytes += (message.value?.length ?? 0) + (message.key?.length ?? 0) + RECORD_OVERHEAD_BYTES;
  }
  return { records, next, end: Math.max(Number(partition.lastStableOffset), next), bytes };
}

/**
 * Whether a record belongs to an aborted transaction; asked of every record in order. kafkajs's own filter
 * takes the aborted transactions to be listed by their first offset, which the broker does not promise.
 */
function abortedFilter(listed: readonly AbortedTransaction[]): (message: FetchedMessage, offset: number) => boolean {
  const waiting = listed
    .map((each) => ({ producerId: each.producerId, firstOffset: Number(each.firstOffset) }))
    .sort((a, b) => b.firstOffset - a.firstOffset);
  const aborting = new Set<string>();
  return ({ key, isControlRecord, batchContext }, offset) => {
    for (let each = waiting.at(-1); each !== undefined && each.firstOffset <= offset; each = waiting.at(-1)) {
      aborting.add(each.producerId);
      waiting.pop();
    }
    if (batchContext?.inTransaction !== true || !aborting.has(batchContext.producerId)) return false;
    if (isControlRecord === true && key?.[CONTROL_TYPE_OFFSET] === CONTROL_TYPE_ABORT)
      aborting.delete(batchContext.producerId);
    return true;
  };
}
