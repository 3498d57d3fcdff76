/** The files of a report: pure functions of its event, and of the decimals that its log's amounts have. */
import { stringify } from 'csv-stringify/sync';
import { BEYOND, plus, type Sum } from '../domain/exact.ts';
import { decimalOf, formatAmount, formatCount } from '../domain/money.ts';
import { localTime } from '../domain/calendar.ts';
import type { ReportIssued } from '../events/events.ts';
import type { DailyReport } from './report-schema.ts';

export interface Rendered {
  /** For programs; amounts in minor units. */
  readonly json: string;
  /** For people. */
  readonly markdown: string;
  /** For spreadsheets: a line for each product, amounts as decimals. */
  readonly csv: string;
}

export function render(event: ReportIssued, minorDigits: number): Rendered {
  return { json: jsonOf(event), markdown: markdownOf(event, minorDigits), csv: csvOf(event, minorDigits) };
}

function jsonOf(event: ReportIssued): string {
  const { day, timeZone, currency, orders, sales, products, revision, from, to, handledOrders } = event;
  const report: DailyReport = {
    date: day,
    timeZone,
    currency,
    orders,
    sales,
    products,
    revision,
    generatedAt: event.at,
    from,
    to,
    handledOrders,
    positions: event.positions,
    changes: event.changes,
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

function csvOf({ products, currency }: ReportIssued, minorDigits: number): string {
  const rows = products.map(({ productId, name, units, amount }) => ({
    productId,
    name,
    units,
    amount: decimalOf(amount, minorDigits),
    currency,
  }));
  const columns = ['productId', 'name', 'units', 'amount', 'currency'];
  // A name that begins with '=' must not become a formula in somebody's spreadsheet.
  return stringify(rows, { header: true, columns, escape_formulas: true });
}

function markdownOf(event: ReportIssued, minorDigits: number): string {
  const { day, timeZone, currency, orders, sales, handledOrders, products, revision, changes } = event;
  const money = (minor: number): string => formatAmount(minor, currency, minorDigits);
  const when = (instant: string): string => localTime(Date.parse(instant), timeZone);
  const sold = [...products].sort((a, b) => b.amount - a.amount || (a.productId < b.productId ? -1 : 1));
  const sumOf = (values: readonly number[], write: (sum: number) => string): string => {
    const sum = values.reduce<Sum>(plus, 0);
    return sum === BEYOND ? 'more than can be given exactly' : write(sum);
  };
  const units = sumOf(
    products.map((each) => each.units),
    formatCount,
  );
  const amounts = products.map((each) => each.amount);
  const parts = [
    `# Daily report ${day}`,
    `From ${when(event.from)} up to ${when(event.to)}, ${timeZone}. Revision ${revision}, issued ${when(event.at)}.`,
    table(
      ['Figure', 'Value'],
      [
        ['Orders', formatCount(orders)],
        ['Sales', money(sales)],
        ['Units sold', units],
        ['Orders handled', formatCount(handledOrders)],
      ],
      [false, true],
    ),
    '## Products sold',
    products.length === 0
      ? 'Nothing was sold.'
      : table(
          ['Product', 'Name', 'Units', 'Amount'],
          [
            ...sold.map((each) => [each.productId, each.name, formatCount(each.units), money(each.amount)]),
            ['**Total**', '', units, sumOf(amounts, money)],
          ],
          [false, false, true, true],
        ),
  ];
  if (changes.length > 0) {
    const rows = changes.map(({ what, before, after }) => [
      what,
      ...[before, after].map((value) => changed(what, value, money, timeZone)),
    ]);
    parts.push('## Changed since the revision before', table(['What', 'Before', 'Now'], rows, [false, true, true]));
  }
  return `${parts.join('\n\n')}\n`;
}

function changed(what: string, value: number, money: (minor: number) => string, timeZone: string): string {
  if (what === 'from' || what === 'to') return localTime(value, timeZone);
  return what === 'sales' || what.startsWith('amount of ') ? money(value) : formatCount(value);
}

/** A table that reads well as plain text, too. */
function table(head: readonly string[], rows: readonly (readonly string[])[], right: readonly boolean[]): string {
  const cells = [head, ...rows].map((row) => row.map(cell));
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    `| ${row
      .map((text, column) => {
        const width = widths[column] ?? 0;
        return right[column] === true ? text.padStart(width) : text.padEnd(width);
      })
      .join(' | ')} |`;
  const rule = widths.map((width, column) =>
    right[column] === true ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  );
  const [first = [], ...others] = cells;
  return [line(first), line(rule), ...others.map(line)].join('\n');
}

/** What a cell may not hold, or would become mark-up. */
function cell(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\\|<`]/g, '\\$&');
}
