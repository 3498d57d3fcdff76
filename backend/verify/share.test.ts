import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isFirst, isInSlice, planPasses } from './share.ts';

it('every document of every partition is in exactly one pass, and no pass has more than its share', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: 100 }), { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 120 }),
      fc.array(fc.string(), { maxLength: 20 }),
      (counts, recordsMax, ids) => {
        const passes = planPasses(counts, recordsMax);
        for (const partition of counts.keys()) {
          for (const id of ids) {
            const holding = passes.filter((pass) => pass.partitions.has(partition) && isInSlice(pass, id));
            expect(holding).toHaveLength(1);
          }
        }
        for (const { records, slices } of passes) expect(records / slices).toBeLessThanOrEqual(recordsMax);
        expect(passes.filter(isFirst)).toHaveLength(1);
      },
    ),
  );
});

it('slices are about equally large', () => {
  const ids = Array.from({ length: 4_000 }, (_, index) => `2026-11-22T${index}Z`);
  const [pass] = planPasses([40], 10);
  const sizes = [0, 1, 2, 3].map((slice) => ids.filter((id) => isInSlice({ ...pass!, slice }, id)).length);
  for (const size of sizes) expect(Math.abs(size - 1_000)).toBeLessThan(150);
});

it('few records are looked at in one pass', () => {
  expect(planPasses([1, 2, 3], 6)).toEqual([{ partitions: new Set([0, 1, 2]), records: 6, slice: 0, slices: 1 }]);
});
