/**
 * Dead letters: records that cannot be decoded, put aside with their place and cause so that people can look
 * at them. Nothing is ever read back from here: once the decoder is mended, a rebuild takes the records in
 * from where they have been all along.
 */
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import type { NewRecord } from '../events/codec.ts';
import type { Topic } from '../events/topics.ts';
import { type Clock, systemClock } from '../ports/clock.ts';
import type { EventLog, LogRecord, TopicPartition } from '../ports/event-log.ts';

/** What is kept of a record's value; the rest is where it always was. */
export const VALUE_BYTES_MAX = 65_536;
const CAUSE_LENGTH_MAX = 500;
const KEY_LENGTH_MAX = 500;
const PREVIEW_LENGTH_MAX = 200;
/** Together they stay below what a broker takes in one batch. */
const APPEND_BYTES_MAX = 524_288;

const DeadLetterSchema = Type.Object({
  topic: Type.Unsafe<Topic>(Type.String()),
  partition: Type.Integer({ minimum: 0 }),
  offset: Type.Integer({ minimum: 0 }),
  /** The record's key. */
  key: Type.Union([Type.String(), Type.Null()]),
  cause: Type.String(),
  /** When it was put aside, ISO 8601. */
  at: Type.String(),
  /** The value's first 64 KiB; null when the record had none. */
  valueBase64: Type.Union([Type.String(), Type.Null()]),
  /** The whole value's size. */
  valueBytes: Type.Integer({ minimum: 0 }),
});

export type DeadLetter = Static<typeof DeadLetterSchema>;

export interface ListedDeadLetter extends DeadLetter {
  /** The value's beginning as text in one line, without what a terminal would act upon. */
  readonly preview: string;
}

/** A record that could not be decoded, as its reader has it in hand. */
export interface UndecodableRecord extends TopicPartition {
  readonly record: LogRecord;
  readonly cause: string;
}

const deadLetter = Compile(DeadLetterSchema);

/** The record of the topic dead-letters. Its key names the place, so that several reports are told to be one. */
export function encodeDeadLetter(letter: DeadLetter): NewRecord {
  return { topic: 'dead-letters', partition: 0, key: placeOf(letter), value: JSON.stringify(letter) };
}

/**
 * Puts records aside; resolves when that is durable. Every reader of a topic reports what it finds, and does
 * so again after a restart: that is harmless.
 */
export async function recordDeadLetters(
  log: EventLog,
  records: readonly UndecodableRecord[],
  clock: Clock = systemClock,
): Promise<void> {
  const at = new Date(clock.now()).toISOString();
  let together: NewRecord[] = [];
  let bytes = 0;
  for (const each of records) {
    const encoded = encodeDeadLetter(letterOf(each, at));
    const size = Buffer.byteLength(encoded.value);
    if (bytes + size > APPEND_BYTES_MAX && together.length > 0) {
      await log.append(together);
      together = [];
      bytes = 0;
    }
    together.push(encoded);
    bytes += size;
  }
  if (together.length > 0) await log.append(together);
}

/** All dead letters, each once, in the order in which they were first reported. */
export async function listDeadLetters(log: EventLog): Promise<ListedDeadLetter[]> {
  const letters = new Map<string, ListedDeadLetter>();
  for (const [partition, { low, end }] of (await log.bounds('dead-letters')).entries()) {
    for await (const { records } of log.read({ topic: 'dead-letters', partition }, low, end)) {
      for (const { value } of records) {
        const letter = decodeDeadLetter(value);
        if (letter === null || letters.has(placeOf(letter))) continue;
        letters.set(placeOf(letter), { ...letter, preview: previewOf(letter.valueBase64) });
      }
    }
  }
  return [...letters.values()];
}

function letterOf({ topic, partition, record, cause }: UndecodableRecord, at: string): DeadLetter {
  const { offset, key, value } = record;
  return {
    topic,
    partition,
    offset,
    key: key === null ? null : key.slice(0, KEY_LENGTH_MAX),
    cause: cause.slice(0, CAUSE_LENGTH_MAX),
    at,
    valueBase64: value === null ? null : value.subarray(0, VALUE_BYTES_MAX).toString('base64'),
    valueBytes: value?.byteLength ?? 0,
  };
}

/** Null for what is no dead letter: the topic is no source of truth, anybody may have written to it. */
function decodeDeadLetter(value: Buffer | null): DeadLetter | null {
  if (value === null) return null;
  try {
    const parsed: unknown = JSON.parse(value.toString('utf8'));
    return deadLetter.Check(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

function placeOf({ topic, partition, offset }: DeadLetter): string {
  return `${topic}/${partition}/${offset}`;
}

function previewOf(valueBase64: string | null): string {
  if (valueBase64 === null) return '';
  // Three bytes for each four characters, and up to four bytes for each character of text.
  const start = Buffer.from(valueBase64.slice(0, PREVIEW_LENGTH_MAX * 8), 'base64').toString('utf8');
  return start.replace(/[\p{C}\s]+/gu, ' ').slice(0, PREVIEW_LENGTH_MAX);
}
