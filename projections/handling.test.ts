import { describe, expect, it } from 'vitest';
import { handled, placed } from '../tests/events.ts';
import { foldAll } from '../tests/fold.ts';
import { ALL_TIME, handling } from './handling.ts';

const ALWAYS = { chance: 1, delayMs: 60_000, attempts: 1 };
const NEVER = { chance: 0, delayMs: 60_000, attempts: 3 };

describe('handling', () => {
  it('counts the drawn by when they were placed, and leaves out who was not drawn', () => {
    const documents = foldAll(handling, [
      placed({ orderId: 'a', at: '2026-11-22T12:00:01.000Z', handling: ALWAYS }),
      placed({ orderId: 'b', at: '2026-11-22T12:00:01.500Z', handling: NEVER }),
      placed({ orderId: 'c', at: '2026-11-22T12:00:02.000Z', handling: null }),
    ]);
    expect(Object.fromEntries(documents)).toEqual({
      '2026-11-22T12:00Z': { total: 1, seconds: { 1: 1 } },
      [ALL_TIME]: { total: 1, seconds: {} },
    });
  });

  it('counts the handled by when they were handled', () => {
    const order = placed({ handling: ALWAYS });
    const documents = foldAll(handling, [handled(order, '2026-11-22T12:20:00.000Z')]);
    expect(Object.fromEntries(documents)).toEqual({
      '2026-11-22T12:15Z': { total: 1, seconds: { 300: 1 } },
      [ALL_TIME]: { total: 1, seconds: {} },
    });
  });
});
