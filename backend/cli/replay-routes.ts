/** Rebuilds in the process that owns the embedded data, for `npm run replay` beside it. */
import type { FastifyPluginAsync } from 'fastify';
import { ShopError } from '../ports/errors.ts';
import type { Mended } from '../replay/one-order.ts';
import type { Rebuild } from '../replay/rebuild.ts';
import type { Replays } from '../replay/replays.ts';
import type { ListedView, ViewRequest } from '../replay/views.ts';

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

export interface MendAnswer {
  readonly mended: readonly Mended[];
}

export interface ViewsAnswer {
  readonly views: readonly ListedView[];
}

/** POST /replays begins, GET /replays tells how far they are, DELETE /replays gives up. The same with /views; a view is dropped by name. POST /orders/mend. */
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
    server.post('/orders/mend', async ({ body }): Promise<MendAnswer> => {
      const { orderId } = (body ?? {}) as Record<string, unknown>;
      if (typeof orderId !== 'string') throw new ShopError('BAD_INPUT', 'the body must be {"orderId"}');
      return { mended: await running().mendOrder(orderId) };
    });
    server.post('/views', async ({ body }): Promise<ViewsAnswer> => {
      await running().views.build(viewRequestOf(body));
      return { views: await running().views.list() };
    });
    server.get('/views', async (): Promise<ViewsAnswer> => ({ views: await running().views.list() }));
    server.delete<{ Params: { name: string } }>('/views/:name', async ({ params }): Promise<ViewsAnswer> => {
      await running().views.drop(params.name);
      return { views: await running().views.list() };
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

function viewRequestOf(body: unknown): ViewRequest {
  const { name, until, projections, replace } = (body ?? {}) as Record<string, unknown>;
  const { kind, at, text } = (until ?? {}) as Record<string, unknown>;
  const isNames = Array.isArray(projections) && projections.every((each) => typeof each === 'string');
  if (typeof name !== 'string' || !isNames || !(typeof at === 'number' || typeof text === 'string')) {
    const shape = '{"name", "until": {"kind": "instant", "at"} or {"kind": "position", "text"}, "projections": []}';
    throw new ShopError('BAD_INPUT', `the body must be ${shape}`);
  }
  const known =
    kind === 'instant'
      ? { kind: 'instant' as const, at: Number(at) }
      : { kind: 'position' as const, text: String(text) };
  return { name, until: known, projections, replace: replace === true };
}
