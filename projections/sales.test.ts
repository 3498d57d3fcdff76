import { describe, expect, it } from 'vitest';
import { handled, placed } from '../tests/events.ts';
import { foldAll } from '../tests/fold.ts';
import { sales } from './sales.ts';

describe('sales', () => {
  it('adds totals up by the second, in minor units', () => {
    const documents = foldAll(sales, [
      placed({ at: '2026-11-22T12:01:05.100Z', lines: [['P-1', 2, 1_050]] }),
      placed({ at: '2026-11-22T12:01:05.900Z', lines: [['P-1', 1, 1]] }),
      placed({ at: '2026-11-22T12:10:00.000Z', lines: [['P-2', 3, 5_000_000_000]] }),
    ]);
    expect(Object.fromEntries(documents)).toEqual({
      '2026-11-22T12:00Z': { total: 15_000_002_101, seconds: { 65: 2_101, 600: 15_000_000_000 } },
    });
  });

  it('is not moved by handling', () => {
    expect(foldAll(sales, [handled(placed(), '2026-11-22T13:00:00.000Z')]).size).toBe(0);
  });
});
