const UNSAFE = /[%.$\0]|^_/;

/**
 * A product id as a field name: MongoDB gives '.' and '$' a meaning, JavaScript '__proto__', 'constructor'
 * and the like, so these are percent-encoded, and so is '%' itself. Other ids stand as they are.
 */
export function fieldOf(productId: string): string {
  // Every object has these already, whatever has been sold.
  if (productId in Object.prototype) return encode(productId.charAt(0)) + productId.slice(1);
  if (!UNSAFE.test(productId)) return productId;
  return productId.replace(/[%.$\0]|^_/g, encode);
}

/** The product id of a field name. */
export function productOf(field: string): string {
  return field.replace(/%([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

function encode(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
