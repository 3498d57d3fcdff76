/** `start`: the whole shop in one process: embedded, on given engines, or on engines that it starts itself. */
import path from 'node:path';
import type { Command } from 'commander';
import type { FastifyPluginAsync } from 'fastify';
import colors from 'picocolors';
import { PROJECTIONS } from '../../../projections/index.ts';
import { addDays, boundsOf, dayOf } from '../../domain/calendar.ts';
import { systemClock } from '../../ports/clock.ts';
import { ShopError } from '../../ports/errors.ts';
import { startEngines } from '../../engines/engines.ts';
import type { Replays } from '../../replay/replays.ts';
import type { Reporter } from '../../reporter/reporter.ts';
import type { Shop } from '../../shop/commands.ts';
import { writeHistory } from '../../simulator/history.ts';
import { connect, isEnginesMode, type Connection } from '../connect.ts';
import { isTold, policyOf, type SimulationOptions } from '../handling.ts';
import { replayRoutes } from '../replay-routes.ts';
import {
  catalogueAt,
  shopPort,
  startHandling,
  startMailing,
  startProjectingAndRebuilding,
  startReporting,
  startShop,
  startSimulating,
  type Role,
  type RoleContext,
} from '../roles.ts';
import { startServing } from '../serving.ts';
import { runUntil, stopAll, stopSignal } from '../run-until.ts';
import { readSettings, type Settings } from '../settings.ts';
import { createLogger, progressBar } from '../terminal.ts';

interface Options extends SimulationOptions {
  /** Whether the command line says how much to simulate. */
  readonly told: boolean;
  readonly engines: boolean;
  readonly simulator: boolean;
  readonly history: boolean;
  readonly port?: number;
  readonly shopPort?: number;
}

export async function run(given: Omit<Options, 'told'>, command: Command): Promise<void> {
  const options: Options = { ...given, told: isTold(command) };
  const settings = readSettings(process.env);
  const logger = createLogger(settings.logLevel, 'start');
  const signal = stopSignal();
  if (!options.engines) return runShop(options, settings, logger, signal);
  if (isEnginesMode(settings)) {
    throw new ShopError(
      'BAD_INPUT',
      '--engines starts Kafka and a MongoDB server, but KAFKA_BROKERS and MONGODB_URI name some: give one or the other',
    );
  }
  process.stdout.write('Starting Kafka and a MongoDB server (the first time takes a minute) …\n');
  const engines = await startEngines({ dir: path.join(settings.dataDir, 'engines'), logger });
  try {
    const environment = { ...process.env, KAFKA_BROKERS: engines.brokers.join(','), MONGODB_URI: engines.mongodbUri };
    process.stdout.write(
      `In a second terminal, first:\n  export KAFKA_BROKERS=${environment.KAFKA_BROKERS} MONGODB_URI=${environment.MONGODB_URI}\n`,
    );
    await runShop(options, readSettings(environment), logger, signal);
  } finally {
    await engines.stop();
  }
}

async function runShop(
  options: Options,
  settings: Settings,
  logger: RoleContext['logger'],
  signal: AbortSignal,
): Promise<void> {
  const connection = await connect(settings, 'own', logger);
  const context: RoleContext = { settings, connection, logger };
  const roles: Role[] = [];
  try {
    let reporter: Reporter | null = null;
    let replays: Replays | null = null;
    const routes: FastifyPluginAsync = async (server) => {
      await server.register(reportRoutes(() => reporter));
      await server.register(replayRoutes(() => replays));
    };
    // It has no password, so nobody else's machine gets to it, whatever HOST says.
    const at = { host: '127.0.0.1', port: shopPort(settings, options.shopPort) };
    const shop = await startShop(context, at, routes);
    roles.push(shop);
    const projecting = await startProjectingAndRebuilding(context, PROJECTIONS);
    roles.push(await startHandling(context), projecting);
    replays = projecting.replays;
    const serving = await startServing(context, {
      shop: shop.shop,
      replays: projecting.replays,
      makeReport: async (day) => (await runningOf(reporter).issue(day)).event,
      port: options.port ?? settings.port,
    });
    // Who watches goes before what is watched, and is told so.
    roles.unshift(serving);
    if (options.history) await writeFirstHistory(options, context, shop.shop, signal);
    const reporting = await startReporting(context);
    reporter = reporting.reporter;
    roles.push(await startMailing(context, false), reporting);
    if (options.simulator && !signal.aborted) {
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
    if (!signal.aborted)
      process.stdout.write(banner(options, settings, connection, { api: serving.url, shop: shop.url }));
  } catch (error) {
    await stopAll(roles, logger);
    await connection.close();
    throw error;
  }
  try {
    await runUntil(signal, roles, logger);
  } finally {
    await connection.close();
  }
  process.stdout.write('Stopped. Start again to go on where it was.\n');
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

/** So that no figure starts at zero at four in the afternoon: into an empty embedded log, and only there. */
async function writeFirstHistory(
  options: Options,
  context: RoleContext,
  shop: Shop,
  signal: AbortSignal,
): Promise<void> {
  const { connection, settings } = context;
  if (connection.mode !== 'embedded' || !options.simulator || !(await isEmpty(connection))) return;
  const now = systemClock.now();
  const today = dayOf(now, settings.timeZone);
  const progress = progressBar("writing yesterday's and today's orders");
  await writeHistory({
    shop,
    catalogue: await catalogueAt(options.catalogue ?? null),
    currency: connection.currency,
    seed: options.seed,
    from: boundsOf(addDays(today, -1), settings.timeZone).from,
    to: now,
    volume: { ratePerSecond: options.rate },
    timeZone: settings.timeZone,
    handling: policyOf(options),
    onProgress: (done, total, note) => progress.update(done, total, note),
    signal,
  });
  progress.stop();
}

async function isEmpty({ log }: Connection): Promise<boolean> {
  const bounds = [...(await log.bounds('orders')), ...(await log.bounds('stock'))];
  return bounds.every(({ end }) => end === 0);
}

function banner(
  options: Options,
  settings: Settings,
  connection: Connection,
  urls: { readonly api: string; readonly shop: string },
): string {
  const rows = [
    ['runs on', connection.description],
    ['dashboard', urls.api],
    ['API', `${urls.api}/graphql   (a playground, in a browser)`],
    ['figures', 'npm run stats -- --watch   (in a second terminal)'],
    ['reports', `${settings.reportsDir}   (at 00:00 ${settings.timeZone})`],
    ['mails', settings.mailboxDir],
    ['orders', options.simulator ? `${options.rate}/s on the average of a day, simulated` : 'none are simulated'],
    ['endpoint', `${urls.shop}   (the shop's own: commands and catalogue)`],
    ['proof', 'npm run verify'],
  ];
  const lines = rows.map(([name = '', text = '']) => `  ${colors.dim(name.padEnd(9))} ${text}`);
  return `\n${colors.bold('Shopstream is running.')} Ctrl-C stops it.\n\n${lines.join('\n')}\n\n`;
}
