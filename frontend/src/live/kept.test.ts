import { describe, expect, it } from 'vitest';
import { keptIn } from './kept.ts';

const blocked = (): never => {
  throw new DOMException('Access is denied for this document.', 'SecurityError');
};
function storage(changes: Partial<Storage> = {}): Storage {
  const values = new Map<string, string>();
  return {
    length: 0,
    key: () => null,
    clear: () => values.clear(),
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
    ...changes,
  };
}

describe('what a browser keeps', () => {
  it('is there for the next page', () => {
    const browser = storage();
    expect(keptIn(() => browser).set('theme', 'dark')).toBe(true);
    expect(keptIn(() => browser).get('theme')).toBe('dark');
    keptIn(() => browser).remove('theme');
    expect(keptIn(() => browser).get('theme')).toBeNull();
  });

  it.each([
    ['is blocked', blocked],
    ['is not there', () => null],
    ['is full', () => storage({ setItem: blocked })],
    ['takes nothing and gives nothing', () => storage({ setItem: blocked, getItem: blocked, removeItem: blocked })],
  ])('is kept until the page is left where storage %s', (_, found) => {
    const kept = keptIn(found);
    expect(kept.get('theme')).toBeNull();
    expect(kept.set('theme', 'dark')).toBe(false);
    expect(kept.get('theme')).toBe('dark');
    kept.remove('theme');
    expect(kept.get('theme')).toBeNull();
    expect(keptIn(found).get('theme')).toBeNull();
  });
});
