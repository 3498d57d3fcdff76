/**
 * The history that a new log begins with. What it is made from stands in the log before its first order, and that it
 * is whole stands there after its last one: so it can be gone on with after any stop, as what it was begun as.
 */
import { hash, randomUUID } from 'node:crypto';
import { encode, RECORD_BYTES_MAX } from '../events/codec.ts';
import type { HistoryBegun } from '../events/events.ts';
import type { Clock } from '../ports/clock.ts';
import { ShopError } from '../ports/errors.ts';
import type { EventLog } from '../ports/event-log.ts';
import { eventsOf } from '../ports/read-events.ts';

/** What every order of the history follows from. Its span is `from` ≤ t < `to`, both in UTC. */
export type HistoryPlan = Pick<
  HistoryBegun,
  'from' | 'to' | 'timeZone' | 'seed' | 'ordersPerSecond' | 'handling' | 'catalogue'
>;

/** The history that was begun and is not whole; null when there is none. */
export async function unfinishedHistory(log: EventLog): Promise<HistoryBegun | null> {
  let unfinished: HistoryBegun | null = null;
  for await (const { event } of eventsOf(log, 'settings')) {
    if (event.type === 'HistoryBegun') unfinished = event;
    else if (event.type === 'HistoryWritten' && event.begun === unfinished?.id) unfinished = null;
  }
  return unfinished;
}

/** Says in the log what is going to be written. Throws BAD_INPUT when that does not fit into one record. */
export async function beginHistory(log: EventLog, clock: Clock, plan: HistoryPlan): Promise<HistoryBegun> {
  // In the log, so that a later version of the program that would derive another one goes on with the same ids.
  const namespace = `${plan.seed}-${hash('sha256', JSON.stringify(plan), 'hex').slice(0, 8)}`;
  const event: HistoryBegun = { type: 'HistoryBegun', ...envelopeAt(clock), namespace, ...plan };
  if (Buffer.byteLength(JSON.stringify(event)) > RECORD_BYTES_MAX) {
    throw new ShopError(
      'BAD_INPUT',
      `the catalogue is too long for a first history: its ${plan.catalogue.length} products do not fit into one record of the log (1 MiB); start with --no-history, and write days of the past with npm run simulate -- --day`,
    );
  }
  await log.append([encode(event)]);
  return event;
}

/** Says in the log that all of it is there. */
export async function endHistory(log: EventLog, clock: Clock, begun: HistoryBegun): Promise<void> {
  await log.append([encode({ type: 'HistoryWritten', ...envelopeAt(clock), begun: begun.id })]);
}

function envelopeAt(clock: Clock): { version: 1; id: string; at: string; source: 'live' } {
  return { version: 1, id: randomUUID(), at: new Date(clock.now()).toISOString(), source: 'live' };
}
