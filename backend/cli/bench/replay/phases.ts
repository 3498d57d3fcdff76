/** Follows a rebuild by the pointer to the generations: when each of its phases began, and how it ended. */
import { setTimeout as pause } from 'node:timers/promises';
import { lineageOf, readGenerations, type Ended, type Lineage } from '../../../../projections/generations.ts';
import type { Projection } from '../../../../projections/projection.ts';
import type { ReadModels } from '../../../ports/read-models.ts';

/** Epoch ms. */
export interface Phases {
  readonly startedAt: number;
  readonly comparingAt: number | null;
  /** When the flip that led to the swap was opened; null when it was too short to be seen. */
  readonly openedAt: number | null;
  readonly endedAt: number;
  /** How often a flip was opened. */
  readonly opened: number;
  readonly endings: readonly (Ended & { readonly projection: string })[];
}

const POLL_MS = 5;

/** Looks until all of the projections, which are being rebuilt together, are over. */
export async function phasesOf(
  models: ReadModels,
  projections: readonly Projection[],
  generations: ReadonlyMap<string, number>,
): Promise<Phases> {
  let startedAt = Date.now();
  let comparingAt: number | null = null;
  let openedAt: number | null = null;
  let opened = 0;
  let wasOpen = false;
  for (;;) {
    const present = await readGenerations(models);
    const lineages = projections.map((each) => ({ name: each.name, ...lineageOf(present, each) }));
    const building = lineages.find((each) => each.building !== null)?.building ?? null;
    if (building !== null) startedAt = building.startedAt;
    if (building?.phase === 'comparing') comparingAt ??= Date.now();
    const flip = lineages.find((each) => each.flip !== null)?.flip ?? null;
    if (flip !== null && !wasOpen) {
      opened += 1;
      openedAt = flip.renewedAt;
    }
    wasOpen = flip !== null;
    if (lineages.every((each) => isOver(each, generations.get(each.name)))) {
      const endings = lineages.flatMap(({ name, last }) => (last === null ? [] : [{ projection: name, ...last }]));
      const endedAt = Math.max(...endings.map((each) => each.endedAt), ...lineages.map((each) => each.flippedAt ?? 0));
      return { startedAt, comparingAt, openedAt, endedAt, opened, endings };
    }
    await pause(POLL_MS);
  }
}

function isOver({ building, last }: Lineage, generation: number | undefined): boolean {
  return building?.generation !== generation && last?.generation === generation;
}
