/** The daily reports that were issued. */
import { REPORTS_BY_DAY, type ReportPart } from '../../projections/daily-reports.ts';
import type { Day } from '../domain/calendar.ts';
import type { MergedDocument, ReadModels } from '../ports/read-models.ts';
import { collectionFor, type Collections } from './collections.ts';
import { readPage, type Page, type PageOptions } from './pages.ts';

/** One revision, as it was issued at `at`. */
export interface Report extends ReportPart {
  /** All revisions of the day that are in the read model, ascending. */
  readonly revisions: readonly number[];
}

/** A day's report: the latest revision, or the one asked for. Null when there is none. Rejects with UNAVAILABLE. */
export async function readReport(
  models: ReadModels,
  collections: Collections,
  day: Day,
  revision?: number,
): Promise<Report | null> {
  const [document] = await models.merged(collectionFor(collections, 'daily-reports'), [day]);
  return document === undefined ? null : reportOf(document, revision);
}

/** A page of days, newest first, each in its latest revision. Rejects with BAD_INPUT (cursor, count), UNAVAILABLE. */
export function readReports(models: ReadModels, collections: Collections, options: PageOptions): Promise<Page<Report>> {
  const collection = collectionFor(collections, 'daily-reports');
  return readPage(models, { collection, index: REPORTS_BY_DAY, itemOf: reportOf, filters: false }, options);
}

function reportOf({ parts }: MergedDocument, revision?: number): Report | null {
  const all = Object.values(parts).map(({ fields }) => fields as unknown as ReportPart);
  const revisions = all.map((each) => each.revision).sort((a, b) => a - b);
  const wanted = revision ?? revisions.at(-1);
  const found = all.find((each) => each.revision === wanted);
  return found === undefined ? null : { ...found, revisions };
}
