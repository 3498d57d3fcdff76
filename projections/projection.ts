/**
 * What a projection is: a deterministic fold of events into documents. The state of (projection, key,
 * topic-partition) is a pure function of that partition's records up to a position; queries add the
 * partitions' documents up.
 */
import type { Recorded } from '../backend/events/codec.ts';
import type { ShopEvent } from '../backend/events/events.ts';
import type { TruthTopic } from '../backend/events/topics.ts';
import type { MergedIndex } from '../backend/ports/read-models.ts';

/** Folds events into documents of its own, one for each (key, topic-partition). */
export interface FoldedProjection<D extends object = object> {
  readonly kind: 'folded';
  readonly name: string;
  /** Raised whenever the same events would give other documents. */
  readonly version: number;
  readonly topics: readonly TruthTopic[];
  /** The keys of the documents that the event changes; empty when it is of no concern. Pure. */
  readonly keysOf: (recorded: Recorded<ShopEvent>) => readonly string[];
  readonly initial: (key: string) => D;
  /**
   * Folds the event into the document, in place: the projector owns the document, and at 300,000 events
   * a second a copy for each would be most of the work. Total: no clock, no random, no i/o, no throw.
   */
  readonly evolve: (document: D, recorded: Recorded<ShopEvent>, key: string) => void;
}

/** Sets one part of one document for each event; several topics may own parts of the same document. */
export interface MergedProjection {
  readonly kind: 'merged';
  readonly name: string;
  readonly version: number;
  readonly topics: readonly TruthTopic[];
  /** The part that the event sets, whole; null when it is of no concern. Pure. */
  readonly partOf: (
    recorded: Recorded<ShopEvent>,
  ) => { readonly id: string; readonly part: string; readonly fields: Readonly<Record<string, unknown>> } | null;
  /** How its documents can be listed. Changing them needs no new version: they are made from what is stored. */
  readonly indexes: readonly MergedIndex[];
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- documents differ by projection; the projector never looks inside.
export type Projection = FoldedProjection<any> | MergedProjection;

/** The collection of one generation of a projection. Generation numbers are never used twice. */
export function collectionOf(projection: Pick<Projection, 'name' | 'version'>, generation: number): string {
  return `${projection.name}-v${projection.version}-g${generation}`;
}
