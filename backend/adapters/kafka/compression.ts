/**
 * Kafka's four codecs, for reading. What a batch decompresses to is bounded before or while it is decompressed, so
 * that a small batch never takes all memory.
 */
import { gunzipSync } from 'node:zlib';
import { decompress as unzstd } from 'fzstd';
import { decompressFrameSync } from 'lz4-napi';
import { uncompressSync } from 'snappy';

/** What a record batch may decompress to: 16 times the largest batch that a topic of ours takes as it is stored. */
export const DECOMPRESSED_BYTES_MAX = 67_108_864;

/** The codec's number in the lowest bits of a batch's attributes; 0 is none. */
const CODECS: Readonly<Record<number, { readonly name: string; readonly decompress: (data: Buffer) => Uint8Array }>> = {
  1: { name: 'gzip', decompress: gunzip },
  2: { name: 'snappy', decompress: unsnappy },
  3: { name: 'lz4', decompress: unlz4 },
  4: { name: 'zstd', decompress: unzstdFrame },
};

/** Throws an Error that says what was wrong with the data; `codec`: 0 (none) to 7, of which 5 to 7 mean nothing yet. */
export function decompressed(codec: number, data: Buffer): Buffer {
  if (codec === 0) return data;
  const known = CODECS[codec];
  if (known === undefined) throw new Error(`it is compressed with a codec that is not known (number ${codec})`);
  let plain: Uint8Array;
  try {
    plain = known.decompress(data);
  } catch (error) {
    if (error instanceof TooLarge) throw error;
    const said = error instanceof Error ? error.message : String(error);
    throw new Error(`its ${known.name} data are corrupt: ${said}`, { cause: error });
  }
  return Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength);
}

class TooLarge extends Error {
  constructor() {
    super(`it decompresses to more than ${DECOMPRESSED_BYTES_MAX} bytes`);
  }
}

function assertSmallEnough(bytes: number): void {
  if (bytes > DECOMPRESSED_BYTES_MAX) throw new TooLarge();
}

function gunzip(data: Buffer): Buffer {
  try {
    return gunzipSync(data, { maxOutputLength: DECOMPRESSED_BYTES_MAX });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw new TooLarge();
    throw error;
  }
}

const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
/** The magic, and two version numbers of 32 bits. */
const XERIAL_HEADER_BYTES = 16;

/** Java's producer writes blocks, each with its length before it, behind a header; librdkafka writes one bare block. */
function unsnappy(data: Buffer): Buffer {
  if (!data.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) {
    assertSmallEnough(snappyLength(data));
    return unsnappyBlock(data);
  }
  const blocks: Buffer[] = [];
  let bytes = 0;
  for (let at = XERIAL_HEADER_BYTES; at < data.length;) {
    const length = data.readInt32BE(at);
    const block = data.subarray(at + 4, at + 4 + length);
    if (length <= 0 || block.length < length) throw new Error('a block is cut off');
    assertSmallEnough((bytes += snappyLength(block)));
    blocks.push(unsnappyBlock(block));
    at += 4 + length;
  }
  return Buffer.concat(blocks);
}

function unsnappyBlock(block: Buffer): Buffer {
  return uncompressSync(block, { asBuffer: true }) as Buffer;
}

/** A block begins with the number of bytes that it decompresses to: seven bits in each byte, the lowest first. */
function snappyLength(block: Buffer): number {
  let length = 0;
  for (let index = 0; index < 5; index++) {
    const byte = block.readUInt8(index);
    length += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return length;
  }
  throw new Error('a block has no length');
}

const LZ4_MAGIC = 0x184d2204;
const LZ4_BLOCK_CHECKSUM_FLAG = 0x10;
const LZ4_CONTENT_SIZE_FLAG = 0x08;
const LZ4_DICTIONARY_FLAG = 0x01;
/** The highest bit of a block's length says that the block is stored as it is. */
const LZ4_LENGTH_MASK = 0x7fffffff;

/** One frame. The library has no bound, so the frame's blocks are counted first: each has at most the frame's block size. */
function unlz4(data: Buffer): Buffer {
  if (data.readUInt32LE(0) !== LZ4_MAGIC) throw new Error('no frame begins here');
  const flags = data.readUInt8(4);
  const blockBytesMax = 2 ** (8 + 2 * ((data.readUInt8(5) >> 4) & 7));
  let at = 7;
  if ((flags & LZ4_CONTENT_SIZE_FLAG) !== 0) at += 8;
  if ((flags & LZ4_DICTIONARY_FLAG) !== 0) at += 4;
  const checksumBytes = (flags & LZ4_BLOCK_CHECKSUM_FLAG) === 0 ? 0 : 4;
  for (let blocks = 0; ; blocks++) {
    const length = data.readUInt32LE(at) & LZ4_LENGTH_MASK;
    if (length === 0) break;
    assertSmallEnough((blocks + 1) * blockBytesMax);
    at += 4 + length + checksumBytes;
  }
  return decompressFrameSync(data);
}

const ZSTD_MAGIC = 0xfd2fb528;
const ZSTD_BLOCK_BYTES_MAX = 131_072;
const ZSTD_RAW = 0;
const ZSTD_RLE = 1;

/** One frame. The library has no bound, so the frame's window and blocks are looked at first. */
function unzstdFrame(data: Buffer): Uint8Array {
  if (data.readUInt32LE(0) !== ZSTD_MAGIC) throw new Error('no frame begins here');
  const flags = data.readUInt8(4);
  const isSingleSegment = (flags & 0x20) !== 0;
  if (!isSingleSegment) {
    const window = data.readUInt8(5);
    assertSmallEnough(2 ** (10 + (window >> 3)) * (1 + (window & 7) / 8));
  }
  const dictionaryBytes = [0, 1, 2, 4][flags & 3] ?? 0;
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][flags >> 6] ?? 0;
  let at = 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes + sizeBytes;
  let bytes = 0;
  for (let isLast = false; !isLast;) {
    const header = data.readUIntLE(at, 3);
    const type = (header >> 1) & 3;
    const length = header >> 3;
    isLast = (header & 1) !== 0;
    assertSmallEnough((bytes += type === ZSTD_RAW || type === ZSTD_RLE ? length : ZSTD_BLOCK_BYTES_MAX));
    at += 3 + (type === ZSTD_RLE ? 1 : length);
  }
  if (at + ((flags & 4) === 0 ? 0 : 4) !== data.length) throw new Error('more follows after the frame');
  return unzstd(data);
}
