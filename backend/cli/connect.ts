/**
 * Opens what the program runs on: the embedded log and read models, or Kafka and MongoDB. Nothing outside
 * this folder knows which. A log has an id and a currency of its own (the event LogCreated), and the read
 * models remember which log they were folded from.
 */
import { randomUUID } from 'node:crypto';
import { encode } from '../events/codec.ts';
import type { LogCreated } from '../events/events.ts';
import { LogAnnouncements } from '../live/log-announcements.ts';
import { LocalAnnouncements, type Announcements } from '../ports/announcements.ts';
import { ShopError } from '../ports/errors.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Logger } from '../ports/logger.ts';
import { eventsIn } from '../ports/read-events.ts';
import type { ReadModels } from '../ports/read-models.ts';
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
  /** Embedded and owned: tells other processes where the owner answers. */
  announce(url: string): Promise<void>;
  close(): Promise<void>;
}

/** `own`: may write to the embedded log and read models, and nobody else may; `read`: beside an owner, or without. */
export type Access = 'own' | 'read';

const DEFAULT_CURRENCY = 'SEK';

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
    const created = await identify(opened.log, opened.mode === 'engines' || access === 'own', currency);
    if (created !== null) await claim(opened, created, access);
    const known = created?.currency ?? currency ?? DEFAULT_CURRENCY;
    if (currency !== null && currency !== known) {
      throw new ShopError(
        'BAD_INPUT',
        `this log's currency is ${known}, not ${currency}: a log has one currency; use another log`,
      );
    }
    return { ...opened, currency: known };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

type Opened = Omit<Connection, 'currency'>;

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

/** The log's own first event; written when there is none and this process may. Null in an empty log otherwise. */
async function identify(log: EventLog, mayWrite: boolean, currency: string | null): Promise<LogCreated | null> {
  const found = await findCreated(log);
  if (found !== null || !mayWrite) return found;
  const event: LogCreated = {
    type: 'LogCreated',
    version: 1,
    id: randomUUID(),
    at: new Date().toISOString(),
    source: 'live',
    logId: randomUUID(),
    currency: currency ?? DEFAULT_CURRENCY,
  };
  await log.append([encode(event)]);
  // Several processes may have done so at the same time: the first one in the log counts, for all of them.
  return findCreated(log);
}

async function findCreated(log: EventLog): Promise<LogCreated | null> {
  for await (const { event } of eventsIn(log, 'settings')) if (event.type === 'LogCreated') return event;
  return null;
}

/** Holds the read models against the log: what was folded from another one must not be gone on with. */
async function claim({ models, mode }: Opened, { logId }: LogCreated, access: Access): Promise<void> {
  const known = await models.getMeta('log');
  if (known === null) {
    if (mode === 'engines' || access === 'own') await models.putMeta('log', { logId }, null);
    return;
  }
  if (known['logId'] !== logId) {
    throw new ShopError(
      'LOG_MISMATCH',
      'these read models were folded from another log: point MONGODB_URI at another database, or drop this one to fold it anew',
    );
  }
}
