/** `explain`: the events that a number is made of, and whether the read models say the same. Exit code 1 if not. */
import Table from 'cli-table3';
import colors from 'picocolors';
import { localTime } from '../../domain/calendar.ts';
import { BEYOND, beyondText, orNull } from '../../domain/exact.ts';
import { formatAmount } from '../../domain/money.ts';
import { explain, type Explanation } from '../../explain/explain.ts';
import { systemClock } from '../../ports/clock.ts';
import { ShopError } from '../../ports/errors.ts';
import { readFigure } from '../../queries/figures.ts';
import type { SpanFigureName } from '../../queries/span.ts';
import { stockAsOf, type StockBalance } from '../../queries/stock.ts';
import { liveCollections } from '../collections.ts';
import { connect, type Connection } from '../connect.ts';
import { nearest } from '../nearest.ts';
import { stopSignal } from '../run-until.ts';
import { readSettings, type Settings } from '../settings.ts';
import { spanOf, type Span, type SpanGiven } from '../span.ts';
import { createLogger, EXIT_FAILED, progressBar } from '../terminal.ts';

interface Options extends SpanGiven {
  readonly product?: string;
  readonly all: boolean;
  readonly json: boolean;
}

/** What each figure is called, and whether it is of one product. */
const FIGURES: Readonly<Record<SpanFigureName, { readonly of: string; readonly ofProduct: boolean }>> = {
  orders: { of: 'Orders', ofProduct: false },
  sales: { of: 'Sales', ofProduct: false },
  handled: { of: 'Handled orders', ofProduct: false },
  units: { of: 'Units sold', ofProduct: true },
  stock: { of: 'Stock', ofProduct: true },
};
const SHOWN_EVENTS_MAX = 50;
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

export async function run(name: string, options: Options): Promise<void> {
  const figure = figureOf(name, options);
  const settings = readSettings(process.env);
  const span = spanOf(options, settings.timeZone, systemClock.now());
  assertWhole(figure, span);
  const connection = await connect(settings, 'read', createLogger(settings.logLevel, 'explain'));
  const progress = progressBar('reading the log');
  try {
    const { log, models } = connection;
    const product = options.product === undefined ? null : await productOf(options.product, connection, settings);
    const explanation = await explain({
      log,
      models,
      figure,
      ...span,
      productId: product?.productId ?? null,
      timeZone: settings.timeZone,
      collections: await liveCollections(models),
      eventsMax: options.all ? Infinity : SHOWN_EVENTS_MAX,
      onProgress: (done, total) => progress.update(done, total),
      signal: stopSignal(),
    });
    progress.stop();
    const text = options.json
      ? JSON.stringify({ ...explanation, sum: orNull(explanation.sum), readModels: orNull(explanation.readModels) })
      : render(explanation, settings.timeZone, connection, product);
    process.stdout.write(`${text}\n`);
    if (!explanation.equal) process.exitCode = EXIT_FAILED;
  } finally {
    progress.stop();
    await connection.close();
  }
}

/** Throws BAD_INPUT for what is no figure, and for a product too many or too few. */
function figureOf(name: string, { product }: Options): SpanFigureName {
  const known = Object.keys(FIGURES);
  const found = FIGURES[name as SpanFigureName] as (typeof FIGURES)[SpanFigureName] | undefined;
  if (found === undefined || !known.includes(name)) {
    const near = nearest(name, known);
    const meant = near === null ? '' : ` Did you mean ${near}?`;
    throw new ShopError('BAD_INPUT', `there is no figure "${name}"; there are ${known.join(', ')}.${meant}`);
  }
  if (found.ofProduct && product === undefined) {
    throw new ShopError('BAD_INPUT', `${name} is of one product: say which by --product`);
  }
  if (!found.ofProduct && product !== undefined) {
    throw new ShopError('BAD_INPUT', `${name} is of all products: leave --product out, or ask for units or stock`);
  }
  return name as SpanFigureName;
}

