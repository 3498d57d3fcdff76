import { gzipSync } from 'node:zlib';
import { compressFrameSync } from 'lz4-napi';
import { compressSync } from 'snappy';
import { describe, expect, it } from 'vitest';
import { DECOMPRESSED_BYTES_MAX, decompressed } from './compression.ts';

const [GZIP, SNAPPY, LZ4, ZSTD] = [1, 2, 3, 4];
const text = Buffer.from('an order of an order of an order. '.repeat(10_000));
const ONE_BLOCK = 131_072;

function xerial(...blocks: Buffer[]): Buffer {
  const header = Buffer.from('82534e4150505900' + '00000001' + '00000001', 'hex');
  return Buffer.concat([header, ...blocks.flatMap((block) => [int32(block.length), block])]);
}

function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(value);
  return buffer;
}

/** A zstd frame of blocks that repeat one byte, with a window of 2^windowLog bytes. */
function zstdOfRuns(blocks: number, blockBytes = ONE_BLOCK, windowLog = 17): Buffer {
  const block = (isLast: boolean): Buffer => {
    const header = Buffer.alloc(4);
    header.writeUIntLE((blockBytes << 3) | (1 << 1) | Number(isLast), 0, 3);
    header.write('x', 3);
    return header;
  };
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, (windowLog - 10) << 3]);
  return Buffer.concat([head, ...Array.from({ length: blocks }, (_, index) => block(index === blocks - 1))]);
}

describe('decompressing', () => {
  it.each([
    ['nothing', 0, text],
    ['gzip', GZIP, gzipSync(text)],
    ['snappy in one bare block, as librdkafka writes it', SNAPPY, compressSync(text)],
    [
      'snappy in framed blocks, as Java writes it',
      SNAPPY,
      xerial(compressSync(text.subarray(0, 1_000)), compressSync(text.subarray(1_000))),
    ],
    ['lz4', LZ4, compressFrameSync(text)],
    ['lz4 with checksums', LZ4, compressFrameSync(text, { blockChecksums: true, contentChecksum: true })],
  ])('gives back %s', (_what, codec, data) => {
    expect(decompressed(codec, data).equals(text)).toBe(true);
  });

  it('gives back a zstd frame that does not say its size', () => {
    expect(decompressed(ZSTD, zstdOfRuns(3)).equals(Buffer.alloc(3 * ONE_BLOCK, 'x'))).toBe(true);
  });

  const bomb = Buffer.alloc(DECOMPRESSED_BYTES_MAX + 1);
  it.each([
    ['gzip', GZIP, gzipSync(bomb)],
    ['snappy', SNAPPY, compressSync(bomb)],
    ['framed snappy', SNAPPY, xerial(...Array.from({ length: 65 }, () => compressSync(Buffer.alloc(1_048_576))))],
    ['lz4', LZ4, compressFrameSync(bomb)],
    ['zstd', ZSTD, zstdOfRuns(DECOMPRESSED_BYTES_MAX / ONE_BLOCK + 1)],
    ['zstd with a window of 2 GiB', ZSTD, zstdOfRuns(1, ONE_BLOCK, 31)],
    ['zstd in runs that are larger than a block may be', ZSTD, zstdOfRuns(40, 2 ** 21 - 1)],
  ])('refuses what would take all memory: %s', (_what, codec, data) => {
    expect(() => decompressed(codec, data)).toThrow(`it decompresses to more than ${DECOMPRESSED_BYTES_MAX} bytes`);
  });

  it('refuses a second zstd frame, whose size nobody looked at', () => {
    const two = Buffer.concat([zstdOfRuns(1), zstdOfRuns(1)]);
    expect(() => decompressed(ZSTD, two)).toThrow(/more follows after the frame/);
  });

  it.each([
    ['gzip', GZIP, gzipSync(text)],
    ['snappy', SNAPPY, compressSync(text)],
    ['framed snappy', SNAPPY, xerial(compressSync(text))],
    ['lz4', LZ4, compressFrameSync(text)],
    ['zstd', ZSTD, zstdOfRuns(3)],
  ])('refuses %s that is cut off anywhere', (_what, codec, data) => {
    for (const share of [0, 0.01, 0.1, 0.5, 0.9]) {
      const cut = data.subarray(0, Math.floor(data.length * share));
      expect(() => decompressed(codec, cut)).toThrow(/its (gzip|snappy|lz4|zstd) data are corrupt/);
    }
    expect(() => decompressed(codec, data.subarray(0, -1))).toThrow(/data are corrupt/);
  });
});
