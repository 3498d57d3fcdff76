/**
 * The import of real orders from a CSV file of order lines. First the whole file is read and every line is
 * either accepted or rejected with a reason; only then anything is sent to the shop, so that a file that
 * cannot be used leaves no trace. The rules for a line are in order-line.ts, for an order in orders.ts.
 *
 * What it derives: order ids `INV-<InvoiceNo>`; addresses at example.com; a listing (category "Imported") for
 * products that are not listed yet, those that are stay as they are; opening stock of just the units that
 * these orders sell, received batch by batch. Names and countries of more than 500 characters are cut.
 */
import type { HandlingPolicy } from '../events/events.ts';
import { ShopError } from '../ports/errors.ts';
import type { Command, Outcome, PlaceOrder, Shop } from '../shop/commands.ts';
import { fingerprintOf } from '../shop/identity.ts';
import { inspect, type CsvFile } from './csv-file.ts';
import { encodingNamed } from './encoding.ts';
import { isLeftOut, type FileFormat, type RejectReason } from './format.ts';
import { invoicesOf, listingsOf, productsOf, receiptsOf, type Invoice, type Product } from './orders.ts';
import { readFileLines, type FileLines } from './read.ts';
import { RejectsFile } from './rejects.ts';

/** Orders in one request, and the lines in them: an order may have thousands. */
const BATCH_ORDERS_MAX = 1_000;
const BATCH_LINES_MAX = 10_000;
/** Order ids in one look-up. */
const LOOK_UP_SIZE = 1_000;

/** `note` says what is being done: done and total are bytes while reading, and orders while importing. */
export type OnProgress = (done: number, total: number | null, note?: string) => void;

export interface ReadOptions {
  /** Path of the CSV file. */
  readonly file: string;
  readonly format: FileFormat;
  /** How the orders are drawn for handling, in their own time; null: not at all. */
  readonly handling: HandlingPolicy | null;
  readonly onProgress?: OnProgress;
}

/** A file that was read, and the orders that it makes. Nothing was written so far. */
export interface Plan {
  readonly file: CsvFile;
  readonly format: FileFormat;
  readonly lines: FileLines;
  /** In the order of time. */
  readonly invoices: readonly Invoice[];
  readonly products: ReadonlyMap<string, Product>;
}

/** Reads the file. Throws BAD_INPUT for a file or a layout that cannot be used, or that can be read in two ways. */
export async function readOrders({ file: path, format, handling, onProgress }: ReadOptions): Promise<Plan> {
  const file = await inspect(path, format.encoding === undefined ? null : encodingNamed(format.encoding));
  const lines = await readFileLines(file, format, (done, total) => onProgress?.(done, total, 'reading'));
  const { invoices, rejected } = invoicesOf(lines.byInvoice, { currency: format.currency, handling });
  for (const { reason, fileLines } of rejected) for (const line of fileLines) lines.rejected.set(line, reason);
  return { file, format, lines, invoices, products: productsOf(lines.byInvoice) };
}

export interface SendOptions {
  readonly shop: Shop;
  /** The log's currency; when absent the shop's answers tell. */
  readonly logCurrency?: string;
  /** Where the rejected lines go; a free name beside the file when absent. */
  readonly rejectsFile?: string;
  /**
   * The fingerprints of those of these orders that are in the log already (null: placed without one). Best
   * asked of read models that have caught up; an order that it misses is recognised by the shop all the same.
   */
  readonly existing: (orderIds: readonly string[]) => Promise<ReadonlyMap<string, string | null>>;
  readonly onProgress?: OnProgress;
  /** Stops after the batch in hand. */
  readonly signal?: AbortSignal;
}

export interface ImportResult {
  /** Invoices that made an order, whether it was placed now or before. */
  invoices: number;
  /** Orders that are in the log now and were not before. */
  ordersPlaced: number;
  /** Orders that were there already, with the same content. */
  duplicates: number;
  /** Products in accepted lines. */
  products: number;
  /** Rows after the header. Each is accepted, left out or rejected. */
  linesRead: number;
  linesAccepted: number;
  /** Lines by reason, those that a rule leaves out among them. */
  rejected: Partial<Record<RejectReason, number>>;
  /** Where these lines are; null when there are none. */
  rejectsFile: string | null;
  /** Units that were received for orders which the shop then refused. */
  unitsLeft: number;
  /** The first and the last instant of the orders placed, epoch ms; null of none. */
  from: number | null;
  to: number | null;
  /** Total of the orders placed, in minor units. */
  sales: number;
  /** False when it was stopped before the end. */
  complete: boolean;
}

