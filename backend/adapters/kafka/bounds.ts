/** The bounds of partitions, for readers of committed records. */
import { describeTopic, type Topic } from '../../events/topics.ts';
import type { Bounds, TopicPartition } from '../../ports/event-log.ts';
import { topicName, type KafkaSettings } from './client.ts';
import type { ClusterConnection } from './connection.ts';
import { unknownPartition } from './kafka-errors.ts';

const BOUNDS_WAIT_MAX_MS = 10_000;

/**
 * By partition number. `end` is the last stable offset, not the high watermark: the cluster asks as a reader
 * of committed records, so a transaction that is still open ends the partition before its first record.
 */
export async function topicBounds(
  connection: ClusterConnection,
  settings: KafkaSettings,
  topic: Topic,
): Promise<Bounds[]> {
  const partitions = Array.from({ length: describeTopic(topic).partitions }, (_, partition) => partition);
  return listBounds(connection, settings, topic, partitions);
}

export async function boundsOf(
  connection: ClusterConnection,
  settings: KafkaSettings,
  source: TopicPartition,
): Promise<Bounds> {
  const [bounds] = await listBounds(connection, settings, source.topic, [source.partition]);
  if (bounds === undefined) throw new Error(`no bounds of ${source.topic}/${source.partition}`);
  return bounds;
}

async function listBounds(
  connection: ClusterConnection,
  settings: KafkaSettings,
  topic: Topic,
  partitions: readonly number[],
): Promise<Bounds[]> {
  const name = topicName(settings, topic);
  return connection.retry(`asking for the bounds of ${topic}`, [name], BOUNDS_WAIT_MAX_MS, async (cluster) => {
    const wanted = { topic: name, partitions: partitions.map((partition) => ({ partition })) };
    // The end first: the low end may only grow, and must not lie past it.
    const ends = await cluster.fetchTopicsOffset([{ ...wanted, fromBeginning: false }]);
    const lows = await cluster.fetchTopicsOffset([{ ...wanted, fromBeginning: true }]);
    return partitions.map((partition) => {
      const end = offsetOf(ends, partition);
      const low = offsetOf(lows, partition);
      if (end === null || low === null) throw unknownPartition(name, partition);
      return { low, end: Math.max(low, end) };
    });
  });
}

function offsetOf(
  topics: readonly { partitions: readonly { partition: number; offset: string }[] }[],
  partition: number,
): number | null {
  const found = topics[0]?.partitions.find((each) => each.partition === partition);
  return found === undefined ? null : Number(found.offset);
}
