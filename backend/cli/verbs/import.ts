/** `import`: real orders from a CSV of order lines. */
import { COLUMNS, isLeftOut, type Column, type FileFormat, type RejectReason } from '../../importer/format.ts';
import { byReason, readOrders, sendOrders, writeRejects, type ImportResult, type Plan } from '../../importer/import.ts';
import type { DecimalSign } from '../../importer/numbers.ts';
import { dayOf, localTime } from '../../domain/calendar.ts';
import { formatAmount, minorDigits } from '../../domain/money.ts';
import { ShopError } from '../../ports/errors.ts';
import type { ReadModels } from '../../ports/read-models.ts';
import { collectionFor } from '../../queries/collections.ts';
import { liveCollections } from '../collections.ts';
import type { Connection } from '../connect.ts';
import { IMPORT_POLICY } from '../handling.ts';
import { stopSignal } from '../run-until.ts';
import { readSettings, type Settings } from '../settings.ts';
import { createLogger, EXIT_FAILED, EXIT_INTERRUPTED, progressBar } from '../terminal.ts';
import { unitOfLog, withShop } from '../with-shop.ts';

interface Options {
  readonly columns?: string;
  readonly dateFormat?: string;
  readonly decimal?: DecimalSign;
  readonly timeZone?: string;
  readonly currency?: string;
  readonly delimiter?: string;
  readonly encoding?: string;
  readonly handle: boolean;
  readonly rejects?: string;
  readonly dryRun: boolean;
}

/** Orders that a dry run shows. */
const SHOWN_ORDERS_MAX = 5;

export async function run(file: string, options: Options): Promise<void> {
  const settings = readSettings(process.env);
  const { rejects } = options;
  const logger = createLogger('warn', 'import');
  // In a zone of its own the file says the same instants whatever TIME_ZONE is.
  const usesDays = options.timeZone === undefined;
  const unit = await unitOfLog({ settings, logger, currency: options.currency ?? settings.currency, usesDays });
  // The whole file comes first: one that cannot be used leaves nothing behind, not even an empty log.
  const reading = progressBar('reading');
  const plan = await readOrders({
    file,
    format: formatOf(options, settings, unit),
    handling: options.handle ? IMPORT_POLICY : null,
    onProgress: (done, total, note) => reading.update(done, total, note),
  });
  reading.stop();
  process.stdout.write(readingOf(plan));
  for (const warning of plan.lines.warnings) process.stderr.write(`warning: ${warning}\n`);
  if (options.dryRun) {
    process.stdout.write(`${firstOrders(plan)}${reasonsOf(byReason(plan.lines.rejected))}Nothing was imported.\n`);
    if (plan.invoices.length === 0) process.exitCode = EXIT_FAILED;
    return;
  }
  if (plan.invoices.length === 0) {
    const where = plan.lines.rejected.size === 0 ? null : await writeRejects(plan, rejects ?? null);
    process.stdout.write(reasonsOf(byReason(plan.lines.rejected)));
    const why = where === null ? 'it has no lines' : `each line is in ${where}, with its reason`;
    process.stderr.write(`error: no order can be made of ${file}: ${why}. Nothing was imported.\n`);
    process.exitCode = EXIT_FAILED;
    return;
  }
  const signal = stopSignal();
  await withShop({ settings, logger, currency: plan.format.currency, usesDays }, async (access) => {
    const { shop, connection } = access;
    const folding = progressBar('folding');
    // What is in the log already is best asked of read models that know all of it.
    await access.settled(folding, signal);
    const importing = progressBar('importing');
    const result = await sendOrders(plan, {
      shop,
      logCurrency: connection.currency,
      ...(rejects === undefined ? {} : { rejectsFile: rejects }),
      existing: (orderIds) => fingerprintsOf(connection.models, orderIds),
      onProgress: (done, total, note) => importing.update(done, total, note),
      signal,
    });
    importing.stop();
    const settled = await access.settled(folding, signal);
    folding.stop();
    process.stdout.write(summary(result, plan));
    if (!settled && result.complete)
      process.stderr.write('The read models are not up to date: is a projector running (npm run project)?\n');
    if (!result.complete) {
      process.stderr.write('Stopped before the end; the same command goes on where it stopped.\n');
      process.exitCode = EXIT_INTERRUPTED;
    } else if (result.ordersPlaced + result.duplicates === 0) process.exitCode = EXIT_FAILED;
  });
}

function formatOf(
  options: Options,
  { timeZone }: Settings,
  unit: Pick<Connection, 'currency' | 'minorDigits'>,
): FileFormat {
  const { dateFormat, decimal, delimiter, encoding } = options;
  return {
    columns: options.columns === undefined ? {} : columnsOf(options.columns),
    timeZone: options.timeZone ?? timeZone,
    currency: unit.currency,
    minorDigits: unit.minorDigits,
    ...(dateFormat === undefined ? {} : { dateFormat }),
    ...(decimal === undefined ? {} : { decimal }),
    ...(delimiter === undefined ? {} : { delimiter }),
    ...(encoding === undefined ? {} : { encoding }),
  };
}