/**
 * Sends the orders of a plan. Throws BAD_INPUT for a currency or a rejects file that cannot be used;
 * and whatever the shop throws: then the same import again goes on where this one ended.
 */
export async function sendOrders(plan: Plan, options: SendOptions): Promise<ImportResult> {
  const { file, layout, rejected } = { ...plan, ...plan.lines };
  await assertCurrency(plan, options);
  const rejects = await RejectsFile.create(options.rejectsFile ?? null, file.path);
  try {
    const run = new Import(plan, options);
    await run.sortOut();
    const write = (): Promise<void> =>
      rejects.write(file, layout, rejected, (done) => options.onProgress?.(done, file.bytes, 'writing rejects'));
    if (rejected.size > 0) {
      await write();
      // Refused before anything is sent: what stands there may be what a person has mended.
      await rejects.assertFree();
    }
    const known = rejected.size;
    let rejectsFile: string | null = null;
    try {
      await run.submit();
    } finally {
      // Also after a failure in the middle: what the shop has refused until then must not be lost.
      if (rejected.size > known) await write();
      if (rejected.size > 0) rejectsFile = await rejects.publish();
    }
    return run.result(rejectsFile);
  } finally {
    await rejects.discard();
  }
}

/** Writes the rejects of a plan of which nothing can be sent; resolves to where they are. Throws BAD_INPUT. */
export async function writeRejects({ file, lines }: Plan, rejectsFile: string | null): Promise<string> {
  const rejects = await RejectsFile.create(rejectsFile, file.path);
  try {
    await rejects.write(file, lines.layout, lines.rejected);
    await rejects.assertFree();
    return await rejects.publish();
  } finally {
    await rejects.discard();
  }
}

class Import {
  readonly #plan: Plan;
  readonly #options: SendOptions;
  readonly #totals = { ordersPlaced: 0, duplicates: 0, sales: 0, unitsLeft: 0, complete: true };
  /** Those that can be in the log with this content. */
  readonly #invoices: Invoice[] = [];
  /** Those of them that are not yet. */
  readonly #missing = new Set<Invoice>();
  #span: { from: number; to: number } | null = null;

  constructor(plan: Plan, options: SendOptions) {
    this.#plan = plan;
    this.#options = options;
  }

  /** Looks which orders are to be placed; the others are duplicates or rejected. */
  async sortOut(): Promise<void> {
    const { existing, onProgress } = this.#options;
    const { invoices } = this.#plan;
    for (let start = 0; start < invoices.length; start += LOOK_UP_SIZE) {
      const some = invoices.slice(start, start + LOOK_UP_SIZE);
      const known = await existing(some.map(({ order }) => order.orderId));
      for (const invoice of some) {
        const fingerprint = known.get(invoice.order.orderId);
        const isThere = fingerprint !== undefined;
        if (isThere && !isSame(invoice.order, fingerprint)) {
          this.#reject(invoice.fileLines, 'conflict');
          continue;
        }
        this.#invoices.push(invoice);
        if (isThere) this.#totals.duplicates++;
        else this.#missing.add(invoice);
      }
      onProgress?.(start + some.length, invoices.length, 'looking up');
    }
  }

