/** How the port's documents stand in MongoDB: flat, so that they read well in its shell. */
import type { TopicPartition } from '../../ports/event-log.ts';
import type { Topic } from '../../events/topics.ts';
import type { Checkpoint, Flush, FoldedDocument, FoldedWrite, MergedDocument } from '../../ports/read-models.ts';

/** Any document, by its id. */
export type Stored = Record<string, unknown> & { _id: string };

/** `<topic>/<partition>/`: ids of one source follow each other in the order of their keys. */
export function prefixOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}/`;
}

export function storedFolded({ topic, partition }: Flush, { key, position, body }: FoldedWrite): Stored {
  return { _id: prefixOf({ topic, partition }) + key, key, topic, partition, position, ...body };
}

/** A merged document has nothing but parts, and a part is an object. */
export function isFolded(stored: Stored): boolean {
  return typeof stored['position'] === 'number';
}

export function foldedOf(stored: Stored): FoldedDocument {
  const { _id: _, key, topic, partition, position, ...body } = stored;
  return {
    key: key as string,
    topic: topic as Topic,
    partition: partition as number,
    position: position as number,
    body,
  };
}

export function mergedOf({ _id: id, ...parts }: Stored): MergedDocument {
  const entries = Object.entries(parts).map(([part, stored]) => {
    const { position, ...fields } = stored as Record<string, unknown> & { position: number };
    return [part, { position, fields }] as const;
  });
  return { id, parts: Object.fromEntries(entries) };
}

export function storedMerged({ id, parts }: MergedDocument): Stored {
  const entries = Object.entries(parts).map(([part, { position, fields }]) => [part, { position, ...fields }] as const);
  return { _id: id, ...Object.fromEntries(entries) };
}

export function checkpointId({ collection, topic, partition }: Omit<Checkpoint, 'position'>): string {
  return `${collection}/${topic}/${partition}`;
}

export function checkpointOf({ collection, topic, partition, position }: Stored): Checkpoint {
  return {
    collection: collection as string,
    topic: topic as Topic,
    partition: partition as number,
    position: position as number,
  };
}
