/** How long each projection takes until it has folded the whole log for the first time. */
import { setTimeout as pause } from 'node:timers/promises';
import { PROJECTIONS } from '../../../../projections/index.ts';
import { endsFor, progressOf } from '../../../replay/rebuild.ts';
import { isShopError } from '../../../ports/errors.ts';
import type { Checkpoint, ReadModels } from '../../../ports/read-models.ts';
import type { Collections } from '../../../queries/collections.ts';
import { liveCollections } from '../../collections.ts';
import type { Connection } from '../../connect.ts';

export interface CaughtUp {
  readonly projection: string;
  readonly records: number;
  /** Since the shop was started, which reads the log first to know its stock. */
  readonly seconds: number;
}

const POLL_MS = 100;
const AWAY_MS = 1_000;

/** Looks until all of them are at the end. Rejects when the shop does, for then nobody folds. */
export async function catchUp(
  { log, models }: Connection,
  started: number,
  onProgress: (done: number, total: number, note: string) => void,
  shop: Promise<unknown>,
): Promise<CaughtUp[]> {
  const failed = shop.then(() => new Promise<never>(() => {}));
  const ends = await endsFor(log, PROJECTIONS);
  const found = new Map<string, CaughtUp>();
  for (;;) {
    const standing = await standingOf(models);
    if (standing === null) {
      await Promise.race([pause(AWAY_MS), failed]);
      continue;
    }
    const { collections, checkpoints } = standing;
    let done = 0;
    let total = 0;
    for (const projection of PROJECTIONS) {
      const { name } = projection;
      const progress = progressOf(projection, collections[name] ?? '', checkpoints, ends);
      done += progress.records;
      total += progress.total;
      if (progress.records < progress.total || found.has(name)) continue;
      const seconds = (Date.now() - started) / 1_000;
      found.set(name, { projection: name, records: progress.total, seconds });
    }
    if (found.size === PROJECTIONS.length) return [...found.values()];
    onProgress(done, total, `${found.size} of ${PROJECTIONS.length} projections are there`);
    await Promise.race([pause(POLL_MS), failed]);
  }
}

interface Standing {
  readonly collections: Collections;
  readonly checkpoints: readonly Checkpoint[];
}

/** Null while the read models do not answer: under the load of catching up a server may be silent for seconds. */
async function standingOf(models: ReadModels): Promise<Standing | null> {
  try {
    const collections = await liveCollections(models);
    return { collections, checkpoints: await models.checkpoints(Object.values(collections)) };
  } catch (error) {
    if (isShopError(error, 'UNAVAILABLE') || isShopError(error, 'TIMEOUT')) return null;
    throw error;
  }
}
