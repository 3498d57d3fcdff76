/** How a rebuild begins: with a new generation, or with one that nobody drives any more. */
import { begin, isLeaseOut, LEASE_MS, takeOver, type Lineage } from '../../projections/generations.ts';
import type { Projection } from '../../projections/projection.ts';
import { ShopError } from '../ports/errors.ts';

export interface BegunOptions {
  readonly owner: string;
  readonly now: number;
  readonly keep?: boolean;
  readonly dryRun?: boolean;
}

/** Pure. Throws BAD_INPUT when somebody is rebuilding it. */
export function begun(lineage: Lineage, { name, version, kind }: Projection, options: BegunOptions): Lineage {
  const { owner, now, keep = false, dryRun = false } = options;
  const choice = { keep, dryRun };
  const { building } = lineage;
  if (building !== null) {
    if (building.owner === owner) return lineage;
    if (!isLeaseOut(building.renewedAt, now)) {
      const message = `${name} is being rebuilt already (generation ${building.generation}); wait for it, or cancel it`;
      throw new ShopError('BAD_INPUT', message);
    }
    // What could not be folded is begun anew: whoever starts it again has mended something.
    if (building.version === version && building.error === null) return takeOver(lineage, { owner, choice, now });
  }
  return begin(lineage, { version, set: kind === 'folded' ? owner : name, owner, choice, now });
}

/** Whoever drove it is known to have gone: the next one need not wait for its lease to run out. */
export function expired(lineage: Lineage, now: number): Lineage {
  const { building } = lineage;
  if (building === null || isLeaseOut(building.renewedAt, now)) return lineage;
  return { ...lineage, building: { ...building, renewedAt: now - LEASE_MS - 1 } };
}