/** Read models count by the second, what is of products by the minute. */
function assertWhole(figure: SpanFigureName, { from, to }: Span): void {
  const { ofProduct } = FIGURES[figure];
  const unit = ofProduct ? MINUTE_MS : SECOND_MS;
  if (from % unit === 0 && to % unit === 0) return;
  const whole = ofProduct ? 'minutes' : 'seconds';
  throw new ShopError('BAD_INPUT', `${figure} is kept by ${whole}: give --from and --to in whole ${whole}`);
}

/** A product by its id, or by its name. Throws BAD_INPUT with the nearest one. */
async function productOf(text: string, { models }: Connection, { timeZone }: Settings): Promise<StockBalance> {
  const options = { at: systemClock.now(), timeZone, collections: await liveCollections(models) };
  const { value } = await readFigure(models, options, ['products', 'movements', 'soldToday'], (documents) =>
    stockAsOf(documents, options),
  );
  const isNamed = ({ name }: StockBalance): boolean => name.toLowerCase() === text.toLowerCase();
  const found = value.find(({ productId }) => productId === text) ?? value.find(isNamed);
  if (found !== undefined) return found;
  if (value.length === 0) throw new ShopError('BAD_INPUT', `there is no product "${text}": there is none at all yet`);
  const near = nearest(
    text,
    value.flatMap(({ productId, name }) => [productId, name]),
  );
  const meant = value.find(({ productId, name }) => productId === near || name === near);
  const hint = meant === undefined ? 'npm run stats lists them' : `did you mean ${meant.productId} (${meant.name})?`;
  throw new ShopError('BAD_INPUT', `there is no product "${text}"; ${hint}`);
}

function render(
  found: Explanation,
  timeZone: string,
  { currency, minorDigits }: Connection,
  product: StockBalance | null,
): string {
  const { figure, from, to, count, sum, projection, events } = found;
  const shown = (amount: number): string =>
    figure === 'sales' ? formatAmount(amount, currency, minorDigits) : String(amount);
  const local = (instant: string): string => localTime(Date.parse(instant), timeZone);
  const of = product === null ? '' : ` of ${product.productId} (${product.name})`;
  const span = from === null ? `before ${local(to)}` : `from ${local(from)} to ${local(to)}`;
  const head = `${colors.bold(FIGURES[figure].of + of)} ${span} ${timeZone}`;
  const right = (content: string): { content: string; hAlign: 'right' } => ({ content, hAlign: 'right' });
  const table = new Table({ head: ['Time', 'Event', 'Order or product', 'Adds', ''], style: { head: [], border: [] } });
  for (const { topic, partition, offset, at, id, adds, source } of events) {
    const place = `${topic}/${partition}:${offset}`;
    table.push([local(at), place, id, right(shown(adds)), source === 'live' ? '' : source]);
  }
  const more = count > events.length ? [`… and ${count - events.length} more (--all)`] : [];
  const counted = count === 1 ? '1 event adds' : `${count} events add`;
  const added =
    sum === BEYOND ? colors.red(beyondText(`The sum of ${count} events`)) : `${counted} up to ${shown(sum)}`;
  return [
    head,
    ...(events.length === 0 ? [] : [table.toString()]),
    ...more,
    added,
    `The read model ${projection} at the same position: ${saidOf(found, shown)}`,
  ].join('\n');
}

/** What the read model says, and whether the log says so, too. */
function saidOf({ sum, readModels, projection, equal }: Explanation, shown: (amount: number) => string): string {
  const mend = `npm run replay -- ${projection}`;
  if (sum === BEYOND)
    return readModels === BEYOND ? 'neither' : colors.red(`${shown(readModels)}, which is not exact: ${mend}`);
  if (readModels === BEYOND) return colors.red(`none can be given: ${mend}`);
  const verdict = equal ? colors.green('equal') : colors.red(`they differ by ${shown(readModels - sum)}: ${mend}`);
  return `${shown(readModels)}, ${verdict}`;
}