/** "InvoiceNo=Invoice,UnitPrice=Price": a comma or "=" within a name is part of it unless one of our names follows. */
function columnsOf(text: string): Partial<Record<Column, string>> {
  const columns: Partial<Record<Column, string>> = {};
  for (const pair of text.split(new RegExp(`,(?=\\s*(?:${COLUMNS.join('|')})\\s*=)`))) {
    const at = pair.indexOf('=');
    const column = COLUMNS.find((each) => each === pair.slice(0, at).trim());
    const theirs = pair.slice(at + 1).trim();
    if (at === -1 || column === undefined || theirs === '') {
      throw new ShopError('BAD_INPUT', `--columns: "${pair}" is not NAME=THEIRS with a NAME of ${COLUMNS.join(', ')}`);
    }
    columns[column] = theirs;
  }
  return columns;
}

async function fingerprintsOf(models: ReadModels, orderIds: readonly string[]): Promise<Map<string, string | null>> {
  const found = await models.merged(collectionFor(await liveCollections(models), 'orders'), orderIds);
  return new Map(
    found
      .filter(({ parts }) => parts['placed'] !== undefined)
      .map(({ id, parts }) => [id, (parts['placed']?.fields['fingerprint'] ?? null) as string | null]),
  );
}

const DELIMITER_NAMES: Readonly<Record<string, string>> = {
  ',': 'commas',
  ';': 'semicolons',
  '\t': 'tabs',
  '|': 'bars',
};

/** The first line: how the file is read. */
function readingOf({ file, format, lines }: Plan): string {
  const { layout, reading } = lines;
  const { delimiter, headerLine } = layout;
  const parts = [
    `${file.encoding}${format.encoding === undefined && isOldCodePage(file.encoding) ? ' (taken for that; --encoding says otherwise)' : ''}`,
    `separated by ${DELIMITER_NAMES[delimiter] ?? `"${delimiter}"`}`,
    ...(headerLine === 1 ? [] : [`names of columns in line ${headerLine}`]),
    ...reading.notes,
    `times of ${format.timeZone}`,
    format.currency,
  ];
  return `${file.path}: ${parts.join(', ')}\n`;
}

function isOldCodePage(encoding: string): boolean {
  return !encoding.startsWith('utf');
}

function firstOrders({ invoices, format, lines }: Plan): string {
  const shown = invoices.slice(0, SHOWN_ORDERS_MAX).map(({ order, at, total }) => {
    const items = order.lines.map(({ productId, quantity }) => `${quantity} × ${productId}`).join(', ');
    const who = `${order.customer.name}${order.customer.country === '' ? '' : `, ${order.customer.country}`}`;
    const amount = amountText(total, format);
    return `  ${order.orderId}  ${localTime(at, format.timeZone)}  ${amount}  ${who}  ${items.slice(0, 80)}`;
  });
  const counts = `${invoices.length} orders of ${lines.linesRead} lines`;
  return `${counts}${invoices.length > 0 ? '; the first ones:' : ''}\n${shown.map((each) => `${each}\n`).join('')}`;
}

function amountText(amount: number, { currency, minorDigits: digits }: FileFormat): string {
  return formatAmount(amount, currency, digits ?? minorDigits(currency));
}

function reasonsOf(counts: Partial<Record<RejectReason, number>>): string {
  return Object.entries(counts)
    .map(([reason, count]) => {
      const what = isLeftOut(reason as RejectReason) ? 'left out' : 'rejected';
      return `  ${String(count).padStart(7)} ${what}: ${reason}\n`;
    })
    .join('');
}

function summary(result: ImportResult, { format, lines }: Plan): string {
  const { timeZone } = format;
  const { from, to, rejected } = result;
  const span = from === null || to === null ? '' : `, ${dayOf(from, timeZone)} to ${dayOf(to, timeZone)}`;
  const text = [
    `${result.ordersPlaced} new orders of ${result.invoices} invoices${span}; ${result.duplicates} were there already\n`,
    `${result.linesAccepted} of ${result.linesRead} lines accepted, ${result.products} products, ${amountText(result.sales, format)}\n`,
    reasonsOf(rejected),
  ];
  if (result.unitsLeft > 0) text.push(`${result.unitsLeft} units of orders that the shop refused stay in stock.\n`);
  if (result.rejectsFile !== null) {
    const same = ['--delimiter ,', ...lines.reading.options].join(' ');
    text.push(
      `These lines, with number and reason: ${result.rejectsFile}\n`,
      `Once mended, import that file with the options of this one and ${same}\n`,
    );
  }
  return text.join('');
}
