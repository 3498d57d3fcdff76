/**
 * Sums made straight from a CSV of order lines, by the rules of the import and with none of its code: the
 * judge of what was imported.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';

export interface DaySums {
  orders: number;
  /** In minor units. */
  sales: number;
  units: Map<string, number>;
  amounts: Map<string, number>;
}

interface Line {
  readonly code: string;
  readonly quantity: number;
  readonly price: number;
  /** Local, "2010-12-01 08:26". */
  readonly at: string;
}

/** By local day, for files whose dates are like 12/1/10 8:26 or 2010-12-01 08:26:00. */
export function sumsOf(file: string): Map<string, DaySums> {
  const rows: Record<string, string>[] = parse(readFileSync(file), { columns: true, bom: true });
  const invoices = new Map<string, Line[]>();
  const unreadable = new Set<string>();
  for (const row of rows) {
    const { InvoiceNo = '' } = row;
    if (isLeftOut(row)) continue;
    const line = lineOf(row);
    if (line === null) unreadable.add(InvoiceNo);
    else invoices.set(InvoiceNo, [...(invoices.get(InvoiceNo) ?? []), line]);
  }
  // An order without a line that was on its invoice would be another order.
  for (const invoice of unreadable) invoices.delete(invoice);
  const days = new Map<string, DaySums>();
  for (const lines of invoices.values()) {
    const at = lines.map((line) => line.at).sort()[0] ?? '';
    const day = at.slice(0, 10);
    const sums = days.get(day) ?? {
      orders: 0,
      sales: 0,
      units: new Map<string, number>(),
      amounts: new Map<string, number>(),
    };
    sums.orders += 1;
    for (const { code, quantity, price } of lines) {
      sums.sales += quantity * price;
      sums.units.set(code, (sums.units.get(code) ?? 0) + quantity);
      sums.amounts.set(code, (sums.amounts.get(code) ?? 0) + quantity * price);
    }
    days.set(day, sums);
  }
  return days;
}

/** Lines that are no sale: the others of their invoice count all the same. */
function isLeftOut({ InvoiceNo = '', Quantity = '', UnitPrice = '' }: Record<string, string>): boolean {
  return /^c/i.test(InvoiceNo) || Number(Quantity) <= 0 || (UnitPrice !== '' && Number(UnitPrice) <= 0);
}

function lineOf(row: Record<string, string>): Line | null {
  const { InvoiceNo = '', StockCode = '', Quantity = '', InvoiceDate = '', UnitPrice = '' } = row;
  const quantity = Number(Quantity);
  const price = Math.round(Number(UnitPrice) * 1_000_000) / 10_000;
  const at = localOf(InvoiceDate);
  if (InvoiceNo === '' || StockCode === '' || at === null) return null;
  if (!Number.isInteger(quantity) || !Number.isInteger(price)) return null;
  return { code: StockCode, quantity, price, at };
}

function localOf(text: string): string | null {
  const american = /^(\d+)\/(\d+)\/(\d\d) (\d+):(\d\d)$/.exec(text);
  if (american === null) return /^\d{4}-\d\d-\d\d \d\d:\d\d/.test(text) ? text.slice(0, 16) : null;
  const [, month = '', day = '', year = '', hour = '', minute = ''] = american;
  return `20${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')} ${hour.padStart(2, '0')}:${minute}`;
}
