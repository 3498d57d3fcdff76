/** Rebuilds of projections, for everybody who watches. */
import type { Rebuild } from '../replay/rebuild.ts';
import { Latest } from './latest.ts';

/** Who starts rebuilds, and tells how they go on. */
export interface RebuildSource {
  /** Begins to rebuild. Rejects with BAD_INPUT when there is no such projection, or it is being rebuilt. */
  start(projection: string): Promise<Rebuild>;
  list(): readonly Rebuild[];
  /** Returns what ends the listening. */
  onChange(listener: (rebuilds: readonly Rebuild[]) => void): () => void;
}

export class Rebuilds {
  readonly #source: RebuildSource;
  readonly #latest = new Latest<readonly Rebuild[]>();
  readonly #unlisten: () => void;

  constructor(source: RebuildSource) {
    this.#source = source;
    this.#latest.set(source.list());
    this.#unlisten = source.onChange((rebuilds) => this.#latest.set(rebuilds));
  }

  start(projection: string): Promise<Rebuild> {
    return this.#source.start(projection);
  }

  /** The present ones at once, then whenever any goes on. */
  follow(): AsyncIterableIterator<readonly Rebuild[]> {
    return this.#latest.follow();
  }

  stop(): void {
    this.#unlisten();
    this.#latest.end();
  }
}
