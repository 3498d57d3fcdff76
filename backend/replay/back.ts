/** The way back: the generation that was kept becomes the live one again. */
import { randomUUID } from 'node:crypto';
import { lineageOf, readGenerations, type Lineage } from '../../projections/generations.ts';
import type { Projection } from '../../projections/projection.ts';
import type { Clock } from '../ports/clock.ts';
import { ShopError } from '../ports/errors.ts';
import type { ReadModels } from '../ports/read-models.ts';
import { flipTo, HOLD_MS, type FlipTarget } from './flip.ts';

export interface BackOptions {
  readonly models: ReadModels;
  readonly clock: Clock;
  readonly projections: readonly Projection[];
  readonly told?: () => Promise<void>;
  readonly holdMs?: number;
}

const TRIES_MAX = 3;

/**
 * Flips each projection to its kept generation, and keeps the one that was live instead: the same again goes
 * forth. Rejects with BAD_INPUT when there is no way back, UNAVAILABLE when the kept one does not reach the live.
 */
export async function flipBack(options: BackOptions): Promise<void> {
  const { models, clock, projections, told = async () => {}, holdMs = HOLD_MS } = options;
  const generations = await readGenerations(models);
  const targets = projections.map((projection) => targetOf(projection, lineageOf(generations, projection)));
  const stopping = new AbortController();
  let tries = 0;
  await flipTo({
    models,
    clock,
    owner: randomUUID(),
    targets,
    keep: true,
    holdMs,
    told,
    isOurs: ({ building, kept }, { to }) => building === null && kept?.generation === to.generation,
    finish: (lineage) => lineage,
    waiting: () => {
      tries += 1;
      if (tries >= TRIES_MAX) stopping.abort(notReached());
    },
    signal: stopping.signal,
  });
}

function targetOf(projection: Projection, { kept, building }: Lineage): FlipTarget {
  const { name, version } = projection;
  if (building !== null) throw new ShopError('BAD_INPUT', `${name} is being rebuilt; wait for it, or cancel it`);
  if (kept === null) {
    throw new ShopError('BAD_INPUT', `${name} has no way back: rebuild it with --keep to have one the next time`);
  }
  if (kept.version !== version) {
    const message = `the kept generation of ${name} is of version ${kept.version}, and nothing folds it any more: this program has version ${version}`;
    throw new ShopError('BAD_INPUT', message);
  }
  return { projection, to: kept };
}

function notReached(): ShopError {
  const message = 'the kept generation does not reach the live one; is a projector running (npm run project)?';
  return new ShopError('UNAVAILABLE', message);
}
