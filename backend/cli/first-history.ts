/** Yesterday's and today's orders in an empty embedded log, so that no figure starts at zero at four in the afternoon. */
import { addDays, boundsOf, dayOf, localTime } from '../domain/calendar.ts';
import type { HistoryBegun } from '../events/events.ts';
import type { Shop } from '../shop/commands.ts';
import { beginHistory, endHistory, unfinishedHistory } from '../simulator/first-history.ts';
import { writeHistory } from '../simulator/history.ts';
import type { Connection } from './connect.ts';
import { policyOf, type SimulationOptions } from './handling.ts';
import { catalogueAt, type RoleContext } from './roles.ts';
import { progressBar } from './terminal.ts';

export interface FirstHistoryOptions extends SimulationOptions {
  readonly simulator: boolean;
  readonly history: boolean;
  readonly signal: AbortSignal;
  /** Gets what people are to know of it, line by line. */
  readonly say: (line: string) => void;
}

/**
 * Writes the history where there is none, or goes on with the one that a former start began, whatever the options say
 * now. Stopped before its end it goes on with the next start.
 */
export async function writeFirstHistory(options: FirstHistoryOptions, context: RoleContext, shop: Shop): Promise<void> {
  const { connection, settings } = context;
  if (connection.mode !== 'embedded') return;
  const unfinished = await unfinishedHistory(connection.log);
  if (unfinished !== null) {
    const span = spanText(unfinished, settings.timeZone);
    if (!options.history) {
      options.say(`The orders from ${span} were begun and are not all there. --no-history leaves it so:`);
      options.say('their days get no report until a start without it has written the rest.');
      return;
    }
    options.say(`Going on with the orders from ${span}, which a former start began.`);
    await finish(unfinished, options, context, shop);
  } else if (options.history && options.simulator && (await isEmpty(connection))) {
    const begun = await begin(options, context);
    options.say(
      `Writing orders from ${spanText(begun, settings.timeZone)} first. Stop it, and the next start goes on.`,
    );
    await finish(begun, options, context, shop);
  }
}

async function begin(
  options: FirstHistoryOptions,
  { connection, settings, clock }: RoleContext,
): Promise<HistoryBegun> {
  const { timeZone } = settings;
  const now = clock.now();
  const { from } = boundsOf(addDays(dayOf(now, timeZone), -1), timeZone);
  return beginHistory(connection.log, clock, {
    from: new Date(from).toISOString(),
    to: new Date(now).toISOString(),
    timeZone,
    seed: options.seed,
    ordersPerSecond: options.rate,
    handling: policyOf(options),
    catalogue: [...(await catalogueAt(options.catalogue ?? null))],
  });
}

async function finish(
  begun: HistoryBegun,
  { signal, say }: FirstHistoryOptions,
  { connection, clock }: RoleContext,
  shop: Shop,
): Promise<void> {
  const { namespace, seed, timeZone, handling, catalogue, ordersPerSecond } = begun;
  const progress = progressBar("writing yesterday's and today's orders");
  try {
    const { complete, refused } = await writeHistory({
      shop,
      catalogue,
      currency: connection.currency,
      namespace,
      seed,
      from: Date.parse(begun.from),
      to: Date.parse(begun.to),
      volume: { ratePerSecond: ordersPerSecond },
      timeZone,
      handling,
      onProgress: (done, total, note) => progress.update(done, total, note),
      signal,
    });
    if (!complete) return;
    await endHistory(connection.log, clock, begun);
    for (const [reason, count] of Object.entries(refused)) say(`${count} of them were refused (${reason}).`);
  } finally {
    progress.stop();
  }
}

async function isEmpty({ log }: Connection): Promise<boolean> {
  const bounds = [...(await log.bounds('orders')), ...(await log.bounds('stock'))];
  return bounds.every(({ end }) => end === 0);
}

function spanText({ from, to }: HistoryBegun, timeZone: string): string {
  return `${localTime(Date.parse(from), timeZone)} to ${localTime(Date.parse(to), timeZone)}`;
}
