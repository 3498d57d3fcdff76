/** How a rebuild begins: with a new generation, or with one that nobody drives any more. */
import { begin, isLeaseOut, takeOver, type Lineage } from '../../projections/generations.ts';
import type { Projection } from '../../projections/projection.ts';
import { ShopError } from '../ports/errors.ts';

export interface BegunOptions {
  readonly owner: string;
  readonly now: number;
  readonly keep?: boolean;
  readonly dryRun?: boolean;
  /** Nobody else can be at work, so a rebuild that has an owner has lost it. */
  readonly sole?: boolean;
}

/** Pure. Throws BAD_INPUT when somebody is rebuilding it. */
export function begun(lineage: Lineage, { name, version, kind }: Projection, options: BegunOptions): Lineage {
  const { owner, now, keep = false, dryRun = false, sole = false } = options;
  const choice = { keep, dryRun };
  const { building } = lineage;
  if (building !== null) {
    if (building.owner === owner) return lineage;
    if (!sole && !isLeaseOut(building.renewedAt, now)) {
      const message = `${name} is being rebuilt already (generation ${building.generation}); wait for it, or cancel it`;
      throw new ShopError('BAD_INPUT', message);
    }
    // What could not be folded is begun anew: whoever starts it again has mended something.
    if (building.version === version && building.error === null) return takeOver(lineage, { owner, choice, now });
  }
  return begin(lineage, { version, set: kind === 'folded' ? owner : name, owner, choice, now });
}
