/**
 * Whoever replays for the verb `replay`: beside an owner of the embedded data it asks that one; without one this
 * process is the owner for as long as it takes; on Kafka and MongoDB it drives what the projectors fold.
 */
import { PROJECTIONS } from '../../projections/index.ts';
import { systemClock } from '../ports/clock.ts';
import { ShopError } from '../ports/errors.ts';
import type { Mended } from '../replay/one-order.ts';
import type { Rebuild } from '../replay/rebuild.ts';
import type { ListedView, ViewRequest } from '../replay/views.ts';
import { connect, isEnginesMode, ownerUrl } from './connect.ts';
import type { MendAnswer, ReplayAnswer, ReplayRequest, ViewsAnswer } from './replay-routes.ts';
import { openReplays, startProjecting, type Projecting, type RoleContext } from './roles.ts';
import { stopAll } from './run-until.ts';
import type { Settings } from './settings.ts';
import { createLogger } from './terminal.ts';

export interface ReplayDriver {
  start(request: ReplayRequest): Promise<readonly Rebuild[]>;
  list(): Promise<readonly Rebuild[]>;
  cancel(): Promise<void>;
  mendOrder(orderId: string): Promise<readonly Mended[]>;
  buildView(request: ViewRequest): Promise<void>;
  views(): Promise<readonly ListedView[]>;
  dropView(name: string): Promise<void>;
}

export async function withReplayDriver(
  settings: Settings,
  use: (driver: ReplayDriver) => Promise<void>,
): Promise<void> {
  const logger = createLogger('warn', 'replay');
  const owner = isEnginesMode(settings) ? null : await ownerUrl(settings);
  if (owner !== null) return use(driverAt(owner));
  const connection = await connect(settings, 'own', logger);
  const context: RoleContext = { settings, connection, logger, clock: systemClock };
  let projecting: Projecting | null = null;
  try {
    // Nobody else folds the embedded data now.
    if (connection.mode === 'embedded') projecting = await startProjecting(context, PROJECTIONS);
    const replays = await openReplays(context, projecting);
    try {
      await use({
        start: async ({ projections, back, ...choice }) => {
          if (!back) return replays.startAll(projections, choice);
          await replays.back(projections);
          return [];
        },
        list: () => Promise.resolve(replays.list()),
        cancel: () => replays.cancel(),
        mendOrder: (orderId) => replays.mendOrder(orderId),
        buildView: (request) => replays.views.build(request),
        views: () => replays.views.list(),
        dropView: (name) => replays.views.drop(name),
      });
    } finally {
      await replays.cancel();
      await replays.stop();
    }
  } finally {
    if (projecting !== null) await stopAll([projecting], logger);
    await connection.close();
  }
}

/** Only the owner of the embedded data writes to it. */
function driverAt(url: string): ReplayDriver {
  const ask = async <T>(path: string, method: string, body?: unknown): Promise<T> => {
    const json =
      body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await fetch(new URL(path, url), { method, ...json }).catch((error: unknown) => {
      throw new ShopError('UNAVAILABLE', `the shop at ${url} does not answer any more`, { cause: error });
    });
    const answer = (await response.json()) as T & { error?: string };
    if (response.ok) return answer;
    const code = response.status === 400 ? 'BAD_INPUT' : 'UNAVAILABLE';
    throw new ShopError(code, answer.error ?? `the shop at ${url} could not do it`);
  };
  return {
    start: async (request) => (await ask<ReplayAnswer>('/replays', 'POST', request)).rebuilds,
    list: async () => (await ask<ReplayAnswer>('/replays', 'GET')).rebuilds,
    cancel: async () => {
      await ask('/replays', 'DELETE');
    },
    mendOrder: async (orderId) => (await ask<MendAnswer>('/orders/mend', 'POST', { orderId })).mended,
    buildView: async (request) => {
      await ask('/views', 'POST', request);
    },
    views: async () => (await ask<ViewsAnswer>('/views', 'GET')).views,
    dropView: async (name) => {
      await ask(`/views/${encodeURIComponent(name)}`, 'DELETE');
    },
  };
}
