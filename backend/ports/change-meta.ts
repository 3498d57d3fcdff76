import { ShopError } from './errors.ts';
import type { Body, ReadModels } from './read-models.ts';

const CHANGE_TRIES_MAX = 50;

export interface Meta<T> {
  readonly name: string;
  /** What is changed, for a message. */
  readonly what: string;
  /** What stands for it while nothing is stored. */
  readonly absent: T;
}

/**
 * Changes a small value of the read models by compare-and-set: `change` gets the present one and returns the next, or
 * the same object to leave it. It is called again when somebody else changed it meanwhile. Resolves to what holds now.
 * An answer that was lost (UNAVAILABLE) leaves open whether it took place.
 */
export async function changeMeta<T extends object>(
  models: Pick<ReadModels, 'getMeta' | 'putMeta'>,
  { name, what, absent }: Meta<T>,
  change: (present: T) => T,
): Promise<T> {
  for (let tries = 0; tries < CHANGE_TRIES_MAX; tries++) {
    const stored = await models.getMeta(name);
    const present = (stored ?? absent) as T;
    const changed = change(present);
    if (changed === present || (await models.putMeta(name, changed as Body, stored))) return changed;
  }
  throw new ShopError('UNAVAILABLE', `${what} is being changed all the time; try again`);
}
