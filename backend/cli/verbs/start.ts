/** `start`: the whole shop in one process: embedded, on given engines, or on engines that it starts itself. */
import path from 'node:path';
import type { Command } from 'commander';
import colors from 'picocolors';
import { startEngines } from '../../engines/engines.ts';
import { systemClock } from '../../ports/clock.ts';
import { ShopError } from '../../ports/errors.ts';
import { assertZoneOf } from '../../reporter/zone.ts';
import { connect, isEnginesMode, type Connection } from '../connect.ts';
import { isTold, type SimulationOptions } from '../handling.ts';
import { shopPort, type RoleContext } from '../roles.ts';
import { runUntil, stopSignal } from '../run-until.ts';
import { readSettings, type Settings } from '../settings.ts';
import { createLogger } from '../terminal.ts';
import { startWholeShop } from '../whole-shop.ts';

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
  try {
    await assertZoneOf(connection.log, settings.timeZone);
    const context: RoleContext = { settings, connection, logger, clock: systemClock };
    const { port = settings.port } = options;
    const at = { port, shopPort: shopPort(settings, options.shopPort) };
    const say = (line: string): void => void process.stdout.write(`${line}\n`);
    const { roles, apiUrl, shopUrl } = await startWholeShop(context, { ...options, ...at, signal, say });
    if (!signal.aborted) process.stdout.write(banner(options, settings, connection, { api: apiUrl, shop: shopUrl }));
    await runUntil(signal, roles, logger);
  } finally {
    await connection.close();
  }
  process.stdout.write('Stopped. Start again to go on where it was.\n');
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
