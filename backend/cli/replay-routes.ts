/** Rebuilds in the process that owns the embedded data, for `npm run replay` beside it. */
import type { FastifyPluginAsync } from 'fastify';
import { ShopError } from '../ports/errors.ts';
import type { Rebuild } from '../replay/rebuild.ts';
import type { Replays } from '../replay/replays.ts';

export interface ReplayRequest {
  /** Names of projections, or "all". */
  readonly projections: readonly string[];
  readonly keep: boolean;
  readonly back: boolean;
  readonly dryRun: boolean;
}

export interface ReplayAnswer {
  readonly rebuilds: readonly Rebuild[];
}

/** POST /replays begins, GET /replays tells how far they are, DELETE /replays gives up. */
export function replayRoutes(replays: () => Replays | null): FastifyPluginAsync {
  const running = (): Replays => {
    const found = replays();
    if (found === null) throw new ShopError('UNAVAILABLE', 'the projectors have not started yet; try again');
    return found;
  };
  return async (server) => {
    server.post('/replays', async ({ body }): Promise<ReplayAnswer> => {
      const { projections, back, keep, dryRun } = requestOf(body);
      if (back) {
        await running().back(projections);
        return { rebuilds: [] };
      }
      return { rebuilds: await running().startAll(projections, { keep, dryRun }) };
    });
    server.get('/replays', (): ReplayAnswer => ({ rebuilds: running().list() }));
    server.delete('/replays', async (): Promise<ReplayAnswer> => {
      await running().cancel();
      return { rebuilds: running().list() };
    });
    await Promise.resolve();
  };
}

function requestOf(body: unknown): ReplayRequest {
  const { projections, keep, back, dryRun } = (body ?? {}) as Record<string, unknown>;
  if (!Array.isArray(projections) || !projections.every((each) => typeof each === 'string')) {
    throw new ShopError('BAD_INPUT', 'the body must be {"projections": ["sales"], "keep", "back", "dryRun"}');
  }
  return { projections, keep: keep === true, back: back === true, dryRun: dryRun === true };
}
