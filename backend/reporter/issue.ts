/**
 * Issuing: of any number of reporters one is effective at a time. Each fences first, then reads what has been
 * issued to its end, and only then decides; so a report that it appends is the next revision of its day.
 */
import { caughtUp, endsOf, type Ends, type Followed } from '../../projections/caught-up.ts';
import type { Day } from '../domain/calendar.ts';
import { encode } from '../events/codec.ts';
import type { ReportIssued } from '../events/events.ts';
import { systemClock, type Clock } from '../ports/clock.ts';
import { isShopError, ShopError } from '../ports/errors.ts';
import type { EventLog, Writer } from '../ports/event-log.ts';
import type { Logger } from '../ports/logger.ts';
import type { ReadModels } from '../ports/read-models.ts';
import { collectionFor, type Collections } from '../queries/collections.ts';
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
 * up to what they hold: see projectionsReach(). Rejects with FENCED or UNKNOWN_OUTCOME after a number of tries,
 * UNAVAILABLE, STORAGE, and with BAD_INPUT when there are reports of another zone.
 */
export async function issueDays(
  days: readonly Day[],
  issued: IssuedReports,
  options: IssueOptions,
  signal: AbortSignal,
  { rezone = false, onIssued = () => {} }: IssueChoice = {},
): Promise<void> {
  let left = [...days];
  for (let tries = 1; left.length > 0 && !signal.aborted; tries++) {
    const writer = await options.log.writer(REPORTER);
    try {
      await issued.readToEnd();
      if (!rezone) assertZone(issued.all(), options.timeZone);
      while (left[0] !== undefined && !signal.aborted) {
        await issueDay(left[0], writer, issued, options);
        left = left.slice(1);
        tries = 1;
        onIssued();
      }
      return;
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
}

async function issueDay(day: Day, writer: Writer, issued: IssuedReports, options: IssueOptions): Promise<void> {
  const { clock, currency, logger } = options;
  const figures = await readFigures(day, options);
  const event = reportOf(figures, issued.latest(day), { at: clock.now(), currency });
  if (event === null) return;
  await writer.append([encode(event)]);
  await issued.readToEnd();
  const { revision, orders, sales } = event;
  logger.info({ day, revision, orders, sales }, revision === 1 ? 'Issued a daily report.' : 'Restated a daily report.');
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
