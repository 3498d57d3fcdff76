import { describe, expect, it } from 'vitest';
import { committedOf, type FetchedMessage } from './fetched.ts';

const COMMIT = Buffer.from([0, 0, 0, 1]);
const ABORT = Buffer.from([0, 0, 0, 0]);

function data(offset: number, producerId: string, key = `k${offset}`): FetchedMessage {
  const batchContext = { producerId, inTransaction: producerId !== '-1' };
  return { offset: String(offset), key: Buffer.from(key), value: Buffer.from('v'), batchContext };
}

function marker(offset: number, producerId: string, key: Buffer): FetchedMessage {
  const batchContext = { producerId, inTransaction: true };
  return { offset: String(offset), key, value: null, isControlRecord: true, batchContext };
}

describe('what a broker answered', () => {
  it('covers markers, which are no records', () => {
    const messages = [data(4, '7'), marker(5, '7', COMMIT), marker(6, '8', COMMIT)];
    const fetched = committedOf({ partition: 0, lastStableOffset: '7', messages }, 4);
    expect(fetched.records.map((each) => each.offset)).toEqual([4]);
    expect(fetched).toMatchObject({ next: 7, end: 7 });
  });

  it('leaves out aborted transactions in whatever order they are listed, and only theirs', () => {
    const messages = [
      data(0, '1'),
      data(1, '2'),
      data(2, '-1'),
      marker(3, '2', ABORT),
      data(4, '1'),
      data(5, '2'),
      marker(6, '1', ABORT),
      marker(7, '2', COMMIT),
      data(8, '1'),
      marker(9, '1', COMMIT),
    ];
    const abortedTransactions = [
      { producerId: '2', firstOffset: '1' },
      { producerId: '1', firstOffset: '0' },
    ];
    const fetched = committedOf({ partition: 0, lastStableOffset: '10', abortedTransactions, messages }, 0);
    expect(fetched.records.map((each) => each.offset)).toEqual([2, 5, 8]);
    expect(fetched.next).toBe(10);
  });

  it('takes no record for a marker because of its key', () => {
    const abortedTransactions = [{ producerId: '1', firstOffset: '0' }];
    const messages = [data(0, '1'), data(1, '1', '\u0000\u0000\u0000\u0000'), data(2, '1'), marker(3, '1', ABORT)];
    const fetched = committedOf({ partition: 0, lastStableOffset: '4', abortedTransactions, messages }, 0);
    expect(fetched.records).toEqual([]);
  });

  it('leaves out what lies before the offset that was asked for', () => {
    const messages = [data(3, '-1'), data(4, '-1'), data(5, '-1')];
    const fetched = committedOf({ partition: 0, lastStableOffset: '9', messages }, 4);
    expect(fetched.records.map((each) => each.offset)).toEqual([4, 5]);
    expect(fetched).toMatchObject({ next: 6, end: 9 });
  });

  it('makes no progress when nothing came', () => {
    expect(committedOf({ partition: 0, lastStableOffset: '9', messages: [] }, 4)).toMatchObject({ next: 4, end: 9 });
  });
});
