/** Why a projection stands still, left in the read models by who folded it, for who is asked. */
import type { ReadModels } from '../ports/read-models.ts';

const META = 'failures/';

/** Notes that the collection is no longer folded, and why. */
export async function noteFailure(models: ReadModels, collection: string, reason: string): Promise<void> {
  const present = await models.getMeta(META + collection);
  await models.putMeta(META + collection, { reason }, present);
}

/** Notes that the collection is being folded (again). */
export async function clearFailure(models: ReadModels, collection: string): Promise<void> {
  const present = await models.getMeta(META + collection);
  if (present !== null && present['reason'] !== null) {
    await models.putMeta(META + collection, { reason: null }, present);
  }
}

/** The reason; null while the collection is being folded, as far as anybody said. */
export async function readFailure(models: ReadModels, collection: string): Promise<string | null> {
  const stored = await models.getMeta(META + collection);
  const reason = stored?.['reason'];
  return typeof reason === 'string' ? reason : null;
}
