import { describe, expect, it } from 'vitest';
import { spanOf, type SpanGiven } from './span.ts';

const ZONE = 'Europe/Stockholm';
const NOW = Date.parse('2026-11-22T13:05:00.000Z');

function read(given: SpanGiven): readonly [string, string] {
  const { from, to } = spanOf(given, ZONE, NOW);
  return [new Date(from).toISOString().slice(0, 19), new Date(to).toISOString().slice(0, 19)];
}

describe('a span of time', () => {
  it.each<[SpanGiven, string, string]>([
    [{}, '2026-11-21T23:00:00', '2026-11-22T23:00:00'],
    [{ day: '2026-11-20' }, '2026-11-19T23:00:00', '2026-11-20T23:00:00'],
    [{ hour: '14' }, '2026-11-22T13:00:00', '2026-11-22T14:00:00'],
    [{ hour: '23:00' }, '2026-11-22T22:00:00', '2026-11-22T23:00:00'],
    [{ minute: '14:05' }, '2026-11-22T13:05:00', '2026-11-22T13:06:00'],
    [{ day: '2026-10-25', hour: '2' }, '2026-10-25T00:00:00', '2026-10-25T02:00:00'],
    [{ from: '2026-11-22T10:00:00Z', to: '2026-11-22T12:00' }, '2026-11-22T10:00:00', '2026-11-22T11:00:00'],
  ])('%j', (given, from, to) => {
    expect(read(given)).toEqual([from, to]);
  });

  it.each<[SpanGiven, RegExp]>([
    [{ hour: '24' }, /like 14/],
    [{ minute: '14' }, /like 14:05/],
    [{ minute: '14:05', hour: '14' }, /one of/],
    [{ from: '2026-11-22T10:00:00Z' }, /together/],
    [{ from: '2026-11-22T10:00:00Z', to: '2026-11-22T10:00:00Z' }, /not after/],
    [{ from: 'noon', to: '2026-11-22T10:00:00Z' }, /--from: /],
    [{ day: '2027-03-28', hour: '2' }, /no hour 2/],
  ])('refuses %j', (given, why) => {
    expect(() => read(given)).toThrow(why);
  });
});
