const UNSAFE = /[%.$\0]|^_/;

/**
 * A product id as a field name: MongoDB gives '.' and '$' a meaning, JavaScript '__proto__', so these are
 * percent-encoded, and so is '%' itself. Other ids stand as they are.
 */
export function fieldOf(productId: string): string {
  if (!UNSAFE.test(productId)) return productId;
  return productId.replace(
    /[%.$\0]|^_/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

/** The product id of a field name. */
export function productOf(field: string): string {
  return field.includes('%') ? decodeURIComponent(field) : field;
}
