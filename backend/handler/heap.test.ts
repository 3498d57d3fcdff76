import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Heap } from './heap.ts';

it('gives its items in order, whatever is added and taken in between', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(20), fc.constant(null)), { maxLength: 200 }), (steps) => {
      const heap = new Heap<number>((a, b) => a < b);
      const plain: number[] = [];
      for (const step of steps) {
        if (step === null) expect(heap.pop()).toBe(plain.shift());
        else {
          heap.push(step);
          plain.push(step);
          plain.sort((a, b) => a - b);
        }
        expect(heap.peek()).toBe(plain[0]);
        expect(heap.size).toBe(plain.length);
      }
    }),
  );
});
