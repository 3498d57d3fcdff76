/** A key that makes a command count once, however often it is sent. `crypto.randomUUID` needs https; this does not. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
