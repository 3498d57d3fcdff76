import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  abandon,
  begin,
  changeGenerations,
  closeFlip,
  collectionsOf,
  failBuild,
  flip,
  foldedOf,
  forget,
  GRACE_MS,
  leaderOf,
  LEASE_MS,
  lineageOf,
  openFlip,
  readGenerations,
  renew,
  takeOver,
  withLineage,
  type Lineage,
} from './generations.ts';
import { MemoryModels, MemoryStore } from './model/memory-models.ts';
import { sales } from './sales.ts';
import { stock } from './stock.ts';

const FIRST = lineageOf({}, { name: 'sales', version: 1 });
const CHOICE = { keep: false, dryRun: false };

const begun = (lineage: Lineage, owner = 'a', now = 0): Lineage =>
  begin(lineage, { version: 1, set: owner, owner, choice: CHOICE, now });

const flipped = (lineage: Lineage, to: number, now: number, keep = false): Lineage =>
  flip(openFlip(lineage, { to, owner: 'a', renewedAt: now }), { now, keep });

type Step = (lineage: Lineage, now: number) => Lineage;

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.constantFrom<Step>(
    (lineage, now) => begun(lineage, 'a', now),
    (lineage, now) => takeOver(lineage, { owner: 'b', choice: CHOICE, now }),
    (lineage, now) => renew(lineage, 'a', now, 'comparing'),
    (lineage) => failBuild(lineage, lineage.next - 1, 'why'),
    (lineage) => closeFlip(lineage),
    (lineage, now) => abandon(lineage, now),
  ),
  fc.tuple(fc.nat({ max: 12 }), fc.boolean()).map(
    ([to, keep]): Step =>
      (lineage, now) =>
        flipped(lineage, to, now, keep),
  ),
  fc.nat({ max: 12 }).map(
    (generation): Step =>
      (lineage) =>
        forget(lineage, generation),
  ),
);

describe('the generations of a projection, whatever happens to them', () => {
  it('are each in one place, none comes twice, and one is live', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 40 }), (steps) => {
        let lineage = FIRST;
        const dropped = new Set<number>();
        for (const [now, step] of steps.entries()) {
          const before = lineage;
          lineage = step(before, now);
          const { live, building, kept, retired, next } = lineage;
          const there = [live, building, kept, ...retired].flatMap((each) => each?.generation ?? []);
          expect(new Set(there).size).toBe(there.length);
          for (const { generation } of before.retired) if (!there.includes(generation)) dropped.add(generation);
          expect(there.every((generation) => generation < next && !dropped.has(generation))).toBe(true);
          // Nothing gets lost without having been retired.
          expect(there.length + dropped.size).toBe(next - 1);
          expect(next).toBeGreaterThanOrEqual(before.next);
          // What becomes live was being built, or had been kept.
          if (live.generation !== before.live.generation) {
            expect([before.building?.generation, before.kept?.generation]).toContain(live.generation);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('who must be ahead of whom', () => {
  it('is the one to come ahead of the live one, while a flip is open and its owner is heard of', () => {
    const opened = openFlip(begun(FIRST), { to: 2, owner: 'a', renewedAt: 100 });
    expect(leaderOf(begun(FIRST), 1, 100)).toBeNull();
    expect(leaderOf(opened, 1, 100)?.generation).toBe(2);
    expect(leaderOf(opened, 2, 100)).toBeNull();
    expect(leaderOf(opened, 1, 101 + LEASE_MS)).toBeNull();
  });

  it('is the live one ahead of the former one, for as long as answers may be under way', () => {
    for (const keep of [true, false]) {
      const after = flipped(begun(FIRST), 2, 100, keep);
      expect(leaderOf(after, 1, 101)?.generation).toBe(2);
      expect(leaderOf(after, 2, 101)).toBeNull();
      expect(leaderOf(after, 1, 101 + GRACE_MS)).toBeNull();
      // On the way back it leads again; the two must not wait for each other.
      const back = openFlip(after, { to: 1, owner: 'a', renewedAt: 101 });
      expect(leaderOf(back, 1, 101)).toBeNull();
      expect(leaderOf(back, 2, 101)?.generation).toBe(keep ? 1 : undefined);
      // What is begun meanwhile comes from far behind.
      expect(leaderOf(begun(after), 3, 101)).toBeNull();
    }
  });
});

describe('what is folded', () => {
  const numbers = (lineage: Lineage, now: number): number[] => foldedOf(lineage, now).map((each) => each.generation);

  it('is what is live, built, kept, or still read by answers that began earlier', () => {
    expect(numbers(FIRST, 0)).toEqual([1]);
    expect(numbers(begun(FIRST), 0)).toEqual([1, 2]);
    expect(numbers(failBuild(begun(FIRST), 2, 'why'), 0)).toEqual([1]);
    expect(numbers(abandon(begun(FIRST), 0), 0)).toEqual([1]);
    const after = flipped(begun(FIRST), 2, 100);
    expect(numbers(after, 100 + GRACE_MS - 1)).toEqual([2, 1]);
    expect(numbers(after, 100 + GRACE_MS)).toEqual([2]);
    expect(numbers(flipped(begun(FIRST), 2, 100, true), 100 + GRACE_MS)).toEqual([2, 1]);
  });
});

describe('the pointer', () => {
  it('says that what it does not name is in its first generation', async () => {
    const models = new MemoryModels(new MemoryStore());
    expect(collectionsOf(await readGenerations(models), [sales, stock])).toEqual({
      sales: `sales-v${sales.version}-g1`,
      stock: `stock-v${stock.version}-g1`,
    });
  });

  it('names the version of what is live, whatever this program has', () => {
    const generations = withLineage({}, 'sales', FIRST);
    expect(collectionsOf(generations, [{ ...sales, version: 7 }])).toEqual({ sales: 'sales-v1-g1' });
  });

  it('takes every change in, whoever else changes it', async () => {
    const models = new MemoryModels(new MemoryStore());
    const bump = (name: string) => () =>
      changeGenerations(models, (present) => {
        const lineage = lineageOf(present, { name, version: 1 });
        return withLineage(present, name, { ...lineage, next: lineage.next + 1 });
      });
    await Promise.all(Array.from({ length: 20 }, (_, index) => bump(index % 2 === 0 ? 'sales' : 'stock')()));
    expect(await readGenerations(models)).toMatchObject({ sales: { next: 12 }, stock: { next: 12 } });
  });
});
