/** Every daily report in all its revisions: one document for each day, in which each revision owns a part. */
import type { ReportIssued } from '../backend/events/events.ts';
import type { MergedIndex } from '../backend/ports/read-models.ts';
import type { MergedProjection } from './projection.ts';

/** The part `r1`, `r2`, …: what was issued, as it was. `at` is when. */
export type ReportPart = Omit<ReportIssued, 'type' | 'version' | 'id'>;

export const REPORTS_BY_DAY: MergedIndex = { name: 'day', equals: null, order: null };

export const dailyReports: MergedProjection = {
  kind: 'merged',
  name: 'daily-reports',
  version: 1,
  topics: ['reports'],
  indexes: [REPORTS_BY_DAY],
  partOf: ({ event }) => {
    if (event.type !== 'ReportIssued') return null;
    // Only what is known: what a later version or somebody else's producer added stays in the log.
    const fields: ReportPart = {
      at: event.at,
      source: event.source,
      day: event.day,
      timeZone: event.timeZone,
      from: event.from,
      to: event.to,
      currency: event.currency,
      revision: event.revision,
      orders: event.orders,
      sales: event.sales,
      handledOrders: event.handledOrders,
      products: event.products.map(({ productId, name, units, amount }) => ({ productId, name, units, amount })),
      positions: event.positions,
      changes: event.changes.map(({ what, before, after }) => ({ what, before, after })),
    };
    return { id: event.day, part: `r${event.revision}`, fields: { ...fields } };
  },
};
