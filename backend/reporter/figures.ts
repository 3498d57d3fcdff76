/** What a report says: a day's figures at one position of the log, and what changed since the revision before. */
import { isSameZone, type Day } from '../domain/calendar.ts';
import { BEYOND, beyondText, type Sum } from '../domain/exact.ts';
import type { ProductId, ReportIssued } from '../events/events.ts';
import { ShopError } from '../ports/errors.ts';
import type { ReadModels } from '../ports/read-models.ts';
import type { Collections } from '../queries/collections.ts';
import { readDay } from '../queries/day.ts';

export interface FiguresOptions {
  readonly models: ReadModels;
  readonly timeZone: string;
  /** Projection name to its live collection, as of now. */
  readonly collections: () => Promise<Collections>;
}

export type Figures = Pick<
  ReportIssued,
  'day' | 'timeZone' | 'from' | 'to' | 'orders' | 'sales' | 'handledOrders' | 'products' | 'positions'
>;

type Change = ReportIssued['changes'][number];

/** Reads a day's figures, all at the same positions of the log. Rejects with UNAVAILABLE; INEXACT when one cannot be given. */
export async function readFigures(day: Day, { models, timeZone, collections }: FiguresOptions): Promise<Figures> {
  const read = await readDay(models, day, { timeZone, collections: await collections(), equalPositions: true });
  return {
    day,
    timeZone,
    from: new Date(read.from).toISOString(),
    to: new Date(read.to).toISOString(),
    orders: read.orders,
    sales: given('the sales', read.sales),
    handledOrders: read.handled,
    products: read.products.map(({ productId, name, units, amount }) => ({
      productId: productId as ProductId,
      name,
      units: given(`the units of ${productId}`, units),
      amount: given(`the amount of ${productId}`, amount),
    })),
    positions: {
      orders: [...(read.positions['order-counts']?.orders ?? [])],
      'handled-orders': [...(read.positions['handling']?.['handled-orders'] ?? [])],
    },
  };
}

/** Others add these up: a report without one of them would be taken for one in which it is 0. */
function given(what: string, sum: Sum): number {
  if (sum === BEYOND) throw new ShopError('INEXACT', beyondText(what));
  return sum;
}

/** The event of a report, or null when figures and zone are those of the revision before. */
export function reportOf(
  figures: Figures,
  former: ReportIssued | null,
  { at, currency }: { readonly at: number; readonly currency: string },
): ReportIssued | null {
  const changes = former === null ? [] : changesBetween(former, figures);
  if (former !== null && changes.length === 0 && isSameZone(former.timeZone, figures.timeZone)) return null;
  const revision = (former?.revision ?? 0) + 1;
  return {
    type: 'ReportIssued',
    version: 1,
    id: `report/${figures.day}/${revision}`,
    at: new Date(at).toISOString(),
    source: 'live',
    currency,
    revision,
    changes,
    ...figures,
  };
}

function changesBetween(former: ReportIssued, figures: Figures): Change[] {
  const changes: Change[] = [];
  const compare = (what: string, before: number, after: number): void => {
    if (before !== after) changes.push({ what, before, after });
  };
  compare('orders', former.orders, figures.orders);
  compare('sales', former.sales, figures.sales);
  compare('handledOrders', former.handledOrders, figures.handledOrders);
  compare('from', Date.parse(former.from), Date.parse(figures.from));
  compare('to', Date.parse(former.to), Date.parse(figures.to));
  const before = new Map(former.products.map((each) => [each.productId, each]));
  const after = new Map(figures.products.map((each) => [each.productId, each]));
  for (const productId of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    compare(`units of ${productId}`, before.get(productId)?.units ?? 0, after.get(productId)?.units ?? 0);
    compare(`amount of ${productId}`, before.get(productId)?.amount ?? 0, after.get(productId)?.amount ?? 0);
  }
  return changes;
}
