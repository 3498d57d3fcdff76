/** A plain fold, for tests of projections: no batches, no store, no positions. */
import type { ShopEvent } from '../backend/events/events.ts';
import type { FoldedProjection } from '../projections/projection.ts';
import { recorded } from './events.ts';

/** Folds the events in the order given; the result by key, whatever the partition. */
export function foldAll<D extends object>(
  projection: FoldedProjection<D>,
  events: readonly ShopEvent[],
): Map<string, D> {
  const documents = new Map<string, D>();
  for (const event of events) {
    const record = recorded(event);
    for (const key of projection.keysOf(record)) {
      const document = documents.get(key) ?? projection.initial(key);
      projection.evolve(document, record, key);
      documents.set(key, document);
    }
  }
  return documents;
}
