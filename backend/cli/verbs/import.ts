/** `import`: real orders from a CSV of order lines. */
import { COLUMNS, type Column } from '../../importer/format.ts';
import { importOrders, type ImportResult } from '../../importer/import.ts';
import { dayOf } from '../../domain/calendar.ts';
import { formatAmount } from '../../domain/money.ts';
import { ShopError } from '../../ports/errors.ts';
import type { ReadModels } from '../../ports/read-models.ts';
import { collectionFor } from '../../queries/collections.ts';
import { liveCollections } from '../collections.ts';
import { IMPORT_POLICY } from '../handling.ts';
import { stopSignal } from '../run-until.ts';
import { readSettings } from '../settings.ts';
import { createLogger, progressBar } from '../terminal.ts';
import { withShop } from '../with-shop.ts';

interface Options {
  readonly columns?: string;
  readonly dateFormat?: string;
  readonly timeZone?: string;
  readonly currency?: string;
  readonly delimiter?: string;
  readonly handle: boolean;
  readonly rejects?: string;
}

export async function run(file: string, options: Options): Promise<void> {
  const settings = readSettings(process.env);
  const logger = createLogger('warn', 'import');
  const signal = stopSignal();
  const columns = options.columns === undefined ? {} : columnsOf(options.columns);
  const { dateFormat, delimiter, rejects } = options;
  // In a zone of its own the file says the same instants whatever TIME_ZONE is.
  const usesDays = options.timeZone === undefined;
  await withShop({ settings, logger, currency: options.currency ?? null, usesDays }, async (access) => {
    const { shop, connection } = access;
    const folding = progressBar('folding');
    // What is in the log already is best asked of read models that know all of it.
    await access.settled(folding, signal);
    const importing = progressBar('importing');
    const result = await importOrders({
      shop,
      file,
      format: {
        columns,
        timeZone: options.timeZone ?? settings.timeZone,
        currency: options.currency ?? connection.currency,
        ...(dateFormat === undefined ? {} : { dateFormat }),
        ...(delimiter === undefined ? {} : { delimiter }),
      },
      logCurrency: connection.currency,
      handling: options.handle ? IMPORT_POLICY : null,
      ...(rejects === undefined ? {} : { rejectsFile: rejects }),
      existing: (orderIds) => fingerprintsOf(connection.models, orderIds),
      onProgress: (done, total, note) => importing.update(done, total, note),
      signal,
    });
    importing.stop();
    const settled = await access.settled(folding, signal);
    folding.stop();
    process.stdout.write(summary(result, connection.currency, options.timeZone ?? settings.timeZone));
    if (!settled)
      process.stderr.write('The read models are not up to date: is a projector running (npm run project)?\n');
    if (!result.complete) process.stderr.write('Stopped before the end; the same command goes on where it stopped.\n');
  });
}

/** "InvoiceNo=Invoice,UnitPrice=Price" */
function columnsOf(text: string): Partial<Record<Column, string>> {
  const columns: Partial<Record<Column, string>> = {};
  for (const pair of text.split(',')) {
    const [ours = '', theirs = ''] = pair.split('=').map((each) => each.trim());
    const column = COLUMNS.find((each) => each === ours);
    if (column === undefined || theirs === '') {
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

function summary(result: ImportResult, currency: string, zone: string): string {
  const { from, to, rejected } = result;
  const span = from === null || to === null ? '' : `, ${dayOf(from, zone)} to ${dayOf(to, zone)}`;
  const lines = [
    `${result.ordersPlaced} new orders of ${result.invoices} invoices${span}; ${result.duplicates} were there already`,
    `${result.linesAccepted} of ${result.linesRead} lines accepted, ${result.products} products, ${formatAmount(result.sales, currency)}`,
    ...Object.entries(rejected).map(([reason, count]) => `  ${String(count).padStart(7)} rejected: ${reason}`),
  ];
  if (result.rejectsFile !== null) lines.push(`Rejected lines, with number and reason: ${result.rejectsFile}`);
  return `${lines.join('\n')}\n`;
}
