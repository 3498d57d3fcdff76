/** Which collection holds the live generation of each projection. */
import type { Followed } from '../../projections/caught-up.ts';
import { collectionIn, collectionsOf, lineageOf, readGenerations } from '../../projections/generations.ts';
import { PROJECTIONS } from '../../projections/index.ts';
import type { Projection } from '../../projections/projection.ts';
import type { Clock } from '../ports/clock.ts';
import type { ReadModels } from '../ports/read-models.ts';
import type { Collections } from '../queries/collections.ts';

/** Former generations stay for longer than this, see GRACE_MS, so that names may be remembered for so long. */
const REMEMBERED_MS = 1_000;

/** Projection name to its live collection, as of now: to be asked once for each answer. */
export async function liveCollections(models: ReadModels): Promise<Collections> {
  return collectionsOf(await readGenerations(models), PROJECTIONS);
}

/** The same for those who ask often: at most so old as the grace of former generations allows by far. */
export function rememberedCollections(models: ReadModels, clock: Clock): () => Promise<Collections> {
  let known: { readonly at: number; readonly collections: Collections } | null = null;
  return async () => {
    const now = clock.now();
    if (known === null || now - known.at > REMEMBERED_MS || now < known.at) {
      known = { at: now, collections: await liveCollections(models) };
    }
    return known.collections;
  };
}

/** The live collections of the projections, and what they are folded from. */
export async function followedBy(models: ReadModels, projections: readonly Projection[]): Promise<Followed[]> {
  const generations = await readGenerations(models);
  return projections.map((projection) => ({
    collection: collectionIn(projection.name, lineageOf(generations, projection).live),
    topics: projection.topics,
  }));
}
