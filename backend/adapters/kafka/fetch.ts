/**
 * A fetch request, whose answer is cut into batches only: kafkajs sends it, but its own decoding of the records fails
 * for all partitions of an answer when one batch cannot be read.
 */
// Not among kafkajs's public names; its last version is the one that is used here.
import requests from 'kafkajs/src/protocol/requests/fetch/index.js';
import type { PooledBroker } from './client.ts';

export interface FetchRequest {
  readonly isolationLevel: number;
  /** ms. */
  readonly maxWaitTime: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly fetchOffset: string;
      readonly maxBytes: number;
    }[];
  }[];
}

export interface FetchResponse {
  readonly responses: readonly { readonly topicName: string; readonly partitions: readonly FetchedPartition[] }[];
}

export interface FetchedPartition {
  readonly partition: number;
  /** Kafka's; 0 when all is well. */
  readonly errorCode: number;
  readonly lastStableOffset: number;
  readonly abortedTransactions: readonly AbortedTransaction[];
  /** Record batches, the last of which may be cut off. */
  readonly records: Buffer;
}

export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: number;
}

/** The newest that kafkajs knows; brokers have it since Kafka 2.3. */
const VERSION = 11;

/** Rejects with kafkajs's errors, also when one of the partitions has one. */
export async function fetchFrom(broker: PooledBroker, request: FetchRequest): Promise<FetchResponse> {
  const protocol = requests.protocol({ version: VERSION })(request);
  const response = {
    decode: (raw: Buffer) => Promise.resolve(decodeResponse(raw)),
    parse: (decoded: FetchResponse) => protocol.response.parse(decoded),
  };
  return (await broker.connectionPool.send({ ...protocol, response })) as FetchResponse;
}

function decodeResponse(raw: Buffer): FetchResponse & { readonly clientSideThrottleTime: number } {
  const reader = new Reader(raw);
  const clientSideThrottleTime = reader.int32();
  // The answer's own error, and its session, which is not used.
  reader.skip(2 + 4);
  const responses = reader.array(() => ({
    topicName: reader.string(),
    partitions: reader.array(() => decodePartition(reader)),
  }));
  return { clientSideThrottleTime, responses };
}

function decodePartition(reader: Reader): FetchedPartition {
  const partition = reader.int32();
  const errorCode = reader.int16();
  // The high watermark: readers of committed records go by the last stable offset.
  reader.skip(8);
  const lastStableOffset = Number(reader.int64());
  // The low end of the log.
  reader.skip(8);
  const abortedTransactions = reader.array(() => ({
    producerId: reader.int64(),
    firstOffset: Number(reader.int64()),
  }));
  // The replica to read from rather than this one; none is asked for.
  reader.skip(4);
  return { partition, errorCode, lastStableOffset, abortedTransactions, records: reader.bytes() };
}

/** Kafka's encoding of an answer: big-endian numbers, lengths before what is long; −1 for none. */
class Reader {
  readonly #data: Buffer;
  #at = 0;

  constructor(data: Buffer) {
    this.#data = data;
  }

  skip(bytes: number): void {
    this.#at += bytes;
  }

  int16(): number {
    this.skip(2);
    return this.#data.readInt16BE(this.#at - 2);
  }

  int32(): number {
    this.skip(4);
    return this.#data.readInt32BE(this.#at - 4);
  }

  int64(): bigint {
    this.skip(8);
    return this.#data.readBigInt64BE(this.#at - 8);
  }

  string(): string {
    return this.#take(this.int16()).toString('utf8');
  }

  bytes(): Buffer {
    return this.#take(this.int32());
  }

  array<T>(read: () => T): T[] {
    return Array.from({ length: Math.max(0, this.int32()) }, read);
  }

  #take(length: number): Buffer {
    const from = this.#at;
    this.skip(Math.max(0, length));
    return this.#data.subarray(from, this.#at);
  }
}
