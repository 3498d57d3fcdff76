/** Announcements between processes: through the topic read-model-updates. */
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { isTopic } from '../events/topics.ts';
import type { Announcements, ReadModelUpdate } from '../ports/announcements.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Logger } from '../ports/logger.ts';

const TOPIC = 'read-model-updates';
const position = Type.Integer({ minimum: -1, maximum: Number.MAX_SAFE_INTEGER });

const AnnouncementSchema = Type.Object({
  version: Type.Literal(1),
  updates: Type.Array(
    Type.Object({
      collection: Type.String(),
      topic: Type.String(),
      partition: Type.Integer({ minimum: 0 }),
      previous: position,
      position,
      keys: Type.Union([Type.Array(Type.String()), Type.Null()]),
    }),
  ),
});
const announcement = Compile(AnnouncementSchema);

/** Of more than these only that something changed is told, not what. */
const TOLD_KEYS_MAX = 2_000;

export interface LogAnnouncementsOptions {
  readonly log: EventLog;
  readonly logger: Logger;
  /** A consumer group of this process alone. */
  readonly group: string;
}

export class LogAnnouncements implements Announcements {
  readonly #options: LogAnnouncementsOptions;
  #waiting: ReadModelUpdate[] = [];
  #sending = false;

  constructor(options: LogAnnouncementsOptions) {
    this.#options = options;
  }

  announce(updates: readonly ReadModelUpdate[]): void {
    this.#waiting.push(...updates);
    if (!this.#sending) void this.#send();
  }

  /** What is announced while a record is on its way goes together in the next one. */
  async #send(): Promise<void> {
    const { log, logger } = this.#options;
    this.#sending = true;
    while (this.#waiting.length > 0) {
      const value = JSON.stringify({ version: 1, updates: withoutTooManyKeys(this.#waiting) });
      this.#waiting = [];
      try {
        await log.append([{ topic: TOPIC, partition: 0, key: 'read-models', value }], { signal: true });
      } catch (error) {
        // Readers look at the checkpoints anyway, once a second.
        logger.debug({ error }, 'An announcement was lost.');
      }
    }
    this.#sending = false;
  }

  async follow(listener: (updates: readonly ReadModelUpdate[]) => void): Promise<() => Promise<void>> {
    const { log, group } = this.#options;
    const subscription = await log.subscribe({
      group,
      topics: [TOPIC],
      // From now on: what was announced before is told by the checkpoints.
      assigned: async ({ partition }) => (await log.bounds(TOPIC))[partition]?.end ?? 0,
      revoked: () => {},
      batch: ({ records }) => {
        for (const { value } of records) {
          const updates = decodeAnnouncement(value);
          if (updates !== null) listener(updates);
        }
        return Promise.resolve();
      },
    });
    subscription.ended.catch((error: unknown) =>
      this.#options.logger.warn({ error }, 'Announcements can no longer be heard; live figures come once a second.'),
    );
    return () => subscription.stop();
  }
}

function withoutTooManyKeys(updates: readonly ReadModelUpdate[]): readonly ReadModelUpdate[] {
  const keys = updates.reduce((sum, update) => sum + (update.keys?.length ?? 0), 0);
  return keys <= TOLD_KEYS_MAX ? updates : updates.map((update) => ({ ...update, keys: null }));
}

/** Null for what is no announcement: anybody may have written to the topic. */
function decodeAnnouncement(value: Buffer | null): ReadModelUpdate[] | null {
  if (value === null) return null;
  try {
    const parsed: unknown = JSON.parse(value.toString('utf8'));
    if (!announcement.Check(parsed)) return null;
    return parsed.updates.flatMap((update) => (isTopic(update.topic) ? [{ ...update, topic: update.topic }] : []));
  } catch {
    return null;
  }
}
