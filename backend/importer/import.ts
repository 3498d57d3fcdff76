/**
 * The import of real orders from a CSV file of order lines. First the whole file is read and every line is
 * either accepted or rejected with a reason; only then anything is sent to the shop, so that a file that
 * cannot be used leaves no trace. The rules for a line are in order-line.ts, for an order in orders.ts.
 *
 * What it derives: order ids `INV-<InvoiceNo>`; addresses at example.com; a listing (category "Imported") for
 * products that are not listed yet, those that are stay as they are; opening stock of just the units that
 * these orders sell. Names and countries of more than 500 characters are cut. All of it depends on the set
 * of the file's lines alone, not on their order, so that a second import adds nothing.
 */
import type { HandlingPolicy } from '../events/events.ts';
import { ShopError } from '../ports/errors.ts';
import type { Command, Outcome, PlaceOrder, Shop } from '../shop/commands.ts';
import { fingerprintOf } from '../shop/identity.ts';
import type { FileFormat, RejectReason } from './format.ts';
import { invoicesOf, openingOf, productsOf, type Invoice } from './orders.ts';
import { readFileLines, type FileLines } from './read.ts';
import { RejectsFile } from './rejects.ts';

/** Commands in one request, and the order lines in them: an order may have thousands. */
const BATCH_COMMANDS_MAX = 1_000;
const BATCH_LINES_MAX = 10_000;
/** Order ids in one look-up. */
const LOOK_UP_SIZE = 1_000;

export interface ImportOptions {
  readonly shop: Shop;
  /** Path of the CSV file. */
  readonly file: string;
  readonly format: FileFormat;
  /** The log's currency; when absent the shop's answers tell. */
  readonly logCurrency?: string;
  /** How the orders are drawn for handling, in their own time; null: not at all. */
  readonly handling: HandlingPolicy | null;
  /** `<file>.rejects.csv` when absent. */
  readonly rejectsFile?: string;
  /**
   * The fingerprints of those of these orders that are in the log already (null: placed without one). Best
   * asked of read models that have caught up; an order that it misses is recognised by the shop all the same.
   */
  readonly existing: (orderIds: readonly string[]) => Promise<ReadonlyMap<string, string | null>>;
  /** `note` says what is being done: done and total are bytes while reading, and orders while importing. */
  readonly onProgress?: (done: number, total: number | null, note?: string) => void;
  /** Stops after the request in hand. */
  readonly signal?: AbortSignal;
}

export interface ImportResult {
  /** Invoices with at least one accepted line. */
  invoices: number;
  /** Orders that are in the log now and were not before. */
  ordersPlaced: number;
  /** Orders that were there already, with the same content. */
  duplicates: number;
  /** Products in accepted lines. */
  products: number;
  /** Rows after the header. Each is accepted or rejected. */
  linesRead: number;
  linesAccepted: number;
  /** Lines by reason. */
  rejected: Partial<Record<RejectReason, number>>;
  /** Where the rejected lines are; null when there are none. */
  rejectsFile: string | null;
  /** The first and the last instant of the orders placed, epoch ms; null of none. */
  from: number | null;
  to: number | null;
  /** Total of the orders placed, in minor units. */
  sales: number;
  /** False when it was stopped before the end. */
  complete: boolean;
}

/**
 * Imports the file. Throws BAD_INPUT for a file, a layout, a currency or a rejects file that cannot be used;
 * and whatever the shop throws: then the same import again goes on where this one ended.
 */
export async function importOrders(options: ImportOptions): Promise<ImportResult> {
  const { file, format, onProgress } = options;
  await assertCurrency(options);
  const rejects = await RejectsFile.create(options.rejectsFile ?? `${file}.rejects.csv`, file);
  try {
    const lines = await readFileLines(file, format, (done, total) => onProgress?.(done, total, 'reading'));
    const run = new Import(options, lines);
    await run.sortOut();
    const write = (): Promise<void> =>
      rejects.write(lines.file, format.delimiter, lines.rejected, (done) =>
        onProgress?.(done, lines.file.bytes, 'writing rejects'),
      );
    if (lines.rejected.size > 0) await write();
    const known = lines.rejected.size;
    try {
      await run.submit();
    } finally {
      // Also after a failure in the middle: what the shop has refused until then must not be lost.
      if (lines.rejected.size > known) await write();
      await rejects.publish(lines.rejected.size === 0);
    }
    return run.result(rejects.path);
  } catch (error) {
    await rejects.discard();
    throw error;
  }
}

class Import {
  readonly #options: ImportOptions;
  readonly #lines: FileLines;
  readonly #totals = { ordersPlaced: 0, duplicates: 0, sales: 0, complete: true };
  readonly #products: ReturnType<typeof productsOf>;
  #invoices: Invoice[] = [];
  #span: { from: number; to: number } | null = null;

  constructor(options: ImportOptions, lines: FileLines) {
    this.#options = options;
    this.#lines = lines;
    this.#products = productsOf(lines.byInvoice);
  }

