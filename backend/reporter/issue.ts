/**
 * Issuing: of any number of reporters one is effective at a time. Each fences first, then reads what has been
 * issued to its end, and only then decides; so a report that it appends is the next revision of its day.
 */
import { caughtUp, endsOf, type Ends, type Followed } from '../../projections/caught-up.ts';
import type { Day } from '../domain/calendar.ts';
import { encode, InvalidEventError, type NewRecord } from '../events/codec.ts';
import type { ReportIssued } from '../events/events.ts';
import { systemClock, type Clock } from '../ports/clock.ts';
import { isShopError, ShopError } from '../ports/errors.ts';
import type { EventLog, Writer } from '../ports/event-log.ts';
import type { Logger } from '../ports/logger.ts';
import type { ReadModels } from '../ports/read-models.ts';
import { collectionFor, type Collections } from '../queries/collections.ts';
import { noteUngiven } from '../queries/ungiven-reports.ts';
import { readFigures, reportOf } from './figures.ts';
import type { IssuedReports } from './issued.ts';
import { REPORTED_TOPICS } from './late.ts';
import { assertZone } from './zone.ts';

const REPORTER = 'reporter';

const FENCE_TRIES_MAX = 12;
const PAUSE_FIRST_MS = 25;
const PAUSE_MAX_MS = 2_000;

export interface IssueOptions {
  readonly log: EventLog;
  readonly models: ReadModels;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly timeZone: string;
  /** Projection name to its live collection, as of now. */
  readonly collections: () => Promise<Collections>;
  /** The log's currency. */
  readonly currency: string;
  /** How many digits of each amount in the log are behind the decimal point. */
  readonly minorDigits: number;
}

export interface IssueChoice {
  /** Whether reports of another zone are to be restated; else there may be none. */
  readonly rezone?: boolean;
  /** Called after each day. */
  readonly onIssued?: () => void;
}

/**
 * Issues the report of each day unless its figures are those that were issued last. Days must have been read
 * up to what they hold: see projectionsReach(). Resolves to the days of which none can be given, with the reason; the
 * read models are told of them. Rejects with FENCED or UNKNOWN_OUTCOME after a number of tries, UNAVAILABLE, STORAGE,
 * and with BAD_INPUT when there are reports of another zone.
 */
export async function issueDays(
  days: readonly Day[],
  issued: IssuedReports,
  options: IssueOptions,
  signal: AbortSignal,
  { rezone = false, onIssued = () => {} }: IssueChoice = {},
): Promise<ReadonlyMap<Day, string>> {
  const outcomes = new Map<Day, string | null>();
  let left = [...days];
  for (let tries = 1; left.length > 0 && !signal.aborted; tries++) {
    const writer = await options.log.writer(REPORTER);
    try {
      await issued.readToEnd();
      if (!rezone) assertZone(issued.all(), options.timeZone);
      while (left[0] !== undefined && !signal.aborted) {
        outcomes.set(left[0], await issueDay(left[0], writer, issued, options));
        left = left.slice(1);
        tries = 1;
        onIssued();
      }
      break;
    } catch (error) {
      const isOurs = isShopError(error, 'FENCED') || isShopError(error, 'UNKNOWN_OUTCOME');
      if (!isOurs || tries >= FENCE_TRIES_MAX) throw error;
      options.logger.debug({ error: error.message, tries }, 'Another reporter is at work; deciding again.');
    } finally {
      await writer.close();
    }
    // Whoever lost gives way, for longer each time, so that one of two gets through.
    await systemClock.until(systemClock.now() + Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** tries), signal);
  }
  await noteUngiven(options.models, outcomes);
  return new Map([...outcomes].flatMap(([day, reason]) => (reason === null ? [] : [[day, reason]])));
}

/** Resolves to why the report of the day cannot be given; null when it is, or was before. */
async function issueDay(
  day: Day,
  writer: Writer,
  issued: IssuedReports,
  options: IssueOptions,
): Promise<string | null> {
  const { clock, currency, logger } = options;
  let event: ReportIssued | null;
  let record: NewRecord | null;
  try {
    event = reportOf(await readFigures(day, options), issued.latest(day), { at: clock.now(), currency });
    record = event === null ? null : encode(event);
  } catch (error) {
    // The other days are not to wait for one that will never be given.
    if (isShopError(error, 'INEXACT') || error instanceof InvalidEventError) return error.message;
    throw error;
  }
  if (event === null || record === null) return null;
  await writer.append([record]);
  await issued.readToEnd();
  const { revision, orders, sales } = event;
  logger.info({ day, revision, orders, sales }, revision === 1 ? 'Issued a daily report.' : 'Restated a daily report.');
  return null;
}

/** What the figures of a day are read from. */
function followedFor(collections: Collections): Followed[] {
  const orders = ['order-counts', 'sales', 'products-sold'].map((projection) => ({
    collection: collectionFor(collections, projection),
    topics: ['orders'] as const,
  }));
  return [...orders, { collection: collectionFor(collections, 'handling'), topics: REPORTED_TOPICS }];
}

export function reportedEnds(log: EventLog): Promise<Ends> {
  return endsOf(log, REPORTED_TOPICS);
}

/**
 * Waits until the read models hold everything up to the ends. False when `signal` aborted; rejects with
 * UNAVAILABLE when they have not moved for `stalledMs`.
 */
export async function projectionsReach(
  ends: Ends,
  { models, collections }: Pick<IssueOptions, 'models' | 'collections'>,
  { signal, stalledMs }: { readonly signal: AbortSignal; readonly stalledMs: number },
): Promise<boolean> {
  const followed = followedFor(await collections());
  if (await caughtUp({ models, clock: systemClock, followed, ends, signal, stalledMs })) return true;
  if (signal.aborted) return false;
  throw new ShopError(
    'UNAVAILABLE',
    'the read models are behind the log and do not move, so a report would be incomplete; start the projectors (npm run project)',
  );
}

/** Whether the report was issued before its day had ended. */
export function isPreliminary(report: ReportIssued): boolean {
  return report.at < report.to;
}
