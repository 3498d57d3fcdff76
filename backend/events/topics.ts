/**
 * The topics: what each holds, how many partitions it has, and which partition a key goes to.
 * Topics of truth are kept for ever; the others are signals and leftovers.
 */

/** The topics that a fold may read. */
export type TruthTopic = 'orders' | 'handled-orders' | 'stock' | 'settings' | 'reports';
export type Topic = TruthTopic | 'read-model-updates' | 'dead-letters';

export interface TopicDescription {
  readonly topic: Topic;
  readonly partitions: number;
  /** Whether the topic is a source of truth: kept for ever, never compacted. */
  readonly truth: boolean;
  /** How long records are kept, in ms; −1 for ever. */
  readonly retentionMs: number;
  /** What the record key is. */
  readonly key: string;
  readonly description: string;
}

/** Partitions of every topic that is shared out among processes. Fixed for the life of a log. */
export const PARTITIONS = 6;

const FOR_EVER = -1;
const ONE_HOUR_MS = 3_600_000;

export const TOPICS: readonly TopicDescription[] = [
  {
    topic: 'orders',
    partitions: PARTITIONS,
    truth: true,
    retentionMs: FOR_EVER,
    key: 'order id',
    description: 'Completed orders.',
  },
  {
    topic: 'handled-orders',
    partitions: PARTITIONS,
    truth: true,
    retentionMs: FOR_EVER,
    key: 'order id',
    description: 'Orders that have been handled; at most one event for each order.',
  },
  {
    topic: 'stock',
    partitions: PARTITIONS,
    truth: true,
    retentionMs: FOR_EVER,
    key: 'product id',
    description: 'Products listed and goods received.',
  },
  // One partition: these are short, and their order across keys matters.
  {
    topic: 'settings',
    partitions: 1,
    truth: true,
    retentionMs: FOR_EVER,
    key: '"log", "simulator" or "history"',
    description:
      "The log's own id, its currency and the digits of its amounts, the simulator's settings, and the first history: what it is, and that it is whole.",
  },
  {
    topic: 'reports',
    partitions: 1,
    truth: true,
    retentionMs: FOR_EVER,
    key: 'day',
    description: 'Daily reports issued; the files are rendered from them.',
  },
  {
    topic: 'read-model-updates',
    partitions: 1,
    truth: false,
    retentionMs: ONE_HOUR_MS,
    key: 'projection',
    description: 'A signal that a projection moved on; losing one costs a second.',
  },
  {
    topic: 'dead-letters',
    partitions: 1,
    truth: false,
    retentionMs: FOR_EVER,
    key: 'topic/partition/offset',
    description: 'Records that could not be decoded, with their cause.',
  },
];

/** Whether a text names a topic. */
export function isTopic(text: string): text is Topic {
  return TOPICS.some(({ topic }) => topic === text);
}

/** Looks a topic's description up; every member of the union has one. */
export function describeTopic(topic: Topic): TopicDescription {
  const found = TOPICS.find((each) => each.topic === topic);
  if (found === undefined) throw new Error(`no topic ${topic}`);
  return found;
}

/**
 * The partition of a key, as Kafka's own default partitioner has it (murmur2), so that a Java producer
 * would agree, and so that an order's placed and handled events have the same partition number.
 */
export function partitionOf(key: string, partitions: number = PARTITIONS): number {
  return (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions;
}

/** Kafka's variant of the 32-bit murmur2 hash (seed 0x9747b28c), as a signed 32-bit number. */
export function murmur2(data: Uint8Array): number {
  const length = data.length;
  const m = 0x5bd1e995;
  let h = 0x9747b28c ^ length;
  const words = length >> 2;
  for (let i = 0; i < words; i++) {
    const at = i * 4;
    let k = byte(data, at) | (byte(data, at + 1) << 8) | (byte(data, at + 2) << 16) | (byte(data, at + 3) << 24);
    k = Math.imul(k, m);
    k ^= k >>> 24;
    h = Math.imul(h, m) ^ Math.imul(k, m);
  }
  const rest = words * 4;
  const left = length - rest;
  if (left === 3) h ^= byte(data, rest + 2) << 16;
  if (left >= 2) h ^= byte(data, rest + 1) << 8;
  if (left >= 1) h = Math.imul(h ^ byte(data, rest), m);
  h ^= h >>> 13;
  h = Math.imul(h, m);
  return h ^ (h >>> 15);
}

function byte(data: Uint8Array, index: number): number {
  return data[index] ?? 0;
}
