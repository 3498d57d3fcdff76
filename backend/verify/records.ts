/** The log as events: what cannot be decoded is skipped here as every reader skips it. */
import type { Recorded } from '../events/codec.ts';
import { eventsIn } from '../events/record.ts';
import type { TruthTopic } from '../events/topics.ts';
import type { Batch, EventLog } from '../ports/event-log.ts';

export interface TruthPartition {
  readonly topic: TruthTopic;
  readonly partition: number;
}

/** Reads `from` ≤ offset < `to`, batch by batch; `onBatch` is told of every batch, also of an empty one. */
export async function* readRecorded(
  log: EventLog,
  { topic, partition }: TruthPartition,
  from: number,
  to: number,
  onBatch: (batch: Batch) => void = () => {},
): AsyncGenerator<Recorded[]> {
  if (from >= to) return;
  for await (const batch of log.read({ topic, partition }, from, to)) {
    onBatch(batch);
    yield eventsIn(batch);
  }
}