  async submit(): Promise<void> {
    const { shop, onProgress, signal } = this.#options;
    const { products, format } = this.#plan;
    if (this.#missing.size === 0) return;
    const listed = new Set((await shop.catalogue()).map(({ productId }) => productId));
    const { currency } = format;
    const isListed = (productId: string): boolean => listed.has(productId);
    const listings = listingsOf([...this.#missing], products, { currency, isListed });
    for (let done = 0; done < listings.length; done += BATCH_ORDERS_MAX) {
      await this.#send(listings.slice(done, done + BATCH_ORDERS_MAX), assertTaken);
      onProgress?.(Math.min(done + BATCH_ORDERS_MAX, listings.length), listings.length, 'listing products');
    }
    let done = 0;
    for (const batch of batchesOf(this.#invoices)) {
      const missing = batch.filter((invoice) => this.#missing.has(invoice));
      if (missing.length === 0) continue;
      if (signal?.aborted === true) {
        this.#totals.complete = false;
        return;
      }
      // A receipt that conflicts was sent by an import that was cut off within this batch; it brought the units of
      // every order that was missing then, which are at least those that are missing now.
      await this.#send(receiptsOf(batch, missing), (outcome) => {
        if (outcome.status !== 'refused' || outcome.reason !== 'CONFLICT') assertTaken(outcome);
      });
      await this.#send(
        missing.map(({ order }) => order),
        (outcome, index) => this.#count(missing[index] as Invoice, outcome),
      );
      done += missing.length;
      onProgress?.(done, this.#missing.size, 'orders');
    }
  }

  async #send(commands: readonly Command[], settle: (outcome: Outcome, index: number) => void): Promise<void> {
    for (const [index, outcome] of (await this.#options.shop.submit(commands)).entries()) settle(outcome, index);
  }

  #count({ at, total, fileLines, order }: Invoice, outcome: Outcome): void {
    if (outcome.status === 'refused') {
      this.#totals.unitsLeft += order.lines.reduce((sum, { quantity }) => sum + quantity, 0);
      this.#reject(fileLines, outcome.reason === 'CONFLICT' ? 'conflict' : `refused: ${outcome.reason}`);
    } else if (outcome.status === 'duplicate') this.#totals.duplicates++;
    else {
      this.#totals.ordersPlaced++;
      this.#totals.sales += total;
      this.#span = { from: Math.min(this.#span?.from ?? at, at), to: Math.max(this.#span?.to ?? at, at) };
    }
  }

  #reject(fileLines: readonly number[], reason: RejectReason): void {
    for (const line of fileLines) this.#plan.lines.rejected.set(line, reason);
  }

  result(rejectsFile: string | null): ImportResult {
    const { lines, products, invoices } = this.#plan;
    const { rejected, linesRead } = lines;
    return {
      ...this.#totals,
      invoices: invoices.length,
      products: products.size,
      linesRead,
      linesAccepted: linesRead - rejected.size,
      rejected: byReason(rejected),
      rejectsFile,
      from: this.#span?.from ?? null,
      to: this.#span?.to ?? null,
    };
  }
}

/** Lines by reason; those that a rule leaves out come first. */
export function byReason(rejected: ReadonlyMap<number, RejectReason>): Partial<Record<RejectReason, number>> {
  const counts = new Map<RejectReason, number>();
  for (const reason of rejected.values()) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const sorted = [...counts].sort(([a], [b]) => Number(isLeftOut(b)) - Number(isLeftOut(a)));
  return Object.fromEntries(sorted);
}

/** What is sent together. The borders follow from the file alone, not from what is in the log already. */
function* batchesOf(invoices: readonly Invoice[]): Generator<Invoice[]> {
  let batch: Invoice[] = [];
  let lines = 0;
  for (const invoice of invoices) {
    const own = invoice.order.lines.length;
    if (batch.length === BATCH_ORDERS_MAX || (batch.length > 0 && lines + own > BATCH_LINES_MAX)) {
      yield batch;
      batch = [];
      lines = 0;
    }
    batch.push(invoice);
    lines += own;
  }
  if (batch.length > 0) yield batch;
}

/** Whether the order in the log asked for the same. That it was not to be handled then does not make it another. */
function isSame(order: PlaceOrder, fingerprint: string | null): boolean {
  return fingerprint === fingerprintOf(order) || fingerprint === fingerprintOf({ ...order, handling: null });
}

function assertTaken(outcome: Outcome): void {
  if (outcome.status !== 'refused') return;
  throw new ShopError('BAD_INPUT', `the shop does not take the products of the file: ${outcome.message}`);
}

async function assertCurrency({ file, format }: Plan, { shop, logCurrency }: SendOptions): Promise<void> {
  const found = logCurrency ?? (await shop.catalogue())[0]?.currency;
  if (found === undefined || found === format.currency) return;
  throw new ShopError(
    'BAD_INPUT',
    `${file.path} is in ${format.currency}, but the log is in ${found}; nothing was imported`,
  );
}