  /** Makes the orders and leaves those to be placed; the others are duplicates or rejected. */
  async sortOut(): Promise<void> {
    const { format, handling, existing, onProgress } = this.#options;
    const { invoices, rejected } = invoicesOf(this.#lines.byInvoice, { currency: format.currency, handling });
    for (const { reason, fileLines } of rejected) this.#reject(fileLines, reason);
    for (let start = 0; start < invoices.length; start += LOOK_UP_SIZE) {
      const some = invoices.slice(start, start + LOOK_UP_SIZE);
      const known = await existing(some.map(({ order }) => order.orderId));
      for (const invoice of some) {
        const fingerprint = known.get(invoice.order.orderId);
        if (fingerprint === undefined) this.#invoices.push(invoice);
        else if (isSame(invoice.order, fingerprint)) this.#totals.duplicates++;
        else this.#reject(invoice.fileLines, 'conflict');
      }
      onProgress?.(start + some.length, invoices.length, 'looking up');
    }
  }

  async submit(): Promise<void> {
    const { shop, format } = this.#options;
    const listed = new Set((await shop.catalogue()).map(({ productId }) => productId));
    const { currency } = format;
    const { digest } = this.#lines;
    const isListed = (productId: string): boolean => listed.has(productId);
    const { listings, receipts } = openingOf(this.#invoices, this.#products, { currency, digest, isListed });
    if (!(await this.#send(listings, 'listing products', (listing) => listing, assertTaken))) return;
    // A receipt that conflicts was sent by an import of this file that did not get to its end; it brought
    // the units of every order that was missing then, which are at least those that are missing now.
    const received = (_: Command, outcome: Outcome): void => {
      if (outcome.status !== 'refused' || outcome.reason !== 'CONFLICT') assertTaken(_, outcome);
    };
    if (!(await this.#send(receipts, 'opening stock', (receipt) => receipt, received))) return;
    await this.#send(
      this.#invoices,
      'orders',
      ({ order }) => order,
      (invoice, outcome) => this.#count(invoice, outcome),
    );
  }

  /** Sends in batches, one at a time and in order. Whether all of it was sent. */
  async #send<T>(
    items: readonly T[],
    note: string,
    commandOf: (item: T) => Command,
    settle: (item: T, outcome: Outcome) => void,
  ): Promise<boolean> {
    const { shop, signal, onProgress } = this.#options;
    let done = 0;
    while (done < items.length) {
      if (signal?.aborted === true) {
        this.#totals.complete = false;
        return false;
      }
      const batch: T[] = [];
      for (let lines = 0; done + batch.length < items.length && batch.length < BATCH_COMMANDS_MAX;) {
        const item = items[done + batch.length] as T;
        const command = commandOf(item);
        lines += command.type === 'PlaceOrder' ? command.lines.length : 1;
        if (batch.length > 0 && lines > BATCH_LINES_MAX) break;
        batch.push(item);
      }
      const outcomes = await shop.submit(batch.map(commandOf));
      for (const [index, outcome] of outcomes.entries()) settle(batch[index] as T, outcome);
      done += batch.length;
      onProgress?.(done, items.length, note);
    }
    return true;
  }

  #count({ at, total, fileLines }: Invoice, outcome: Outcome): void {
    if (outcome.status === 'refused') {
      this.#reject(fileLines, outcome.reason === 'CONFLICT' ? 'conflict' : `refused: ${outcome.reason}`);
    } else if (outcome.status === 'duplicate') this.#totals.duplicates++;
    else {
      this.#totals.ordersPlaced++;
      this.#totals.sales += total;
      this.#span = { from: Math.min(this.#span?.from ?? at, at), to: Math.max(this.#span?.to ?? at, at) };
    }
  }

  #reject(fileLines: readonly number[], reason: RejectReason): void {
    for (const line of fileLines) this.#lines.rejected.set(line, reason);
  }

  result(rejectsFile: string): ImportResult {
    const { rejected, linesRead, byInvoice } = this.#lines;
    const byReason: Partial<Record<RejectReason, number>> = {};
    for (const reason of rejected.values()) byReason[reason] = (byReason[reason] ?? 0) + 1;
    return {
      ...this.#totals,
      invoices: byInvoice.size,
      products: this.#products.size,
      linesRead,
      linesAccepted: linesRead - rejected.size,
      rejected: byReason,
      rejectsFile: rejected.size === 0 ? null : rejectsFile,
      from: this.#span?.from ?? null,
      to: this.#span?.to ?? null,
    };
  }
}

/** Whether the order in the log asked for the same. That it was not to be handled then does not make it another. */
function isSame(order: PlaceOrder, fingerprint: string | null): boolean {
  return fingerprint === fingerprintOf(order) || fingerprint === fingerprintOf({ ...order, handling: null });
}

function assertTaken(_: unknown, outcome: Outcome): void {
  if (outcome.status !== 'refused') return;
  throw new ShopError('BAD_INPUT', `the shop does not take the products of the file: ${outcome.message}`);
}

async function assertCurrency({ shop, format, logCurrency, file }: ImportOptions): Promise<void> {
  const found = logCurrency ?? (await shop.catalogue())[0]?.currency;
  if (found === undefined || found === format.currency) return;
  throw new ShopError(
    'BAD_INPUT',
    `${file} is in ${format.currency}, but the log is in ${found}; nothing was imported`,
  );
}
