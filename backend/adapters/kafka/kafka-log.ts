/** The event log in Apache Kafka, over kafkajs. */
import { Partitioners, type Producer } from 'kafkajs';
import type { NewRecord } from '../../events/codec.ts';
import type { Topic } from '../../events/topics.ts';
import { ShopError } from '../../ports/errors.ts';
import type {
  Batch,
  Bounds,
  EventLog,
  SubscribeOptions,
  Subscription,
  TopicPartition,
  Writer,
} from '../../ports/event-log.ts';
import type { Logger } from '../../ports/logger.ts';
import { boundsOf, topicBounds } from './bounds.ts';
import { chunksOf } from './chunks.ts';
import { createClient, RETRY, topicName, type KafkaSettings } from './client.ts';
import { ClusterConnection, within } from './connection.ts';
import { Feed } from './feed.ts';
import { toShopError, unavailable } from './kafka-errors.ts';
import { outOfBounds, Puller } from './puller.ts';
import { KafkaSubscription } from './subscription.ts';
import { ensureTopics } from './topic-admin.ts';
import { checkPartition, openWriter, type KafkaWriter } from './writer.ts';

export interface KafkaLogOptions {
  /** `host:port` of one broker or more. */
  readonly brokers: readonly string[];
  /** Shown by the broker's own tools. */
  readonly clientId: string;
  readonly logger: Logger;
  /** Put before every topic, group and writer name, so that several logs can share a broker. Default: none. */
  readonly topicPrefix?: string;
  /** A group member that is silent for so long is taken for dead. Default 10 s; Kafka wants 6 s at least. */
  readonly sessionTimeoutMs?: number;
}

const OPEN_WAIT_MAX_MS = 8_000;
const SESSION_TIMEOUT_MS = 10_000;
/** How soon an own append is readable: the coordinator writes the markers after it has answered. */
const OWN_APPEND_WAIT_MAX_MS = 10_000;
const LOOK_INTERVAL_MS = 3;
const ACKS_ALL = -1;
const ACKS_NONE = 0;

/** Connects; rejects with UNAVAILABLE within 10 s when no broker answers. */
export async function openKafkaLog(options: KafkaLogOptions): Promise<EventLog> {
  const settings: KafkaSettings = {
    brokers: options.brokers,
    clientId: options.clientId,
    logger: options.logger,
    topicPrefix: options.topicPrefix ?? '',
    sessionTimeoutMs: options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS,
  };
  const connection = new ClusterConnection(settings);
  try {
    await within(
      OPEN_WAIT_MAX_MS,
      settings,
      connection.run([], () => Promise.resolve()),
    );
  } catch (error) {
    void connection.close();
    throw unavailable(settings, error);
  }
  return new KafkaLog(settings, connection);
}

class KafkaLog implements EventLog {
  readonly engine = 'Apache Kafka';
  readonly #settings: KafkaSettings;
  /** For bounds and other short questions. */
  readonly #connection: ClusterConnection;
  /** For finite reads. */
  readonly #puller: Puller;
  readonly #subscriptions = new Set<KafkaSubscription>();
  readonly #writers = new Set<KafkaWriter>();
  /** By partition, the last offset appended through this handle. */
  readonly #appended = new Map<string, number>();
  #producer: Promise<Producer> | null = null;
  #closing: Promise<void> | null = null;

  constructor(settings: KafkaSettings, connection: ClusterConnection) {
    this.#settings = settings;
    this.#connection = connection;
    this.#puller = new Puller(settings);
  }

  async ensureTopics(): Promise<void> {
    this.#assertOpen();
    await ensureTopics(this.#settings);
  }

  /** `end` is the last stable offset; what was appended through this handle is always within. */
  async bounds(topic: Topic): Promise<Bounds[]> {
    const deadline = Date.now() + OWN_APPEND_WAIT_MAX_MS;
    for (;;) {
      this.#assertOpen();
      const bounds = await topicBounds(this.#connection, this.#settings, topic);
      const behind = bounds.some(({ end }, partition) => end <= (this.#appended.get(`${topic}/${partition}`) ?? -1));
      if (!behind || Date.now() > deadline) return bounds;
      await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
    }
  }

  async *read(source: TopicPartition, from: number, to: number): AsyncGenerator<Batch> {
    this.#assertOpen();
    if (from >= to) return;
    const { low, end } = await boundsOf(this.#connection, this.#settings, source);
    if (from < low) throw outOfBounds(source.topic, source.partition, from, low, end);
    const feed = new Feed(source, topicName(this.#settings, source.topic), from, to);
    this.#puller.add(feed);
    try {
      for (let batch = await feed.take(); batch !== null; batch = await feed.take()) yield batch;
    } finally {
      this.#puller.remove(feed);
    }
  }

  subscribe(options: SubscribeOptions): Promise<Subscription> {
    return this.#guarded(() => {
      const subscription = new KafkaSubscription(this.#settings, this.#connection, options);
      this.#subscriptions.add(subscription);
      const forget = (): boolean => this.#subscriptions.delete(subscription);
      subscription.ended.then(forget, forget);
      subscription.start();
      return Promise.resolve(subscription);
    });
  }

  writer(name: string): Promise<Writer> {
    return this.#guarded(async () => {
      const writer = await openWriter(this.#settings, name, (record, offset) => this.#noteAppended(record, offset));
      this.#writers.add(writer);
      return writer;
    });
  }

  append(records: readonly NewRecord[], options?: { readonly signal?: boolean }): Promise<void> {
    return this.#guarded(async () => {
      records.forEach(checkPartition);
      try {
        const producer = await this.#connectedProducer();
        for (const request of chunksOf(records, (record) => topicName(this.#settings, record.topic))) {
          await producer.sendBatch({
            acks: options?.signal === true ? ACKS_NONE : ACKS_ALL,
            topicMessages: request.map(({ topicName: topic, partition, messages }) => ({
              topic,
              messages: messages.map((message) => ({ ...message, partition })),
            })),
          });
        }
      } catch (error) {
        throw toShopError(this.#settings, 'appending', error);
      }
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#subscriptions].map((each) => each.stop()));
    await Promise.all([...this.#writers].map((each) => each.close()));
    await this.#puller.close();
    await this.#connection.close();
    await this.#producer?.then((producer) => producer.disconnect()).catch(() => {});
  }

  async #connectedProducer(): Promise<Producer> {
    this.#producer ??= (async () => {
      const producer = createClient(this.#settings).producer({
        // Every record names its partition; this is only to say so explicitly.
        createPartitioner: Partitioners.DefaultPartitioner,
        allowAutoTopicCreation: false,
        maxInFlightRequests: 1,
        retry: RETRY,
      });
      await producer.connect();
      return producer;
    })();
    try {
      return await this.#producer;
    } catch (error) {
      this.#producer = null;
      throw error;
    }
  }

  #noteAppended(record: NewRecord, offset: number): void {
    this.#appended.set(`${record.topic}/${record.partition}`, offset);
  }

  #assertOpen(): void {
    if (this.#closing !== null) throw new ShopError('CLOSED', 'the event log is closed');
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    this.#assertOpen();
    return work();
  }
}
