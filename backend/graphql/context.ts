/** What resolvers have to answer from. */
import type { Live } from '../live/live.ts';
import type { Progress } from '../live/progress.ts';
import type { Rebuilds } from '../live/rebuilds.ts';
import type { Verified } from '../live/verified.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { ReadModels } from '../ports/read-models.ts';
import type { Collections } from '../queries/collections.ts';
import type { Order } from '../queries/orders.ts';
import type { Shop } from '../shop/commands.ts';

/** A message as the mailer writes it. */
export interface ComposedMail {
  readonly to: string;
  readonly subject: string;
  /** Within the mailbox. */
  readonly file: string;
  readonly written: boolean;
  /** What it says, as plain text. */
  readonly text: string;
  /** RFC 5322. */
  readonly source: string;
}

export interface Services {
  readonly name: string;
  readonly version: string;
  readonly mode: 'EMBEDDED' | 'ENGINES';
  readonly timeZone: string;
  /** ISO 4217. */
  readonly currency: string;
  /** How many digits of each amount in the log are behind the decimal point. */
  readonly minorDigits: number;
  readonly clock: Clock;
  readonly log: EventLog;
  readonly models: ReadModels;
  /** The live collections: asked once for each answer. */
  readonly collections: () => Promise<Collections>;
  readonly shop: Shop;
  readonly live: Live;
  readonly progress: Progress;
  readonly rebuilds: Rebuilds;
  readonly verified: Verified;
  /** Issues the report of a day, or a revision of it. Rejects with BAD_INPUT for a day that has not ended. */
  readonly makeReport: (day: string) => Promise<{ readonly revision: number }>;
  /** The message about a handled order; null for one that is not handled. */
  readonly mailOf: (order: Order) => Promise<ComposedMail | null>;
  /** Where this server has a file of a report. */
  readonly reportUrl: (file: string) => string;
}

export interface ApiContext {
  readonly services: Services;
  /** Whether whoever asks may operate the shop. */
  readonly operator: boolean;
}
