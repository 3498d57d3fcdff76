import { describe, expect, it } from 'vitest';
import { MemoryLog } from '../adapters/memory/memory-log.ts';
import { RECORD_BYTES_MAX } from '../events/codec.ts';
import { ManualClock } from '../ports/clock.ts';
import {
  encodeDeadLetter,
  listDeadLetters,
  recordDeadLetters,
  VALUE_BYTES_MAX,
  type UndecodableRecord,
} from './dead-letters.ts';

function undecodable(offset: number, value: Buffer | null, more: Partial<UndecodableRecord> = {}): UndecodableRecord {
  return { topic: 'orders', partition: 2, record: { offset, key: `key ${offset}`, value }, cause: 'not JSON', ...more };
}

const clock = new ManualClock('2026-11-22T14:05:07.123Z');

describe('dead letters', () => {
  it('come back with their place, cause and value', async () => {
    const log = new MemoryLog();
    await recordDeadLetters(log, [undecodable(7, Buffer.from('{"a":'))], clock);
    expect(await listDeadLetters(log)).toEqual([
      {
        topic: 'orders',
        partition: 2,
        offset: 7,
        key: 'key 7',
        cause: 'not JSON',
        at: '2026-11-22T14:05:07.123Z',
        valueBase64: Buffer.from('{"a":').toString('base64'),
        valueBytes: 5,
        preview: '{"a":',
      },
    ]);
  });

  it('are listed once each, in the order of first reports, whoever reported them', async () => {
    const log = new MemoryLog();
    await recordDeadLetters(log, [undecodable(7, null), undecodable(3, null)], clock);
    await recordDeadLetters(log, [undecodable(3, null), undecodable(7, null), undecodable(9, null)], clock);
    await recordDeadLetters(log, [undecodable(3, null, { partition: 1 })], clock);
    const places = (await listDeadLetters(log)).map(({ partition, offset }) => `${partition}/${offset}`);
    expect(places).toEqual(['2/7', '2/3', '2/9', '1/3']);
  });

  it('keep a record without value or key', async () => {
    const log = new MemoryLog();
    await recordDeadLetters(log, [{ ...undecodable(1, null), record: { offset: 1, key: null, value: null } }], clock);
    expect(await listDeadLetters(log)).toMatchObject([{ key: null, valueBase64: null, valueBytes: 0, preview: '' }]);
  });

  it('keep the beginning of a large value, and its size', async () => {
    const log = new MemoryLog();
    await recordDeadLetters(log, [undecodable(1, Buffer.alloc(3 * RECORD_BYTES_MAX, 'x'))], clock);
    const [letter] = await listDeadLetters(log);
    expect(Buffer.from(letter?.valueBase64 ?? '', 'base64')).toHaveLength(VALUE_BYTES_MAX);
    expect(letter?.valueBytes).toBe(3 * RECORD_BYTES_MAX);
  });

  it('never become a batch that a broker would not take, however many and large', async () => {
    const sizes: number[] = [];
    const log = new MemoryLog();
    const append = log.append.bind(log);
    log.append = (records) => {
      sizes.push(records.reduce((sum, { value }) => sum + Buffer.byteLength(value), 0));
      return append(records);
    };
    const large = Array.from({ length: 30 }, (_, offset) =>
      undecodable(offset, Buffer.alloc(RECORD_BYTES_MAX, 'x'), { cause: 'y'.repeat(1_000_000) }),
    );
    await recordDeadLetters(log, large, clock);
    expect(Math.max(...sizes)).toBeLessThan(RECORD_BYTES_MAX * 0.9);
    expect(await listDeadLetters(log)).toHaveLength(30);
  });

  it('do nothing to the terminal that shows them', async () => {
    const log = new MemoryLog();
    await recordDeadLetters(log, [undecodable(1, Buffer.from('\u001b[2Jå\r\nä\u202eö\u0000'))], clock);
    expect((await listDeadLetters(log))[0]?.preview).toBe(' [2Jå ä ö ');
  });

  it('bear the place as their key', () => {
    const record = encodeDeadLetter({
      topic: 'stock',
      partition: 5,
      offset: 41,
      key: null,
      cause: '',
      at: '',
      valueBase64: null,
      valueBytes: 0,
    });
    expect(record).toMatchObject({ topic: 'dead-letters', partition: 0, key: 'stock/5/41' });
  });

  it('are not confused by what else is in their topic', async () => {
    const log = new MemoryLog();
    const foreign = ['', 'null', '[]', '{"topic":"orders"}'];
    await log.append(foreign.map((value) => ({ topic: 'dead-letters', partition: 0, key: '', value })));
    expect(await listDeadLetters(log)).toEqual([]);
  });
});
