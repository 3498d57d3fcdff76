import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeTopic, murmur2, partitionOf, TOPICS } from './topics.ts';

/** The hash of the client library's own partitioner, a port of the Java client's. It has no types. */
const murmur2OfKafkajs = createRequire(import.meta.url)('kafkajs/src/producer/partitioners/default/murmur2.js') as (
  bytes: Buffer,
) => number;

describe('murmur2', () => {
  // From Kafka's own UtilsTest.testMurmur2.
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ])('of %s is what Kafka has', (key, hash) => {
    expect(murmur2(Buffer.from(key))).toBe(hash);
  });

  it('of the bytes a, b, c is what Kafka has', () => {
    expect(murmur2(Uint8Array.of(97, 98, 99))).toBe(479470107);
  });

  it('agrees with the client library on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(murmur2(bytes)).toBe(murmur2OfKafkajs(Buffer.from(bytes)));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('partitionOf', () => {
  it('is a partition of the topic, the one that Kafka picks', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 50 }), (key, partitions) => {
        const expected = (murmur2OfKafkajs(Buffer.from(key)) & 0x7fffffff) % partitions;
        expect(partitionOf(key, partitions)).toBe(expected);
      }),
    );
  });

  it('gives an order the same number in both of its topics', () => {
    expect(describeTopic('orders').partitions).toBe(describeTopic('handled-orders').partitions);
  });
});

describe('topics', () => {
  it('keep what is truth for ever, each described once', () => {
    for (const each of TOPICS.filter((topic) => topic.truth)) expect(each.retentionMs).toBe(-1);
    expect(new Set(TOPICS.map((each) => each.topic)).size).toBe(TOPICS.length);
  });
});
