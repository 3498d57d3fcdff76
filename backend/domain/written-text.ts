/** Files that a person wrote in some editor, and what of a text cannot be seen. */

/**
 * The text of a small file: UTF-8, or UTF-16 by its byte order mark, as PowerShell 5 writes it. The mark is left out.
 * Null for what is no text, or in an encoding that nothing in the file tells.
 */
export function textOf(bytes: Uint8Array): string | null {
  const mark = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0);
  const encoding = mark === 0xfffe ? 'utf-16le' : mark === 0xfeff ? 'utf-16be' : 'utf-8';
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    return text.includes('\0') ? null : text;
  } catch {
    return null;
  }
}

export const NOT_TEXT = 'is not text in UTF-8: save it as UTF-8';

/** The text with what cannot be seen, or looks like a space and is none, as its number: "TIME<U+200B>_ZONE". */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Z}]/gu, (letter) => (/[ \n\t]/.test(letter) ? letter : numberOf(letter)));
}

/** The same with all but ASCII: for names, where a Cyrillic letter passes for a Latin one. */
export function visibleName(name: string): string {
  return name.replace(/[^\x20-\x7e]/gu, numberOf);
}

function numberOf(letter: string): string {
  return `<U+${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`;
}
