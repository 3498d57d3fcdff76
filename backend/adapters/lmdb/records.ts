/** How a record stands in LMDB: partition and offset as one number, the record's key before its value. */

/** Offsets below this in a partition: more than 30 million million records. */
export const OFFSETS_MAX = 2 ** 45;
const KEY_LENGTH_BYTES = 2;
const KEY_BYTES_MAX = 65_535;

export function recordId(partition: number, offset: number): number {
  return partition * OFFSETS_MAX + offset;
}

export function offsetOf(id: number): number {
  return id % OFFSETS_MAX;
}

export function pack(key: string, value: string): Buffer {
  const keyLength = Buffer.byteLength(key);
  if (keyLength > KEY_BYTES_MAX) throw new RangeError(`a record's key has at most ${KEY_BYTES_MAX} bytes`);
  const packed = Buffer.allocUnsafe(KEY_LENGTH_BYTES + keyLength + Buffer.byteLength(value));
  packed.writeUInt16LE(keyLength, 0);
  packed.write(key, KEY_LENGTH_BYTES);
  packed.write(value, KEY_LENGTH_BYTES + keyLength);
  return packed;
}

export function unpack(packed: Buffer): { key: string; value: Buffer } {
  const valueAt = KEY_LENGTH_BYTES + packed.readUInt16LE(0);
  return { key: packed.toString('utf8', KEY_LENGTH_BYTES, valueAt), value: packed.subarray(valueAt) };
}
