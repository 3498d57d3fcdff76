import { describe, expect, it } from 'vitest';
import { countryName } from './country.ts';

describe('the name of a country', () => {
  it.each([
    ['SE', 'en', 'Sweden'],
    ['SE', 'sv', 'Sverige'],
    ['United Kingdom', 'sv', 'United Kingdom'],
    ['EIRE', 'en', 'EIRE'],
    ['', 'en', 'No country'],
  ])('%j in %s', (country, locale, name) => {
    expect(countryName(country, locale)).toBe(name);
  });
});
