import { describe, expect, it } from 'vitest';
import { Recent, type KnownOrder } from './recent.ts';

const NONE = [-1, -1];

function known(id: string, partition: number, offset: number): KnownOrder {
  return { id, at: '', fingerprint: null, position: { topic: 'orders', partition, offset } };
}

describe('what was appended lately', () => {
  it('is forgotten when the read model has it, and what is still to be appended is not', () => {
    const recent = new Recent<KnownOrder>(NONE, 100);
    for (const each of [known('a', 0, 3), known('b', 0, 7), known('c', 1, 5), known('d', 0, -1)]) recent.add(each);
    recent.prune([5, -1]);
    expect(['a', 'b', 'd'].map((id) => recent.get(id, 0)?.id)).toEqual([undefined, 'b', 'd']);
    recent.prune([9, 9]);
    expect([recent.get('b', 0), recent.find('c')]).toEqual([undefined, undefined]);
    expect(recent.find('d')?.id).toBe('d');
    expect([recent.size, recent.stored(0), recent.hasGaps]).toEqual([1, 9, false]);
    recent.prune([2, 2]);
    expect(recent.stored(0)).toBe(9);
  });

  it('is forgotten, oldest first, when there is no room; then it is missing until the read model has it', () => {
    const recent = new Recent<KnownOrder>(NONE, 10);
    for (let offset = 0; offset < 12; offset++) recent.add(known(`o${offset}`, 0, offset * 2));
    recent.add(known('other', 1, 0));
    recent.add(known('on its way', 0, -1));
    recent.shrink();
    expect(recent.size).toBeLessThanOrEqual(10);
    expect([recent.missing(0), recent.missing(1), recent.hasGaps]).toEqual([true, false, true]);
    expect(recent.get('o0', 0)).toBeUndefined();
    expect(recent.get('o11', 0)?.id).toBe('o11');
    expect(recent.get('on its way', 0)?.id).toBe('on its way');
    recent.prune([22, -1]);
    expect(recent.hasGaps).toBe(false);
  });
});
