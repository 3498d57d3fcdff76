/**
 * Before a test run: finds the engines that its files ask for, starts those that are not given, on free ports
 * in a temporary folder, and ends them after it.
 */
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { findEngines } from '../backend/engines/engines.ts';
import { CACHE_DIR } from '../backend/engines/java.ts';
import { startKafka } from '../backend/engines/kafka.ts';
import { startMongo } from '../backend/engines/mongo.ts';
import type { Logger } from '../backend/ports/logger.ts';
import './engines.ts';
import { nodesUnfit, otherNodes, type OtherNode } from './nodes.ts';

/** An engine for the tests, or why there is none. */
interface Provided {
  readonly address: string | null;
  readonly missing: string | null;
  readonly note: string;
  readonly stop: () => Promise<void>;
}

const NOTHING_TO_STOP = (): Promise<void> => Promise.resolve();
const NOT_ASKED_FOR: Provided = { address: null, missing: 'not asked for', note: '', stop: NOTHING_TO_STOP };

/** Only what a person who waits for the tests wants to know. */
const logger: Logger = {
  debug: () => {},
  info: (_fields, message) => {
    if (message.startsWith('downloading')) process.stdout.write(`engines: ${message}\n`);
  },
  warn: (_fields, message) => process.stdout.write(`engines: ${message}\n`),
  error: (_fields, message) => process.stdout.write(`engines: ${message}\n`),
};

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const asked = await askedFor(project);
  const { nodes, missing } = asked.nodes ? await provideNodes() : { nodes: null, missing: 'not asked for' };
  project.provide('nodes', nodes);
  project.provide('nodesMissing', missing);
  const dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-engines-'));
  // A database server with a user of its own has to get in.
  await chmod(dir, 0o755);
  const outcomes = await Promise.allSettled([
    asked.kafka ? provideKafka(path.join(dir, 'kafka')) : NOT_ASKED_FOR,
    asked.mongo ? provideMongo(path.join(dir, 'mongo')) : NOT_ASKED_FOR,
  ]);
  const stopAll = async (): Promise<void> => {
    for (const each of outcomes) if (each.status === 'fulfilled') await each.value.stop();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const [kafka, mongo] = outcomes.map((each) => {
      if (each.status === 'rejected') throw each.reason;
      return each.value;
    });
    report([kafka, mongo]);
    project.provide('kafkaBrokers', kafka?.address?.split(',') ?? null);
    project.provide('kafkaMissing', kafka?.missing ?? null);
    project.provide('mongodbUri', mongo?.address ?? null);
    project.provide('mongodbMissing', mongo?.missing ?? null);
  } catch (error) {
    await stopAll();
    throw error;
  }
  return stopAll;
}

/** Which engines the chosen test files name; starting one takes seconds that the others need not wait. */
async function askedFor(project: TestProject): Promise<{ kafka: boolean; mongo: boolean; nodes: boolean }> {
  const { filenamePattern } = project.vitest as unknown as { filenamePattern?: string[] };
  const { testFiles } = await project.globTestFiles(filenamePattern);
  const sources = await Promise.all(testFiles.map((file) => readFile(file, 'utf8')));
  return {
    kafka: sources.some((source) => /describeWith(Kafka|Engines)/.test(source)),
    mongo: sources.some((source) => /describeWith(Mongo|Engines)/.test(source)),
    nodes: sources.some((source) => /describeWithNodes/.test(source)),
  };
}

async function provideKafka(dir: string): Promise<Provided> {
  const given = process.env['KAFKA_BROKERS'];
  if (given) return { address: given, missing: null, note: `Kafka at ${given} (given)`, stop: NOTHING_TO_STOP };
  const { missing } = (await findEngines()).kafka;
  if (missing !== null) return without('Kafka', missing, 'KAFKA_BROKERS');
  const kafka = await startKafka({ dir, logger, cacheDir: CACHE_DIR });
  const address = kafka.brokers.join(',');
  return { address, missing: null, note: `Kafka at ${address} (started)`, stop: () => kafka.stop() };
}

async function provideMongo(dir: string): Promise<Provided> {
  const given = process.env['MONGODB_URI'];
  if (given) return { address: given, missing: null, note: 'MongoDB at MONGODB_URI (given)', stop: NOTHING_TO_STOP };
  const { missing } = (await findEngines()).mongo;
  if (missing !== null) return without('MongoDB', missing, 'MONGODB_URI');
  const mongo = await startMongo({ dir, logger, cacheDir: CACHE_DIR });
  const note = `MongoDB: ${mongo.engine} at ${mongo.uri} (started)`;
  return { address: mongo.uri, missing: null, note, stop: () => mongo.stop() };
}

/** Where the binaries cannot run their tests are skipped on any machine; where they cannot be had, on a person's alone. */
async function provideNodes(): Promise<{ nodes: OtherNode[] | null; missing: string | null }> {
  const unfit = nodesUnfit();
  if (unfit !== null) return { nodes: null, missing: unfit };
  try {
    const nodes = await otherNodes(CACHE_DIR, (message) => process.stdout.write(`engines: ${message}\n`));
    return { nodes, missing: null };
  } catch (error) {
    const { message } = error as Error;
    refuseToSkip(message);
    return { nodes: null, missing: message };
  }
}

function refuseToSkip(message: string): void {
  if (process.env['CI'] === 'true' || process.env['REQUIRE_ENGINES'] === '1')
    throw new Error(`${message} (with CI=true or REQUIRE_ENGINES=1 the tests on real engines are not skipped)`);
}

function without(engine: string, missing: string, variable: string): Provided {
  const message = `no ${engine}: ${missing}; or set ${variable}`;
  refuseToSkip(message);
  return { address: null, missing: message, note: `${message}; its tests are skipped`, stop: NOTHING_TO_STOP };
}

function report(engines: readonly (Provided | undefined)[]): void {
  const notes = engines.flatMap((each) => (each === undefined || each.note === '' ? [] : [each.note]));
  if (notes.length > 0) process.stdout.write(`engines: ${notes.join('; ')}\n`);
}
