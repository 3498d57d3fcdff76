/** Cuts an append into requests: all records of one partition in one request become one record batch. */
import type { NewRecord } from '../../events/codec.ts';

/** Below the brokers' usual bound for one record batch (1 MiB), unless a single record is larger. */
const BATCH_BYTES_MAX = 900_000;
/** kafkajs decodes a record batch by spreading its records over a call's arguments. */
const BATCH_RECORDS_MAX = 5_000;
const REQUEST_BYTES_MAX = 16_000_000;
const RECORD_OVERHEAD_BYTES = 70;

/** The records that go in one record batch, and where each stood in the append. */
export interface PartitionChunk {
  readonly topicName: string;
  readonly partition: number;
  readonly messages: { readonly key: string; readonly value: string }[];
  readonly indexes: number[];
}

/** The requests that the records are to be sent in, one after the other; order is kept in each partition. */
export function chunksOf(records: readonly NewRecord[], nameOf: (record: NewRecord) => string): PartitionChunk[][] {
  const requests: PartitionChunk[][] = [];
  let chunks = new Map<string, PartitionChunk & { bytes: number }>();
  let requestBytes = 0;
  const close = (): void => {
    if (chunks.size > 0) requests.push([...chunks.values()]);
    chunks = new Map();
    requestBytes = 0;
  };
  records.forEach((record, index) => {
    const name = `${record.topic}/${record.partition}`;
    const bytes = Buffer.byteLength(record.key) + Buffer.byteLength(record.value) + RECORD_OVERHEAD_BYTES;
    const present = chunks.get(name);
    const full = present && (present.bytes + bytes > BATCH_BYTES_MAX || present.messages.length >= BATCH_RECORDS_MAX);
    if (full || requestBytes + bytes > REQUEST_BYTES_MAX) close();
    const chunk = chunks.get(name) ?? {
      topicName: nameOf(record),
      partition: record.partition,
      messages: [],
      indexes: [],
      bytes: 0,
    };
    chunk.messages.push({ key: record.key, value: record.value });
    chunk.indexes.push(index);
    chunk.bytes += bytes;
    requestBytes += bytes;
    chunks.set(name, chunk);
  });
  close();
  return requests;
}
