/** How a test file gets the engines that the run was given or started (engines-setup.ts), or is skipped without. */
import { describe, inject } from 'vitest';
import type { OtherNode } from './nodes.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** `host:port` of each broker; null when there is no Kafka. */
    kafkaBrokers: string[] | null;
    /** Null when there is no server that speaks MongoDB's protocol. */
    mongodbUri: string | null;
    /** Why an engine is missing and what to install; null when it is there. */
    kafkaMissing: string | null;
    mongodbMissing: string | null;
    /** Other versions of Node; null when they cannot be had. */
    nodes: OtherNode[] | null;
    nodesMissing: string | null;
  }
}

export interface KafkaForTests {
  readonly brokers: string[];
}

export interface MongoForTests {
  readonly uri: string;
}

/**
 * What a skipped block is given instead of an engine. Its body still runs while tests are collected, and may derive
 * names from these; nobody ever connects to them.
 */
const NO_BROKERS = ['skipped.invalid:9092'];
const NO_URI = 'mongodb://skipped.invalid/';

/** A describe block that needs a Kafka broker; without one its tests are skipped, by name. */
export function describeWithKafka(name: string, define: (kafka: KafkaForTests) => void): void {
  const brokers = provided('kafkaBrokers');
  const missing = brokers === null ? (provided('kafkaMissing') ?? 'no Kafka') : null;
  describeUnless(missing, name, () => define({ brokers: brokers ?? NO_BROKERS }));
}

/** A describe block that needs a server that speaks MongoDB's protocol. */
export function describeWithMongo(name: string, define: (mongo: MongoForTests) => void): void {
  const uri = provided('mongodbUri');
  const missing = uri === null ? (provided('mongodbMissing') ?? 'no MongoDB') : null;
  describeUnless(missing, name, () => define({ uri: uri ?? NO_URI }));
}

/** A describe block that needs both. */
export function describeWithEngines(name: string, define: (engines: KafkaForTests & MongoForTests) => void): void {
  const brokers = provided('kafkaBrokers');
  const uri = provided('mongodbUri');
  const missing = [
    brokers === null ? (provided('kafkaMissing') ?? 'no Kafka') : null,
    uri === null ? (provided('mongodbMissing') ?? 'no MongoDB') : null,
  ].filter((each) => each !== null);
  describeUnless(missing.length > 0 ? missing.join('; ') : null, name, () =>
    define({ brokers: brokers ?? NO_BROKERS, uri: uri ?? NO_URI }),
  );
}

/** A describe block that runs the program by several versions of Node. */
export function describeWithNodes(name: string, define: (nodes: readonly OtherNode[]) => void): void {
  const nodes = provided('nodes');
  const missing = nodes === null ? (provided('nodesMissing') ?? 'no other versions of Node') : null;
  describeUnless(missing, name, () => define(nodes ?? [{ version: 'skipped', file: process.execPath }]));
}

/** A name that no other test has, for topics, groups and databases on an engine that is shared. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${process.pid.toString(36)}-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}`;
}

function describeUnless(missing: string | null, name: string, define: () => void): void {
  if (missing === null) describe(name, define);
  else describe.skip(`${name} [skipped: ${missing}]`, define);
}

type Provided = 'kafkaBrokers' | 'mongodbUri' | 'kafkaMissing' | 'mongodbMissing' | 'nodes' | 'nodesMissing';

function provided<K extends Provided>(key: K) {
  // Undefined when the run has no engines-setup, e.g. in an editor's own runner.
  return inject(key) ?? null;
}
