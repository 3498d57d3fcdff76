import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldOf, textOf } from './field-name.ts';

describe('texts as field names', () => {
  it('come back as they were, and are safe', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (id) => {
        const field = fieldOf(id);
        expect(textOf(field)).toBe(id);
        expect(field).not.toMatch(/[.$\0]|^_|^$/);
      }),
    );
  });

  it('leaves usual ids as they are', () => {
    expect(fieldOf('85123A')).toBe('85123A');
    expect(fieldOf('Å-1 två')).toBe('Å-1 två');
  });
});
