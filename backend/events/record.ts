/**
 * The verdict on a record of the log, the same for every reader: an event with its place, or the cause why it is a dead
 * letter. Anybody may write to Kafka, so what the shop's own writer sees to is asked here of every record.
 */
import { decode, EVENTS, type Recorded } from './codec.ts';
import { describeTopic, partitionOf, type Topic } from './topics.ts';

/** A record as an event log has it. */
export interface RawRecord {
  readonly offset: number;
  readonly key: string | null;
  readonly value: Uint8Array | null;
  readonly unreadable?: string;
}

export interface RawBatch {
  readonly topic: Topic;
  readonly partition: number;
  readonly records: readonly RawRecord[];
}

export type Judged =
  { readonly ok: true; readonly recorded: Recorded } | { readonly ok: false; readonly cause: string };

const SHOWN_LENGTH_MAX = 80;

/**
 * Never throws. Folds, the handler and the shop rely on what is asked beyond the value: all events of an order are
 * in the partition that the order's id hashes to, whoever wrote them.
 */
export function judge(topic: Topic, partition: number, record: RawRecord): Judged {
  if (record.unreadable !== undefined) return refuse(record.unreadable);
  const decoded = decode(topic, record.value);
  if (!decoded.ok) return decoded;
  const { event, at } = decoded;
  const described = EVENTS[event.type];
  const key = described.keyOf(event as never);
  if (record.key !== key) return refuse(`${event.type} must have the key ${shown(key)}, not ${shown(record.key)}`);
  const due = partitionOf(key, describeTopic(described.topic).partitions);
  if (due !== partition) return refuse(`belongs to partition ${due} by its key ${shown(key)}, not to ${partition}`);
  return { ok: true, recorded: { event, at, topic: described.topic, partition, offset: record.offset } };
}

/** The events of a run of records of one partition; what is none is left out, as every reader leaves it out. */
export function eventsIn({ topic, partition, records }: RawBatch): Recorded[] {
  const events: Recorded[] = [];
  for (const record of records) {
    const judged = judge(topic, partition, record);
    if (judged.ok) events.push(judged.recorded);
  }
  return events;
}

function shown(key: string | null): string {
  return key === null ? 'none' : JSON.stringify(key.slice(0, SHOWN_LENGTH_MAX));
}

function refuse(cause: string): Judged {
  return { ok: false, cause };
}
