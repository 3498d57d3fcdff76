/** Small questions about positions, as the projector asks them. */
import { ShopError } from '../backend/ports/errors.ts';
import type { Bounds, TopicPartition } from '../backend/ports/event-log.ts';
import type { Checkpoint } from '../backend/ports/read-models.ts';

/** "orders/3" */
export function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

/** A collection's checkpoint of a topic-partition; −1 when there is none. */
export function positionIn(
  checkpoints: readonly Checkpoint[],
  collection: string,
  { topic, partition }: TopicPartition,
): number {
  const found = checkpoints.find(
    (each) => each.collection === collection && each.topic === topic && each.partition === partition,
  );
  return found?.position ?? -1;
}

/**
 * Holds the next offset to read against what the log has: Kafka itself would silently start elsewhere.
 * Throws LOG_MISMATCH.
 */
export function assertWithin({ topic, partition }: TopicPartition, next: number, bounds: Bounds | undefined): void {
  if (bounds !== undefined && bounds.low <= next && next <= bounds.end) return;
  const range = bounds === undefined ? 'does not exist' : `holds ${bounds.low} to ${bounds.end - 1}`;
  throw new ShopError(
    'LOG_MISMATCH',
    `${topic}/${partition} ${range}, but the read models go on from ${next}: the log was truncated or made anew; ` +
      'restore it, or drop the read models to fold what is left',
  );
}
