/** Short topics, read whole. */
import { decode } from '../events/codec.ts';
import type { ShopEvent } from '../events/events.ts';
import type { TruthTopic } from '../events/topics.ts';
import type { EventLog } from './event-log.ts';

/** The events of a topic of one partition, oldest first, as far as they can be decoded; `at` in epoch ms. */
export async function* eventsIn(
  log: EventLog,
  topic: Extract<TruthTopic, 'settings' | 'reports'>,
): AsyncGenerator<{ readonly event: ShopEvent; readonly at: number }> {
  const [bounds] = await log.bounds(topic);
  if (bounds === undefined) return;
  for await (const { records } of log.read({ topic, partition: 0 }, bounds.low, bounds.end)) {
    for (const { value } of records) {
      const decoded = decode(topic, value);
      if (decoded.ok) yield decoded;
    }
  }
}
