/** Settings of the Kafka adapter, and the kafkajs clients and clusters made from them. */
import { Kafka, logLevel, type Broker, type Cluster, type LogEntry, type RetryOptions } from 'kafkajs';
import type { Topic } from '../../events/topics.ts';
import type { Logger } from '../../ports/logger.ts';

export interface KafkaSettings {
  /** `host:port` of one broker or more. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly logger: Logger;
  /** Put before every topic, group and writer name, so that several logs can share a broker. */
  readonly topicPrefix: string;
  /** A group member that is silent for so long is taken for dead. */
  readonly sessionTimeoutMs: number;
}

const CONNECTION_TIMEOUT_MS = 2_000;
export const REQUEST_TIMEOUT_MS = 15_000;

/**
 * Every value is given: kafkajs has other defaults when NODE_ENV is "test". The first retry is soon, because a
 * transaction that follows another at once is asked to try again a few milliseconds later.
 */
export const RETRY: RetryOptions = {
  initialRetryTime: 5,
  factor: 0,
  multiplier: 2,
  maxRetryTime: 500,
  retries: 10,
};

/** What sends a broker's requests; kafkajs has it but does not declare it. */
export interface PooledBroker {
  readonly connectionPool: { send(protocol: object): Promise<unknown> };
}

/** Requests to the transaction coordinator that kafkajs has but does not declare. */
export interface TransactionBroker extends Broker, PooledBroker {
  readonly nodeId: number;
  initProducerId(request: { transactionalId: string; transactionTimeout: number }): Promise<{
    producerId: string;
    producerEpoch: number;
  }>;
  addPartitionsToTxn(
    request: ProducerIdentity & { topics: { topic: string; partitions: number[] }[] },
  ): Promise<unknown>;
  endTxn(request: ProducerIdentity & { transactionResult: boolean }): Promise<unknown>;
}

export interface ProducerIdentity {
  transactionalId: string;
  producerId: string;
  producerEpoch: number;
}

/** kafkajs's cluster with what it has but does not declare. */
export interface KafkaCluster extends Omit<Cluster, 'findGroupCoordinator' | 'findBroker'> {
  findBroker(node: { nodeId: string }): Promise<TransactionBroker>;
  findGroupCoordinator(group: { groupId: string; coordinatorType?: 0 | 1 }): Promise<TransactionBroker>;
}

export function createClient(settings: KafkaSettings): Kafka {
  return new Kafka({
    clientId: settings.clientId,
    brokers: [...settings.brokers],
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry: RETRY,
    logLevel: logLevel.WARN,
    // kafkajs logs as errors what it then retries; this adapter reports by itself what matters.
    logCreator: () => (entry: LogEntry) => {
      const { message, timestamp: _timestamp, logger: _logger, ...fields } = entry.log;
      settings.logger.debug({ ...fields, namespace: entry.namespace }, `kafkajs: ${message}`);
    },
  });
}

/**
 * A cluster of its own, not yet connected, that reads committed records only. kafkajs hands its cluster to
 * a partition assigner, which is the one public way to the brokers' requests.
 */
export function openCluster(settings: KafkaSettings): KafkaCluster {
  const captured: Cluster[] = [];
  createClient(settings).consumer({
    groupId: 'never-joined',
    allowAutoTopicCreation: false,
    retry: RETRY,
    partitionAssigners: [
      ({ cluster }) => {
        captured.push(cluster);
        return {
          name: 'none',
          version: 0,
          assign: () => Promise.resolve([]),
          protocol: () => ({ name: 'none', metadata: Buffer.alloc(0) }),
        };
      },
    ],
  });
  const [cluster] = captured;
  if (cluster === undefined) throw new Error('kafkajs created no partition assigner');
  return cluster as unknown as KafkaCluster;
}

export function topicName(settings: KafkaSettings, topic: Topic): string {
  return settings.topicPrefix + topic;
}
