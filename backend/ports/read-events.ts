/** Topics that are read whole. */
import type { Recorded } from '../events/codec.ts';
import { eventsIn } from '../events/record.ts';
import type { TruthTopic } from '../events/topics.ts';
import type { EventLog } from './event-log.ts';

/** The events of a topic, one partition after another, each oldest first. Rejects with UNAVAILABLE. */
export async function* eventsOf(log: EventLog, topic: TruthTopic): AsyncGenerator<Recorded> {
  for (const [partition, { low, end }] of (await log.bounds(topic)).entries()) {
    for await (const batch of log.read({ topic, partition }, low, end)) yield* eventsIn(batch);
  }
}
