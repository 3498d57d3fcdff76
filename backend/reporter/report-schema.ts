/**
 * The JSON file of a report as a published shape: docs/report.schema.json is emitted from it
 * (scripts/report-schema.ts). As with events, it is added to and never edited.
 */
import Type, { type Static } from 'typebox';
import { ReportIssuedSchema } from '../events/events.ts';

const issued = ReportIssuedSchema.properties;
const because = <T extends object>(schema: T, description: string): T => ({ ...schema, description });

export const DailyReportSchema = Type.Object(
  {
    date: because(issued.day, 'The day that the report covers, in timeZone.'),
    timeZone: because(issued.timeZone, "The shop's time zone, an IANA name."),
    currency: issued.currency,
    orders: because(issued.orders, 'Orders placed on the day.'),
    sales: because(issued.sales, "Their sum, in the currency's minor unit."),
    products: because(
      issued.products,
      "Products sold on the day, by product id: units, and their amount in the currency's minor unit.",
    ),
    revision: because(issued.revision, '1, or more when the day was restated.'),
    generatedAt: because(issued.at, 'When this revision was issued, in UTC.'),
    from: because(issued.from, "The day's first instant, in UTC."),
    to: because(issued.to, "The day's end, in UTC: the first instant that is no longer of it."),
    handledOrders: because(issued.handledOrders, 'Orders handled on the day, whenever they were placed.'),
    positions: because(
      issued.positions,
      'What the figures cover: for each topic, the last offset of each partition that is in; -1 for none.',
    ),
    changes: because(
      issued.changes,
      'What changed since the revision before: orders, sales, handledOrders, "units of" and "amount of" a product.',
    ),
  },
  {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Daily report',
    description:
      'A file reports/<day>.json, or <day>.r<revision>.json of a revision that was restated. Readers ignore fields that they do not know.',
  },
);

export type DailyReport = Static<typeof DailyReportSchema>;
