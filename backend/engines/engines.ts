/** Kafka and a server that speaks MongoDB's protocol, started on this machine without Docker. */
import path from 'node:path';
import type { Logger } from '../ports/logger.ts';
import { ShopError } from '../ports/errors.ts';
import { CACHE_DIR } from './java.ts';
import { missingForKafka, startKafka, type KafkaEngine } from './kafka.ts';
import type { MongoEngine } from './mongo-engine.ts';
import { findMongo, startMongo, type MongoKind } from './mongo.ts';

export { CACHE_DIR } from './java.ts';

export interface FoundEngines {
  /** `missing`: what is not there and what to install; null when it can be started. */
  readonly kafka: { readonly missing: string | null };
  readonly mongo: { readonly missing: string | null; readonly kind: MongoKind | null };
}

export interface StartEnginesOptions {
  /** Data and logs; a restart in the same folder goes on with what is there. */
  readonly dir: string;
  readonly logger: Logger;
  readonly kafkaPort?: number;
  readonly mongoPort?: number;
  /** Where jars are kept; default: `.cache` in the project. */
  readonly cacheDir?: string;
  /** DocumentDB's start script, when it is not where it is looked for. */
  readonly documentDbStart?: string;
}

export interface Engines {
  readonly brokers: string[];
  readonly mongodbUri: string;
  readonly kafka: KafkaEngine;
  readonly mongo: MongoEngine;
  /** Ends both; their data stays. */
  stop(): Promise<void>;
}

/** Which engines can be started here, and what to install for those that can't. */
export async function findEngines(
  options: { readonly cacheDir?: string; readonly documentDbStart?: string } = {},
): Promise<FoundEngines> {
  const cacheDir = options.cacheDir ?? CACHE_DIR;
  const [kafka, mongo] = await Promise.all([missingForKafka(cacheDir), findMongo({ ...options, cacheDir })]);
  return {
    kafka: { missing: kafka },
    mongo: 'missing' in mongo ? { missing: mongo.missing, kind: null } : { missing: null, kind: mongo.kind },
  };
}

/** Starts both, or neither: rejects with UNAVAILABLE and what to install. */
export async function startEngines(options: StartEnginesOptions): Promise<Engines> {
  const cacheDir = options.cacheDir ?? CACHE_DIR;
  const found = await findEngines({ ...options, cacheDir });
  const missing = [found.kafka.missing, found.mongo.missing].filter((each) => each !== null);
  if (missing.length > 0) throw new ShopError('UNAVAILABLE', `the engines cannot be started: ${missing.join('; ')}`);
  const { dir, logger, kafkaPort, mongoPort, documentDbStart } = options;
  const [kafka, mongo] = await Promise.allSettled([
    startKafka({
      dir: path.join(dir, 'kafka'),
      logger,
      cacheDir,
      ...(kafkaPort === undefined ? {} : { port: kafkaPort }),
    }),
    startMongo({
      dir: path.join(dir, 'mongo'),
      logger,
      cacheDir,
      ...(mongoPort === undefined ? {} : { port: mongoPort }),
      ...(documentDbStart === undefined ? {} : { documentDbStart }),
    }),
  ]);
  if (kafka.status === 'fulfilled' && mongo.status === 'fulfilled') return both(kafka.value, mongo.value);
  if (kafka.status === 'fulfilled') await kafka.value.stop();
  if (mongo.status === 'fulfilled') await mongo.value.stop();
  throw kafka.status === 'rejected' ? kafka.reason : (mongo as PromiseRejectedResult).reason;
}

function both(kafka: KafkaEngine, mongo: MongoEngine): Engines {
  return {
    brokers: kafka.brokers,
    mongodbUri: mongo.uri,
    kafka,
    mongo,
    stop: async () => {
      await Promise.all([kafka.stop(), mongo.stop()]);
    },
  };
}
