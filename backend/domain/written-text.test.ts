import { describe, expect, it } from 'vitest';
import { textOf, visible, visibleName } from './written-text.ts';

const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();

describe('a text that a person wrote', () => {
  it.each([
    ['UTF-8', Buffer.from('Åsa\r\n'), 'Åsa\r\n'],
    ['UTF-8 with a mark', Buffer.from('\uFEFFÅsa'), 'Åsa'],
    ['UTF-16 as Windows has it', Buffer.from('\uFEFFÅsa', 'utf16le'), 'Åsa'],
    ['UTF-16 the other way round', utf16be('\uFEFFÅsa'), 'Åsa'],
    ['nothing', Buffer.alloc(0), ''],
    ['a mark alone', Buffer.from('\uFEFF'), ''],
    ['Windows-1252', Buffer.from('Åsa', 'latin1'), null],
    ['UTF-16 without a mark', Buffer.from('PORT=1', 'utf16le'), null],
    ['UTF-16 that is cut off', Buffer.from('\uFEFFPORT', 'utf16le').subarray(0, 7), null],
    ['a picture', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0]), null],
  ])('%s', (_, bytes, text) => expect(textOf(bytes)).toBe(text));
});

describe('what cannot be seen', () => {
  it.each([
    ['\uFEFFTIME_ZONE', '<U+FEFF>TIME_ZONE'],
    ['TIME\u200B_ZONE', 'TIME<U+200B>_ZONE'],
    ['PORT\u00A0', 'PORT<U+00A0>'],
    ['a b\tc\nÅ 🍵', 'a b\tc\nÅ 🍵'],
    ['a\u0000\u001b[31m', 'a<U+0000><U+001B>[31m'],
  ])('%j is shown as %s', (text, shown) => expect(visible(text)).toBe(shown));

  it('of a name is all that only looks like its letters', () => {
    expect(visibleName('РORT')).toBe('<U+0420>ORT');
    expect(visibleName('PORT')).toBe('PORT');
  });
});
