/**
 * Announcements that read models have moved on. A signal, not truth: whoever misses one finds out by the
 * checkpoints, which it looks at once a second.
 */
import type { Checkpoint } from './read-models.ts';

/** A collection's checkpoint of a topic-partition went from `previous` to `position`. */
export interface ReadModelUpdate extends Checkpoint {
  readonly previous: number;
  /** The keys of the folded documents that changed; null when they are too many to name. */
  readonly keys: readonly string[] | null;
}

export interface Announcements {
  /** Tells whoever follows, soon, after what is announced has been stored. Never throws. */
  announce(updates: readonly ReadModelUpdate[]): void;
  /** Calls `listener` with what is announced from now on; resolves to what ends that. */
  follow(listener: (updates: readonly ReadModelUpdate[]) => void): Promise<() => Promise<void>>;
}

/** Between the roles of one process. */
export class LocalAnnouncements implements Announcements {
  readonly #listeners = new Set<(updates: readonly ReadModelUpdate[]) => void>();

  announce(updates: readonly ReadModelUpdate[]): void {
    for (const listener of this.#listeners) listener(updates);
  }

  follow(listener: (updates: readonly ReadModelUpdate[]) => void): Promise<() => Promise<void>> {
    this.#listeners.add(listener);
    return Promise.resolve(() => {
      this.#listeners.delete(listener);
      return Promise.resolve();
    });
  }
}
