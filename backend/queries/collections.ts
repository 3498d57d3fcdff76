/** Which collection holds the documents of a projection's live generation. */
import { ShopError } from '../ports/errors.ts';

/** Projection name ("order-counts") to collection name. */
export type Collections = Readonly<Record<string, string>>;

/** Throws MISCONFIGURED when there is none. */
export function collectionFor(collections: Collections, projection: string): string {
  const collection = collections[projection];
  if (collection !== undefined) return collection;
  throw new ShopError(
    'MISCONFIGURED',
    `there is no collection of the projection ${projection}; start its projector first`,
  );
}
