/** Which collection holds the live generation of each projection. */
import type { Followed } from '../../projections/caught-up.ts';
import { PROJECTIONS } from '../../projections/index.ts';
import { collectionOf, type Projection } from '../../projections/projection.ts';

/** Generations come with rebuilding; until then every projection lives in its first one. */
const FIRST_GENERATION = 1;

export const liveCollection = (projection: Projection): string => collectionOf(projection, FIRST_GENERATION);

/** Projection name to its live collection. */
export const COLLECTIONS: Readonly<Record<string, string>> = Object.fromEntries(
  PROJECTIONS.map((projection) => [projection.name, liveCollection(projection)]),
);

export function followedBy(projections: readonly Projection[]): Followed[] {
  return projections.map((projection) => ({ collection: liveCollection(projection), topics: projection.topics }));
}
