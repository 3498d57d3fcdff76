import { describe, expect, it } from 'vitest';
import { record } from '../../ports/event-log.contract-kit.ts';
import { chunksOf } from './chunks.ts';

describe('the requests of an append', () => {
  it('keep the order of each partition, stay below the bounds, and hold every record once', () => {
    const records = Array.from({ length: 12_000 }, (_, index) =>
      record('orders', index % 3, `k${index}`, 'x'.repeat(index % 400)),
    );
    const requests = chunksOf(records, (each) => each.topic);
    const seen = requests.flat().flatMap((chunk) => chunk.indexes);
    expect([...seen].sort((a, b) => a - b)).toEqual(records.map((_, index) => index));
    for (const partition of [0, 1, 2]) {
      const indexes = requests
        .flat()
        .filter((chunk) => chunk.partition === partition)
        .flatMap((chunk) => chunk.indexes);
      expect(indexes).toEqual([...indexes].sort((a, b) => a - b));
    }
    for (const chunk of requests.flat()) {
      const bytes = chunk.messages.reduce((sum, each) => sum + each.key.length + each.value.length, 0);
      expect(bytes).toBeLessThan(1_000_000);
      expect(chunk.messages.length).toBeLessThanOrEqual(5_000);
    }
    for (const request of requests) expect(new Set(request.map((chunk) => chunk.partition)).size).toBe(request.length);
  });

  it('give a record that is larger than the bounds a request of its own', () => {
    const records = [
      record('orders', 0, 'a'),
      record('orders', 0, 'large', 'x'.repeat(2_000_000)),
      record('orders', 0, 'b'),
    ];
    expect(chunksOf(records, (each) => each.topic).map((request) => request.map((chunk) => chunk.indexes))).toEqual([
      [[0]],
      [[1]],
      [[2]],
    ]);
    expect(chunksOf([], (each) => each.topic)).toEqual([]);
  });
});
