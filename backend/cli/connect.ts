/**
 * Opens what the program runs on: the embedded log and read models, or Kafka and MongoDB. Nothing outside
 * this folder knows which. A log says what it is (log-identity.ts), and the read models remember which log they were
 * folded from.
 */
import { randomUUID } from 'node:crypto';
import { minorDigits } from '../domain/money.ts';
import { LogAnnouncements } from '../live/log-announcements.ts';
import { LocalAnnouncements, type Announcements } from '../ports/announcements.ts';
import { ShopError } from '../ports/errors.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Logger } from '../ports/logger.ts';
import type { ReadModels } from '../ports/read-models.ts';
import { DEFAULT_CURRENCY, identify } from './log-identity.ts';
import type { Settings } from './settings.ts';

export interface Connection {
  readonly mode: 'embedded' | 'engines';
  /** For people: "embedded, in data" or "Apache Kafka at …, MongoDB … at …". */
  readonly description: string;
  readonly log: EventLog;
  readonly models: ReadModels;
  /** Signals that read models have moved on. */
  readonly announcements: Announcements;
  /** ISO 4217. */
  readonly currency: string;
  /** How many digits of each amount in the log are behind the decimal point. */
  readonly minorDigits: number;
  /** Embedded and owned: tells other processes where the owner answers. */
  announce(url: string): Promise<void>;
  close(): Promise<void>;
}

/** `own`: may write to the embedded log and read models, and nobody else may; `read`: beside an owner, or without. */
export type Access = 'own' | 'read';

export function isEnginesMode(settings: Settings): boolean {
  return settings.kafkaBrokers !== null;
}

/** The URL of the process that owns the embedded data now; null when nobody does. */
export async function ownerUrl(settings: Settings): Promise<string | null> {
  const { readOwner } = await import('../adapters/lmdb/embedded.ts');
  return (await readOwner(settings.dataDir))?.url ?? null;
}

/** Opens the log and the read models. `currency` is for a log that is created by this; an existing one must fit. */
export async function connect(
  settings: Settings,
  access: Access,
  logger: Logger,
  currency: string | null = settings.currency,
): Promise<Connection> {
  const opened = isEnginesMode(settings)
    ? await openEngines(settings, logger)
    : await openData(settings, access, logger);
  try {
    const mayWrite = opened.mode === 'engines' || access === 'own';
    const identity = await identify(opened.log, { mayWrite, currency, minorDigits: settings.minorDigits });
    if (identity !== null) {
      await claim(opened, identity.logId, mayWrite);
      return { ...opened, currency: identity.currency, minorDigits: identity.minorDigits };
    }
    const known = currency ?? DEFAULT_CURRENCY;
    return { ...opened, currency: known, minorDigits: minorDigits(known) };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

type Opened = Omit<Connection, 'currency' | 'minorDigits'>;

async function openEngines(settings: Settings, logger: Logger): Promise<Opened> {
  // Each mode loads its own engines' clients only: they are most of the time that a short command takes.
  const { openKafkaLog } = await import('../adapters/kafka/kafka-log.ts');
  const { openMongoModels } = await import('../adapters/mongo/mongo-models.ts');
  const brokers = settings.kafkaBrokers ?? [];
  const uri = settings.mongodbUri ?? '';
  const log = await openKafkaLog({ brokers, clientId: 'shopstream', logger, topicPrefix: settings.topicPrefix });
  try {
    const models = await openMongoModels({ uri, logger });
    await log.ensureTopics();
    return {
      mode: 'engines',
      description: `${log.engine} at ${brokers.join(', ')} and ${models.engine} at ${withoutPassword(uri)}`,
      log,
      models,
      announcements: new LogAnnouncements({ log, logger, group: ownGroup('updates') }),
      announce: () => Promise.resolve(),
      close: async () => {
        await models.close();
        await log.close();
      },
    };
  } catch (error) {
    await log.close();
    throw error;
  }
}

async function openData(settings: Settings, access: Access, logger: Logger): Promise<Opened> {
  const { openEmbedded } = await import('../adapters/lmdb/embedded.ts');
  const embedded = await openEmbedded({ dir: settings.dataDir, logger, mode: access });
  if (access === 'own') await embedded.log.ensureTopics();
  return {
    mode: 'embedded',
    description: `embedded (${embedded.log.engine}) in ${settings.dataDir}`,
    log: embedded.log,
    models: embedded.models,
    announcements: new LocalAnnouncements(),
    announce: (url) => embedded.announce(url),
    close: () => embedded.close(),
  };
}

/** A consumer group that this process shares with nobody. */
export function ownGroup(purpose: string): string {
  return `shopstream-${purpose}-${randomUUID()}`;
}

function withoutPassword(uri: string): string {
  return uri.replace(/\/\/[^@/]*@/, '//');
}

/** Holds the read models against the log: what was folded from another one must not be gone on with. */
async function claim({ models }: Opened, logId: string, mayWrite: boolean): Promise<void> {
  const known = await models.getMeta('log');
  if (known === null) {
    if (mayWrite) await models.putMeta('log', { logId }, null);
    return;
  }
  if (known['logId'] !== logId) {
    throw new ShopError(
      'LOG_MISMATCH',
      'these read models were folded from another log: point MONGODB_URI at another database, or drop this one to fold it anew',
    );
  }
}
