import { describe, expect, it } from 'vitest';
import { committedOf } from './fetched.ts';
import { madeAnswer, madeBatch, type MadeBatch } from './record-batches-test-kit.ts';

const SOURCE = { topic: 'orders', partition: 0 } as const;

function read(
  batches: readonly (MadeBatch | Buffer)[],
  from = 0,
  aborted: [producerId: bigint, firstOffset: number][] = [],
) {
  const abortedTransactions = aborted.map(([producerId, firstOffset]) => ({ producerId, firstOffset }));
  return committedOf(madeAnswer(batches, { abortedTransactions, lastStableOffset: 10 }), SOURCE, from);
}

function offsetsOf(...given: Parameters<typeof read>): number[] {
  return read(...given).records.map(({ offset }) => offset);
}

describe('what a broker answered', () => {
  it('has keys and values, and nothing of timestamps and headers', () => {
    const [first, second] = read([{ firstOffset: 4, deltas: [0, 2] }], 4).records;
    expect(first).toEqual({ offset: 4, key: 'k4', value: Buffer.from('v4') });
    expect(second).toEqual({ offset: 6, key: 'k6', value: Buffer.from('v6') });
  });

  it('covers markers, which are no records', () => {
    const fetched = read([
      { firstOffset: 4, producerId: 7n },
      { firstOffset: 5, producerId: 7n, marker: 'commit' },
      { firstOffset: 6, producerId: 8n, marker: 'commit' },
    ]);
    expect(fetched.records.map((each) => each.offset)).toEqual([4]);
    expect(fetched).toMatchObject({ next: 7, end: 10 });
  });

  it('leaves out aborted transactions in whatever order they are listed, and only theirs', () => {
    const batches: MadeBatch[] = [
      { firstOffset: 0, producerId: 1n },
      { firstOffset: 1, producerId: 2n },
      { firstOffset: 2 },
      { firstOffset: 3, producerId: 2n, marker: 'abort' },
      { firstOffset: 4, producerId: 1n },
      { firstOffset: 5, producerId: 2n },
      { firstOffset: 6, producerId: 1n, marker: 'abort' },
      { firstOffset: 7, producerId: 2n, marker: 'commit' },
      { firstOffset: 8, producerId: 1n },
      { firstOffset: 9, producerId: 1n, marker: 'commit' },
    ];
    const aborted: [bigint, number][] = [
      [2n, 1],
      [1n, 0],
    ];
    expect(offsetsOf(batches, 0, aborted)).toEqual([2, 5, 8]);
    expect(read(batches, 0, aborted).next).toBe(10);
  });

  it('takes no record for a marker because of its key', () => {
    const batches: MadeBatch[] = [
      { firstOffset: 0, producerId: 1n },
      { firstOffset: 1, producerId: 1n, key: '\u0000\u0000\u0000\u0000' },
      { firstOffset: 2, producerId: 1n },
      { firstOffset: 3, producerId: 1n, marker: 'abort' },
    ];
    expect(offsetsOf(batches, 0, [[1n, 0]])).toEqual([]);
  });

  it('leaves out what lies before the offset that was asked for', () => {
    expect(offsetsOf([{ firstOffset: 3, deltas: [0, 1, 2] }], 4)).toEqual([4, 5]);
    expect(read([{ firstOffset: 3, deltas: [0, 1, 2] }], 4)).toMatchObject({ next: 6, end: 10 });
  });

  it('makes no progress when nothing came', () => {
    expect(read([], 4)).toMatchObject({ next: 4, end: 10 });
  });

  it('passes offsets whose records were compacted away, at the end of a batch and in an empty one', () => {
    const fetched = read([
      { firstOffset: 0, deltas: [1, 2], lastOffsetDelta: 4 },
      { firstOffset: 5, deltas: [], lastOffsetDelta: 3 },
    ]);
    expect(fetched.records.map((each) => each.offset)).toEqual([1, 2]);
    expect(fetched.next).toBe(9);
    expect(read([{ firstOffset: 5, deltas: [], lastOffsetDelta: 3 }], 7).next).toBe(9);
  });

  it('leaves a batch that is cut off for the next answer', () => {
    const [whole, half] = [madeBatch({ firstOffset: 0 }), madeBatch({ firstOffset: 1 }).subarray(0, -1)];
    expect(read([whole, half])).toMatchObject({ next: 1 });
    expect(read([whole, half.subarray(0, 12)])).toMatchObject({ next: 1 });
  });
});

describe('a batch that cannot be read', () => {
  const flipped = (at: number): Buffer => {
    const batch = madeBatch({ firstOffset: 3, deltas: [0, 1] });
    batch.writeUInt8(batch.readUInt8(at) ^ 1, at);
    return batch;
  };

  it.each([
    ['in a record', flipped(80), /checksum/],
    ['in its header', flipped(45), /checksum/],
    ['in its format', flipped(16), /message format 3/],
  ])('stops every reader where a bit fell over %s, and says where', (_where, damaged, message) => {
    // What is before it is read first.
    expect(read([{ firstOffset: 2 }, damaged])).toMatchObject({ next: 3 });
    expect(() => read([damaged], 3)).toThrow(message);
    expect(() => read([damaged], 3)).toThrow(/^orders\/0 cannot be read past offset 3: /);
    expect(() => read([damaged, { firstOffset: 5 }], 4)).toThrow(expect.objectContaining({ code: 'LOG_MISMATCH' }));
  });

  it.each<[string, Partial<MadeBatch>, RegExp]>([
    ['an unknown codec', { codec: 5 }, /codec that is not known \(number 5\)/],
    ['no gzip', { codec: 1, compress: () => Buffer.from('no') }, /its gzip data are corrupt: incorrect header check/],
    ['no snappy', { codec: 2, compress: () => Buffer.from('nonono') }, /its snappy data are corrupt/],
    ['no lz4', { codec: 3, compress: () => Buffer.from('no') }, /its lz4 data are corrupt/],
    ['no zstd', { codec: 4, compress: () => Buffer.from('nono') }, /its zstd data are corrupt: no frame begins here/],
    ['too few records', { count: 4 }, /a record is cut off/],
    ['too many records', { count: 1 }, /more than its 1 records/],
    ['records that are cut off', { compress: (all) => all.subarray(0, -3) }, /a record is cut off/],
    ['offsets out of order', { deltas: [1, 1] }, /offsets are not in order/],
    ['offsets past its end', { lastOffsetDelta: 0 }, /offsets are not in order/],
  ])('as it holds %s is one unreadable record for all of it, and the others go on', (_what, made, message) => {
    const batches = [{ firstOffset: 2 }, { firstOffset: 3, deltas: [0, 1, 2], ...made }, { firstOffset: 6 }];
    const { records, next } = read(batches);
    const [before, unreadable, after] = records;
    expect([before?.offset, after?.offset, records.length, next]).toEqual([2, 6, 3, 7]);
    expect(unreadable).toMatchObject({ offset: 3, key: null, value: null });
    expect(unreadable?.unreadable).toMatch(message);
    expect(unreadable?.unreadable).toMatch(/^the batch of the offsets 3 to [345] cannot be read: /);
    // Who begins in the middle of it finds nothing there, as nothing is there.
    expect(read(batches, 4).records.map(({ offset }) => offset)).not.toContain(3);
  });

  it('is never looked into when its transaction was aborted', () => {
    const batches: MadeBatch[] = [
      { firstOffset: 0, producerId: 1n, codec: 1 },
      { firstOffset: 1, producerId: 1n, marker: 'abort' },
    ];
    expect(offsetsOf(batches, 0, [[1n, 0]])).toEqual([]);
  });
});
