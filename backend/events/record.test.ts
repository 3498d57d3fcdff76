import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { handled, listed, placed, received } from '../../tests/events.ts';
import { encode, type NewRecord } from './codec.ts';
import { anyEvents } from './events-test-kit.ts';
import { eventsIn, judge, type RawRecord } from './record.ts';
import { PARTITIONS } from './topics.ts';

const order = placed({ orderId: 'o-1' });

function raw({ key, value }: Pick<NewRecord, 'key' | 'value'>, more: Partial<RawRecord> = {}): RawRecord {
  return { offset: 7, key, value: Buffer.from(value), ...more };
}

describe('the verdict on a record', () => {
  it('is the event with its place, for whatever the shop writes', () => {
    fc.assert(
      fc.property(fc.oneof(...Object.values(anyEvents)), (event) => {
        const { topic, partition, ...record } = encode(event);
        const judged = judge(topic, partition, raw(record));
        expect(judged).toEqual({
          ok: true,
          recorded: { event, at: Date.parse(event.at), topic, partition, offset: 7 },
        });
      }),
    );
  });

  it.each([
    ['an order', order],
    ['a handled order', handled(order, '2026-11-22T12:01:00.000Z')],
    ['a product', listed('P-1')],
    ['goods', received('P-1', 5)],
  ])('puts %s aside wherever a foreign partitioner brings it', (_what, event) => {
    const { topic, partition, ...record } = encode(event);
    for (let other = 0; other < PARTITIONS; other++) {
      const judged = judge(topic, other, raw(record));
      if (other === partition) expect(judged.ok).toBe(true);
      else {
        const cause = `belongs to partition ${partition} by its key "${record.key}", not to ${other}`;
        expect(judged).toEqual({ ok: false, cause });
      }
    }
  });

  it.each([
    ['no key', null, 'OrderPlaced must have the key "o-1", not none'],
    ["a customer's id for its key", 'c-1', 'OrderPlaced must have the key "o-1", not "c-1"'],
    ['a key in another encoding', '\u0000\u0000\u0000\u0005\u0006o-1', /^OrderPlaced must have the key "o-1", not "/],
  ])('puts aside what has %s, also in the right partition', (_what, key, cause) => {
    const { topic, partition, value } = encode(order);
    const judged = judge(topic, partition, { offset: 7, key, value: Buffer.from(value) });
    expect(judged).toEqual({ ok: false, cause: typeof cause === 'string' ? cause : expect.stringMatching(cause) });
  });

  it('puts a tombstone aside, and what the engine could not read', () => {
    const { topic, partition, ...record } = encode(order);
    expect(judge(topic, partition, raw(record, { value: null }))).toEqual({ ok: false, cause: 'the record is empty' });
    const unreadable = 'the batch of the offsets 7 to 9 cannot be read: …';
    expect(judge(topic, partition, raw(record, { unreadable }))).toEqual({ ok: false, cause: unreadable });
  });

  it('leaves dead letters out of a run, and keeps what stands beside them', () => {
    const { topic, partition, ...record } = encode(order);
    const records = [raw(record), raw(record, { offset: 8, key: null }), raw(record, { offset: 9 })];
    expect(eventsIn({ topic, partition, records }).map(({ offset }) => offset)).toEqual([7, 9]);
  });
});
