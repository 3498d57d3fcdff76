const UNSAFE = /[%.$\0]|^_/;
/** The text without a letter: a '%' that nothing follows. */
const EMPTY = '%';

/**
 * A product id, or any other text, as a field name: MongoDB gives '.' and '$' a meaning, JavaScript '__proto__',
 * 'constructor' and the like, so these are percent-encoded, and so is '%' itself. Others stand as they are.
 */
export function fieldOf(text: string): string {
  // Every object has these already, whatever has been sold.
  if (text in Object.prototype) return encode(text.charAt(0)) + text.slice(1);
  if (text === '') return EMPTY;
  if (!UNSAFE.test(text)) return text;
  return text.replace(/[%.$\0]|^_/g, encode);
}

/** The text of a field name. */
export function textOf(field: string): string {
  if (field === EMPTY) return '';
  return field.replace(/%([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

function encode(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
