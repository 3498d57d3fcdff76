/** Waiting for read models: until they have reached a position of the log. */
import type { Clock } from '../backend/ports/clock.ts';
import type { Bounds, EventLog } from '../backend/ports/event-log.ts';
import type { ReadModels } from '../backend/ports/read-models.ts';
import type { Topic } from '../backend/events/topics.ts';

/** A collection and the topics that it is folded from. */
export interface Followed {
  readonly collection: string;
  readonly topics: readonly Topic[];
}

export type Ends = ReadonlyMap<Topic, readonly Bounds[]>;

const POLL_MS = 20;

/** The present ends of the topics. */
export async function endsOf(log: EventLog, topics: Iterable<Topic>): Promise<Ends> {
  const ends = new Map<Topic, readonly Bounds[]>();
  for (const topic of new Set(topics)) ends.set(topic, await log.bounds(topic));
  return ends;
}

/** How many offsets the slowest of the collections is behind `ends`, added up over its partitions. 0: all are there. */
async function offsetsBehind(models: ReadModels, followed: readonly Followed[], ends: Ends): Promise<number> {
  const checkpoints = await models.checkpoints(followed.map(({ collection }) => collection));
  let most = 0;
  for (const { collection, topics } of followed) {
    let behind = 0;
    for (const topic of topics) {
      ends.get(topic)?.forEach(({ end }, partition) => {
        const found = checkpoints.find(
          (each) => each.collection === collection && each.topic === topic && each.partition === partition,
        );
        behind += Math.max(0, end - 1 - (found?.position ?? -1));
      });
    }
    most = Math.max(most, behind);
  }
  return most;
}

export interface CatchUpOptions {
  readonly models: ReadModels;
  readonly clock: Clock;
  readonly followed: readonly Followed[];
  readonly ends: Ends;
  readonly signal?: AbortSignal;
  /** Gives up when nothing has moved for so long; for ever when absent. */
  readonly stalledMs?: number;
  readonly onProgress?: (behind: number) => void;
}

/** Waits until every collection has reached the ends. False when it was aborted, or nothing moved any more. */
export async function caughtUp(options: CatchUpOptions): Promise<boolean> {
  const { models, clock, followed, ends, signal, stalledMs, onProgress } = options;
  let least = Number.POSITIVE_INFINITY;
  let movedAt = clock.now();
  for (;;) {
    const behind = await offsetsBehind(models, followed, ends);
    onProgress?.(behind);
    if (behind === 0) return true;
    if (signal?.aborted === true) return false;
    if (behind < least) {
      least = behind;
      movedAt = clock.now();
    } else if (stalledMs !== undefined && clock.now() - movedAt > stalledMs) return false;
    await clock.until(clock.now() + POLL_MS, signal);
  }
}
