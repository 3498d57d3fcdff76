/** Record batches made by hand, for what no broker writes on demand. */
import { crc32c } from '@node-rs/crc32';
import type { FetchedPartition } from './fetch.ts';

export interface MadeBatch {
  readonly firstOffset: number;
  /** Offset deltas of the records; keys and values name their offsets. Default: the first offset alone. */
  readonly deltas?: readonly number[];
  /** Default: the last of `deltas`. */
  readonly lastOffsetDelta?: number;
  /** In a transaction of this producer. */
  readonly producerId?: bigint;
  readonly marker?: 'commit' | 'abort';
  readonly codec?: number;
  /** What stands for the records once they are encoded. Default: as they are. */
  readonly compress?: (records: Buffer) => Uint8Array;
  /** Default: as many as there are records. */
  readonly count?: number;
  readonly key?: string;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

function madeRecord(delta: number, key: Buffer, value: Buffer | null): Buffer {
  // Attributes, a timestamp's delta of three bytes, and one header.
  const head = [Buffer.from([0, 0x80, 0x80, 0x01]), varint(delta), varint(key.length), key];
  const middle = value === null ? [varint(-1)] : [varint(value.length), value];
  const body = Buffer.concat([...head, ...middle, varint(1), varint(1), Buffer.from('h'), varint(-1)]);
  return Buffer.concat([varint(body.length), body]);
}

export function madeBatch(made: MadeBatch): Buffer {
  const { firstOffset, deltas = [0], codec = 0, producerId, marker } = made;
  const plain: Buffer[] =
    marker === undefined
      ? deltas.map((delta) =>
          madeRecord(delta, Buffer.from(made.key ?? `k${firstOffset + delta}`), Buffer.from(`v${firstOffset + delta}`)),
        )
      : [madeRecord(0, Buffer.from([0, 0, 0, marker === 'abort' ? 0 : 1]), Buffer.alloc(6))];
  const encoded = Buffer.concat(plain);
  const records = made.compress?.(encoded) ?? encoded;
  const header = Buffer.alloc(61);
  header.writeBigInt64BE(BigInt(firstOffset), 0);
  header.writeInt32BE(49 + records.length, 8);
  header.writeInt8(2, 16);
  header.writeInt16BE(codec | (producerId === undefined ? 0 : 0x10) | (marker === undefined ? 0 : 0x20), 21);
  header.writeInt32BE(made.lastOffsetDelta ?? (marker === undefined ? (deltas.at(-1) ?? 0) : 0), 23);
  header.writeBigInt64BE(producerId ?? -1n, 43);
  header.writeInt32BE(made.count ?? plain.length, 57);
  const batch = Buffer.concat([header, records]);
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17);
  return batch;
}

export function madeAnswer(
  batches: readonly (MadeBatch | Buffer)[],
  more: Partial<FetchedPartition> = {},
): FetchedPartition {
  const records = Buffer.concat(batches.map((each) => (Buffer.isBuffer(each) ? each : madeBatch(each))));
  return { partition: 0, errorCode: 0, lastStableOffset: 0, abortedTransactions: [], records, ...more };
}
