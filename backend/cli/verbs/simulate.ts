/** `simulate`: places orders as they come, or writes a span of the past at once. */
import type { Command } from 'commander';
import { addDays, boundsOf } from '../../domain/calendar.ts';
import { systemClock } from '../../ports/clock.ts';
import { HAPPENED_MAX, HAPPENED_MIN } from '../../events/bounds.ts';
import { ShopError } from '../../ports/errors.ts';
import { assertZoneOf } from '../../reporter/zone.ts';
import { openShopClient } from '../../shop/endpoint.ts';
import { writeHistory } from '../../simulator/history.ts';
import { connect, isEnginesMode, ownerUrl } from '../connect.ts';
import { isTold, policyOf, type SimulationOptions } from '../handling.ts';
import { catalogueAt, startSimulating, type SimulatorChoice } from '../roles.ts';
import { runUntil, stopSignal } from '../run-until.ts';
import { readSettings, type Settings } from '../settings.ts';
import { createLogger, progressBar } from '../terminal.ts';
import { withShop } from '../with-shop.ts';

interface Options extends SimulationOptions {
  readonly day?: string;
  readonly from?: string;
  readonly to?: string;
  readonly orders?: number;
  readonly for?: number;
}

export async function run(options: Options, command: Command): Promise<void> {
  const settings = readSettings(process.env);
  const first = options.day ?? options.from;
  const last = options.day ?? options.to ?? options.from;
  if (options.day !== undefined && (options.from !== undefined || options.to !== undefined)) {
    throw new ShopError('BAD_INPUT', 'give either --day or --from and --to');
  }
  if (first === undefined) {
    if (options.to !== undefined) throw new ShopError('BAD_INPUT', '--to needs --from');
    if (options.orders !== undefined) throw new ShopError('BAD_INPUT', '--orders needs --day, or --from and --to');
    return runLive(options, command, settings);
  }
  if (last === undefined || last < first)
    throw new ShopError('BAD_INPUT', `--to ${last ?? ''} is before --from ${first}`);
  return writeSpan(options, settings, first, last);
}

async function runLive(options: Options, command: Command, settings: Settings): Promise<void> {
  const logger = createLogger(settings.logLevel, 'simulate');
  const url = isEnginesMode(settings) ? settings.shopUrl.href : await ownerUrl(settings);
  if (url === null) {
    throw new ShopError(
      'BAD_INPUT',
      'no shop is running here: start it with npm start, or give --day to write a day of the past',
    );
  }
  const signal = stopSignal();
  const connection = await connect(settings, 'read', logger);
  try {
    await assertZoneOf(connection.log, settings.timeZone);
    const { rate, seed, flat } = options;
    const choice = {
      rate,
      seed,
      flat,
      handling: policyOf(options),
      catalogue: options.catalogue ?? null,
      configuration: configurationOf(options, command, settings),
    };
    const role = await startSimulating(
      { settings, connection, logger, clock: systemClock },
      openShopClient(url),
      choice,
    );
    logger.info({ shop: url, rate }, 'Running: placing orders. Ctrl-C stops it.');
    const limit = options.for === undefined ? null : systemClock.until(systemClock.now() + options.for, signal);
    const until = limit === null ? signal : AbortSignal.any([signal, abortAfter(limit)]);
    await runUntil(until, [role], logger);
  } finally {
    await connection.close();
  }
}

/** Beside the simulator of `npm start`, or for a while, it is a load of its own; else it is the shop's simulator. */
function configurationOf(options: Options, command: Command, settings: Settings): SimulatorChoice['configuration'] {
  if (options.for !== undefined || !isEnginesMode(settings)) return 'own';
  return isTold(command) ? 'told' : 'known';
}

function abortAfter(done: Promise<void>): AbortSignal {
  const controller = new AbortController();
  void done.then(() => controller.abort());
  return controller.signal;
}

async function writeSpan(options: Options, settings: Settings, first: string, last: string): Promise<void> {
  const logger = createLogger('warn', 'simulate');
  const signal = stopSignal();
  const catalogue = await catalogueAt(options.catalogue ?? null);
  const { from } = boundsOf(first, settings.timeZone);
  const { from: to } = boundsOf(addDays(last, 1), settings.timeZone);
  if (from < HAPPENED_MIN || to - 1 > HAPPENED_MAX) {
    throw new ShopError(
      'BAD_INPUT',
      'orders can be of the years 1970 to 2199 (UTC); give another --day, --from or --to',
    );
  }
  await withShop({ settings, logger, usesDays: true }, async ({ shop, connection, settled }) => {
    const writing = progressBar('writing');
    const counts = await writeHistory({
      shop,
      catalogue,
      currency: connection.currency,
      seed: options.seed,
      from,
      to,
      volume: options.orders === undefined ? { ratePerSecond: options.rate } : { orders: options.orders },
      timeZone: settings.timeZone,
      handling: policyOf(options),
      onProgress: (done, total, note) => writing.update(done, total, note),
      signal,
    });
    writing.stop();
    const folding = progressBar('folding');
    const complete = await settled(folding, signal);
    folding.stop();
    const refused = Object.entries(counts.refused).map(([reason, count]) => `, ${count} refused (${reason})`);
    const span = first === last ? first : `${first} to ${last}`;
    process.stdout.write(
      `${span}: ${counts.orders} orders and ${counts.restocks} deliveries written, ${counts.duplicates} were there already${refused.join('')}\n`,
    );
    if (!complete)
      process.stderr.write('The read models are not up to date: is a projector running (npm run project)?\n');
    if (!counts.complete) process.stderr.write('Stopped before the end; the same command goes on where it stopped.\n');
  });
}
