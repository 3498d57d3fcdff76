/** Every role of the shop in this process, over one connection. */
import type { FastifyPluginAsync } from 'fastify';
import { PROJECTIONS } from '../../projections/index.ts';
import { ShopError } from '../ports/errors.ts';
import type { Replays } from '../replay/replays.ts';
import type { Reporter } from '../reporter/reporter.ts';
import { writeFirstHistory, type FirstHistoryOptions } from './first-history.ts';
import { policyOf } from './handling.ts';
import { replayRoutes } from './replay-routes.ts';
import {
  startHandling,
  startMailing,
  startProjectingAndRebuilding,
  startReporting,
  startShop,
  startSimulating,
  type Role,
  type RoleContext,
} from './roles.ts';
import { stopAll } from './run-until.ts';
import { startServing } from './serving.ts';

export interface WholeShopOptions extends FirstHistoryOptions {
  /** Whether the command line says how much to simulate. */
  readonly told: boolean;
  /** Ports of the API and of the shop's own endpoint. */
  readonly port: number;
  readonly shopPort: number;
}

export interface WholeShop {
  /** In the order in which they are to be stopped. */
  readonly roles: readonly Role[];
  readonly apiUrl: string;
  readonly shopUrl: string;
}

/** Starts all of them, or none: rejects with what the first one that failed says. */
export async function startWholeShop(context: RoleContext, options: WholeShopOptions): Promise<WholeShop> {
  const { signal } = options;
  const roles: Role[] = [];
  try {
    let reporter: Reporter | null = null;
    let replays: Replays | null = null;
    const routes: FastifyPluginAsync = async (server) => {
      await server.register(reportRoutes(() => reporter));
      await server.register(replayRoutes(() => replays));
    };
    // It has no password, so nobody else's machine gets to it, whatever HOST says.
    const shop = await startShop(context, { host: '127.0.0.1', port: options.shopPort }, routes);
    roles.push(shop);
    const projecting = await startProjectingAndRebuilding(context, PROJECTIONS);
    roles.push(await startHandling(context), projecting);
    replays = projecting.replays;
    const serving = await startServing(context, {
      shop: shop.shop,
      replays: projecting.replays,
      makeReport: async (day) => (await runningOf(reporter).issue(day)).event,
      port: options.port,
    });
    // Who watches goes before what is watched, and is told so.
    roles.unshift(serving);
    await writeFirstHistory(options, context, shop.shop);
    if (signal.aborted) return { roles, apiUrl: serving.url, shopUrl: shop.url };
    const reporting = await startReporting(context);
    reporter = reporting.reporter;
    roles.push(await startMailing(context, false), reporting);
    if (options.simulator) {
      const { rate, seed, flat } = options;
      const choice = {
        rate,
        seed,
        flat,
        handling: policyOf(options),
        catalogue: options.catalogue ?? null,
        configuration: options.told ? ('told' as const) : ('known' as const),
      };
      // Customers go before the shop does.
      roles.unshift(await startSimulating(context, shop.shop, choice));
    }
    return { roles, apiUrl: serving.url, shopUrl: shop.url };
  } catch (error) {
    await stopAll(roles, context.logger);
    throw error;
  }
}

/** Other processes cannot write to embedded data: `npm run report -- --day` asks its owner. */
function reportRoutes(reporter: () => Reporter | null): FastifyPluginAsync {
  return async (server) => {
    server.post<{ Params: { day: string } }>('/reports/:day', async ({ params }) => {
      const { files } = await runningOf(reporter()).issue(params.day);
      return { files };
    });
    await Promise.resolve();
  };
}

function runningOf(reporter: Reporter | null): Reporter {
  if (reporter === null) throw new ShopError('UNAVAILABLE', 'the reporter has not started yet; try again');
  return reporter;
}
