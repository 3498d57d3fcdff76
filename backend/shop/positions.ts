/** Positions of the topics that the shop writes. */
import { PARTITIONS, type Topic } from '../events/topics.ts';
import type { Checkpoint } from '../ports/read-models.ts';

export type ShopTopic = 'stock' | 'orders';

/** By partition, the last offset that is known; −1 for none. */
export type Seen = Readonly<Record<ShopTopic, number[]>>;

export const nothingSeen = (): Seen => ({ stock: none(), orders: none() });

/** The checkpoints of one topic by partition; −1 where there is none. */
export function positionsOf(checkpoints: readonly Checkpoint[], topic: Topic): number[] {
  const positions = none();
  for (const each of checkpoints) if (each.topic === topic) positions[each.partition] = each.position;
  return positions;
}

function none(): number[] {
  return Array.from({ length: PARTITIONS }, () => -1);
}
