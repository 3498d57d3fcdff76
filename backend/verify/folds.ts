/** One projection's share of one topic-partition while it is being folded, and how its documents are named. */
import { describeTopic } from '../events/topics.ts';
import type { Bounds } from '../ports/event-log.ts';
import type { FoldedPlace } from '../ports/read-models.ts';
import { TOPICS_OF, type Claim, type Expectation } from './expectation.ts';
import { MERGED_MODELS } from './parts.ts';
import type { TruthPartition } from './records.ts';
import type { Result } from './result.ts';

/** One collection that is held against a fold. */
export interface Side {
  readonly result: Result;
  /** Up to here nothing may be missing from it. */
  readonly checkpoint: number;
  /** Keys of the documents that have been seen in it. */
  readonly seen: Set<string>;
  /** Whether what is missing has been looked for. */
  isComplete: boolean;
}

export interface Fold extends TruthPartition {
  readonly projection: string;
  readonly expectation: Expectation;
  readonly sides: Side[];
  /** The last offset that has been folded. */
  position: number;
  /** Where to stop. */
  target: number;
  /** Documents that stand further on than the fold; the nearest comes last. */
  ahead: { readonly side: Side; readonly claim: Claim }[];
}

export function nameOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}/${partition}`;
}

/** Whether a document is of a topic-partition that the projection reads. */
export function belongs(projection: string, { topic, partition }: FoldedPlace): boolean {
  const topics: readonly string[] = TOPICS_OF[projection] ?? [];
  return (
    topics.includes(topic) &&
    Number.isInteger(partition) &&
    partition >= 0 &&
    partition < describeTopic(topic).partitions
  );
}

/** The document, as the store's own tools name it. */
export function idOf(fold: Fold, key: string): string {
  const model = MERGED_MODELS[fold.projection];
  return model === undefined ? `${nameOf(fold)}/${key}` : model.placeOf(fold.topic, key).id;
}

/** The path within the whole document: fields of a part are one level further in. */
export function pathOf(fold: Fold, key: string, path: string): string {
  const model = MERGED_MODELS[fold.projection];
  if (model === undefined) return path;
  const { part } = model.placeOf(fold.topic, key);
  return path === '' ? part : `${part}.${path}`;
}

/** The last offset that can have been folded; −1 when there is nothing. */
export function lastOf(bounds: Bounds | undefined): number {
  return (bounds?.end ?? 0) - 1;
}
