import { describe, expect, it } from 'vitest';
import { isKnownZone, usableLocale } from './locale.ts';

describe('the language of the figures', () => {
  it.each([
    [{ language: 'sv-SE', languages: ['sv-SE', 'en'] }, 'sv-SE'],
    [{ language: 'C', languages: ['sv', 'en'] }, 'sv'],
    [{ language: 'C', languages: ['C'] }, 'en'],
    [{ language: 'en-US@posix', languages: [] }, 'en-US'],
    [{ language: 'de_DE.UTF-8' }, 'de-DE'],
    [{ language: 'POSIX', languages: null }, 'en'],
    [{ language: '', languages: ['', 'not a tag', 'nb'] }, 'nb'],
    [{ language: null, languages: undefined }, 'en'],
    [{}, 'en'],
    [{ language: 'tlh', languages: ['fi'] }, 'fi'],
  ])('of %j is %s', (navigator, locale) => {
    expect(usableLocale(navigator)).toBe(locale);
    expect(() => new Intl.NumberFormat(locale)).not.toThrow();
  });
});

it('a zone is known, or not', () => {
  expect(isKnownZone('Europe/Stockholm')).toBe(true);
  expect(isKnownZone('Mars/Olympus_Mons')).toBe(false);
  expect(isKnownZone('')).toBe(false);
});
