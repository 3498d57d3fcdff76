/**
 * Record batches as they stand in Kafka's log (the message format of Kafka 0.11 and later). kafkajs decodes them, too,
 * but knows one codec of four, checks no checksum, and says nothing of a batch whose records are gone: a compacted
 * batch still takes up its offsets.
 */
import { crc32c } from '@node-rs/crc32';
import type { LogRecord } from '../../ports/event-log.ts';
import { decompressed } from './compression.ts';

export interface RecordBatch {
  readonly firstOffset: number;
  /** At least the offset of its last record: what was compacted away counts. */
  readonly lastOffset: number;
  readonly producerId: bigint;
  readonly inTransaction: boolean;
  /** Null for a batch of records; in a marker, how its transaction ended. */
  readonly marker: 'commit' | 'abort' | null;
  /** Why the batch is not what a producer wrote, so that nothing else of it can be relied on; null when all is well. */
  readonly damage: string | null;
  /** Where the next batch begins. */
  readonly endsAt: number;
  /** Of the whole answer. */
  readonly buffer: Buffer;
  readonly beginsAt: number;
}

const LENGTH_AT = 8;
const MAGIC_AT = 16;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const LAST_OFFSET_DELTA_AT = 23;
const PRODUCER_ID_AT = 43;
const COUNT_AT = 57;
const RECORDS_AT = 61;
const MAGIC = 2;
const CODEC_MASK = 0x07;
const TRANSACTIONAL_FLAG = 0x10;
const CONTROL_FLAG = 0x20;
/** A marker's key is two 16-bit numbers, version and type; type 0 aborts. */
const MARKER_TYPE_AT = 2;
const MARKER_ABORTS = 0;

/** The batch that begins at this place of an answer; null when there is no whole one. */
export function batchAt(buffer: Buffer, beginsAt: number): RecordBatch | null {
  if (beginsAt + MAGIC_AT >= buffer.length) return null;
  const endsAt = beginsAt + LENGTH_AT + 4 + buffer.readInt32BE(beginsAt + LENGTH_AT);
  if (endsAt > buffer.length) return null;
  const firstOffset = Number(buffer.readBigInt64BE(beginsAt));
  const damage = damageOf(buffer, beginsAt, endsAt);
  const nothing = { producerId: -1n, inTransaction: false, marker: null };
  if (damage !== null) return { firstOffset, lastOffset: firstOffset, ...nothing, damage, endsAt, buffer, beginsAt };
  const attributes = buffer.readInt16BE(beginsAt + ATTRIBUTES_AT);
  const batch: RecordBatch = {
    firstOffset,
    lastOffset: firstOffset + buffer.readInt32BE(beginsAt + LAST_OFFSET_DELTA_AT),
    producerId: buffer.readBigInt64BE(beginsAt + PRODUCER_ID_AT),
    inTransaction: (attributes & TRANSACTIONAL_FLAG) !== 0,
    marker: null,
    damage,
    endsAt,
    buffer,
    beginsAt,
  };
  return (attributes & CONTROL_FLAG) === 0 ? batch : { ...batch, marker: markerOf(batch) };
}

function damageOf(buffer: Buffer, beginsAt: number, endsAt: number): string | null {
  const magic = buffer.readInt8(beginsAt + MAGIC_AT);
  if (magic !== MAGIC) return `it is in the message format ${magic}, of before Kafka 0.11`;
  if (endsAt < beginsAt + RECORDS_AT) return 'it is shorter than its own header';
  const written = buffer.readUInt32BE(beginsAt + CRC_AT);
  const found = crc32c(buffer.subarray(beginsAt + ATTRIBUTES_AT, endsAt));
  return found === written ? null : 'its checksum does not fit its bytes';
}

/** A marker's record is kept when all else of its transaction is compacted away; without it nothing was left to abort. */
function markerOf(batch: RecordBatch): 'commit' | 'abort' {
  const { buffer, beginsAt, endsAt } = batch;
  if (buffer.readInt32BE(beginsAt + COUNT_AT) === 0) return 'commit';
  const cursor = new Cursor(buffer, beginsAt + RECORDS_AT, endsAt);
  cursor.beginRecord();
  const key = cursor.bytes();
  return key?.readInt16BE(MARKER_TYPE_AT) === MARKER_ABORTS ? 'abort' : 'commit';
}

/**
 * The records of a batch. One that is as it was written, but makes no sense, is a single record at its first offset
 * that says so: nobody will ever read it otherwise.
 */
export function recordsOf(batch: RecordBatch): LogRecord[] {
  try {
    return readRecords(batch);
  } catch (error) {
    const { firstOffset, lastOffset } = batch;
    const said = error instanceof Error ? error.message : String(error);
    const unreadable = `the batch of the offsets ${firstOffset} to ${lastOffset} cannot be read: ${said}`;
    return [{ offset: firstOffset, key: null, value: null, unreadable }];
  }
}

function readRecords({ buffer, beginsAt, endsAt, firstOffset, lastOffset }: RecordBatch): LogRecord[] {
  const count = buffer.readInt32BE(beginsAt + COUNT_AT);
  const codec = buffer.readInt16BE(beginsAt + ATTRIBUTES_AT) & CODEC_MASK;
  const data = decompressed(codec, buffer.subarray(beginsAt + RECORDS_AT, endsAt));
  const cursor = new Cursor(data, 0, data.length);
  const records: LogRecord[] = [];
  let before = firstOffset - 1;
  for (let index = 0; index < count; index++) {
    const { offsetDelta, end } = cursor.beginRecord();
    const offset = firstOffset + offsetDelta;
    if (offset <= before || offset > lastOffset) throw new Error('its offsets are not in order');
    before = offset;
    const key = cursor.bytes()?.toString('utf8') ?? null;
    records.push({ offset, key, value: cursor.bytes() });
    // What follows are headers, which mean nothing here.
    cursor.skipTo(end);
  }
  if (!cursor.atEnd) throw new Error(`more than its ${count} records are in it`);
  return records;
}

/** Reads records; throws where they are cut off. */
class Cursor {
  readonly #data: Buffer;
  readonly #end: number;
  #at: number;

  constructor(data: Buffer, at: number, end: number) {
    this.#data = data;
    this.#at = at;
    this.#end = end;
  }

  get atEnd(): boolean {
    return this.#at === this.#end;
  }

  /** Up to the record's key. */
  beginRecord(): { readonly offsetDelta: number; readonly end: number } {
    const length = this.#varint();
    const end = this.#at + length;
    if (length < 0 || end > this.#end) throw new Error('a record is cut off');
    // Attributes, of which there are none yet, and a timestamp of up to ten bytes: instants come from the events.
    this.#at++;
    while (this.#byte() >= 0x80);
    return { offsetDelta: this.#varint(), end };
  }

  /** A length and as many bytes; null for the length −1. */
  bytes(): Buffer | null {
    const length = this.#varint();
    if (length < 0) return null;
    const from = this.#at;
    this.skipTo(from + length);
    return this.#data.subarray(from, this.#at);
  }

  skipTo(at: number): void {
    if (at < this.#at || at > this.#end) throw new Error('a record is longer than it says');
    this.#at = at;
  }

  #byte(): number {
    if (this.#at >= this.#end) throw new Error('a record is cut off');
    return this.#data[this.#at++] ?? 0;
  }

  /** 32 bits, zigzag-encoded, seven in each byte, the lowest first. */
  #varint(): number {
    let raw = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#byte();
      raw |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (raw >>> 1) ^ -(raw & 1);
    }
    throw new Error('a number is too long');
  }
}
