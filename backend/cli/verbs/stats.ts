/** `stats`: every figure of the mission, as of now or of any instant. */
import Table from 'cli-table3';
import colors from 'picocolors';
import { localTime } from '../../domain/calendar.ts';
import { BEYOND, orNull, type Sum } from '../../domain/exact.ts';
import { formatAmount } from '../../domain/money.ts';
import { systemClock } from '../../ports/clock.ts';
import { readStats, STATS_PROJECTIONS, ungivenIn, type Stats, type Ungiven } from '../../queries/stats.ts';
import { readView } from '../../queries/views.ts';
import { liveCollections } from '../collections.ts';
import { connect, type Connection } from '../connect.ts';
import { stopSignal } from '../run-until.ts';
import { readSettings, type Settings } from '../settings.ts';
import { instantOf } from '../span.ts';
import { createLogger, EXIT_FAILED } from '../terminal.ts';
import { ShopError } from '../../ports/errors.ts';

const WATCH_INTERVAL_MS = 1_000;
/** In place of a figure that cannot be given; why stands below. */
const UNGIVEN = '–';

interface Options {
  readonly at?: string;
  readonly view?: string;
  readonly json: boolean;
  readonly watch: boolean;
}

export async function run(options: Options): Promise<void> {
  const settings = readSettings(process.env);
  const at = options.at === undefined ? null : instantOf('--at', options.at, settings.timeZone);
  if (options.watch && (at !== null || options.view !== undefined)) {
    throw new ShopError('BAD_INPUT', '--watch follows the present; leave --at and --view out');
  }
  const connection = await connect(settings, 'read', createLogger(settings.logLevel, 'stats'));
  const { view } = options;
  const read = (): Promise<Shown> =>
    view === undefined
      ? statsOf(connection, settings, at ?? systemClock.now())
      : statsOfView(connection, settings, view, at);
  const print = async (): Promise<void> => {
    const stats = await read();
    const ungiven = ungivenIn(stats);
    const text = options.json ? JSON.stringify(forPrograms(stats, ungiven)) : render(stats, connection, ungiven);
    if (ungiven.length > 0) process.exitCode = EXIT_FAILED;
    if (options.watch && !options.json && process.stdout.isTTY) process.stdout.write('\x1b[H\x1b[J');
    process.stdout.write(`${text}\n`);
  };
  try {
    const signal = options.watch ? stopSignal() : null;
    await print();
    while (signal !== null && !signal.aborted) {
      await systemClock.until(systemClock.now() + WATCH_INTERVAL_MS, signal);
      if (!signal.aborted) await print();
    }
  } finally {
    await connection.close();
  }
}

/** `view`: the view that they are from. */
type Shown = Stats & { readonly view?: { readonly name: string; readonly until: string } };

async function statsOf({ models, currency }: Connection, { timeZone }: Settings, at: number): Promise<Shown> {
  return readStats(models, { at, timeZone, currency, collections: await liveCollections(models) });
}

/** As of the view's own instant when none is given. */
function statsOfView(
  { models, currency }: Connection,
  { timeZone }: Settings,
  name: string,
  at: number | null,
): Promise<Shown> {
  return readView(models, name, STATS_PROJECTIONS, async ({ asOf, until }, collections) => {
    const stats = await readStats(models, { at: at ?? asOf, timeZone, currency, collections });
    const text = until.kind === 'instant' ? new Date(until.at).toISOString() : until.text;
    return { ...stats, view: { name, until: text } };
  });
}

/** Null for what cannot be given; `errors` says why. */
function forPrograms(stats: Shown, errors: readonly Ungiven[]): object {
  const { salesToday, salesLastHour, stock } = stats;
  return {
    ...stats,
    salesToday: orNull(salesToday),
    salesLastHour: orNull(salesLastHour),
    stock: stock.map((product) => ({
      ...product,
      balance: orNull(product.balance),
      opening: orNull(product.opening),
      soldToday: orNull(product.soldToday),
    })),
    errors,
  };
}

function render(stats: Shown, { description, minorDigits }: Connection, ungiven: readonly Ungiven[]): string {
  const { currency, timeZone, view } = stats;
  const money = (amount: Sum): string => (amount === BEYOND ? UNGIVEN : formatAmount(amount, currency, minorDigits));
  const from = view === undefined ? '' : `, from the view "${view.name}" (the log up to ${view.until})`;
  const head = `${colors.bold('Shopstream')} as of ${localTime(Date.parse(stats.at), timeZone)} ${timeZone}${from}\n${colors.dim(description)}`;
  const figures = new Table({ style: { head: [], border: [] } });
  figures.push(
    ['Orders since 00:00', { content: String(stats.ordersToday), hAlign: 'right' }],
    ['Sales today', { content: money(stats.salesToday), hAlign: 'right' }],
    ['Sales, last hour', { content: money(stats.salesLastHour), hAlign: 'right' }],
    ['Handled today', { content: String(stats.handledToday), hAlign: 'right' }],
    ['Handled, last 5 min', { content: String(stats.handledLast5m), hAlign: 'right' }],
    ['Handled, last 30 min', { content: String(stats.handledLast30m), hAlign: 'right' }],
    ['Handled, last hour', { content: String(stats.handledLast1h), hAlign: 'right' }],
    ['Handled, last 2 hours', { content: String(stats.handledLast2h), hAlign: 'right' }],
    ['Average for each 5 min over 2 h', { content: stats.handledPer5mAverage.toFixed(2), hAlign: 'right' }],
    ['Open orders', { content: String(stats.openOrders), hAlign: 'right' }],
  );
  const intervals = `Handled in each 5 min, oldest first: ${stats.handledPer5m.join(' ')}`;
  const stock = new Table({ head: ['Product', 'Name', 'In stock'], style: { head: [], border: [] } });
  for (const { productId, name, balance } of stats.stock) {
    stock.push([productId, name, { content: balanceText(balance), hAlign: 'right' }]);
  }
  const stocked = stats.stock.length === 0 ? 'No product is listed yet.' : stock.toString();
  const why = ungiven.map(({ message }) => `${colors.red(message)}\n`).join('');
  return `${head}\n${figures.toString()}\n${why}${intervals}\n${stocked}`;
}

function balanceText(balance: Sum): string {
  if (balance === BEYOND) return UNGIVEN;
  return balance === 0 ? 'sold out' : String(balance);
}
