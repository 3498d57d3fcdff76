import { encode, type NewRecord } from '../events/codec.ts';
import type { Pending } from './batch.ts';
import { APPEND_CHARS_MAX } from './limits.ts';

/** What goes in one append. */
export interface Chunk {
  readonly records: readonly NewRecord[];
  readonly run: readonly Pending[];
}

/** One append, or several where the records are large. */
export function* inChunks(run: readonly Pending[]): Generator<Chunk> {
  let records: NewRecord[] = [];
  let first = 0;
  let chars = 0;
  for (const [index, { event }] of run.entries()) {
    const record = encode(event);
    if (records.length > 0 && chars + record.value.length > APPEND_CHARS_MAX) {
      yield { records, run: run.slice(first, index) };
      records = [];
      first = index;
      chars = 0;
    }
    records.push(record);
    chars += record.value.length;
  }
  if (records.length > 0) yield { records, run: run.slice(first) };
}
