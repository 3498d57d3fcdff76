/**
 * Fetches for feeds: one request at a time to each broker, for all the feeds that it leads and that want more.
 *
 * This is a fetch request without kafkajs's consumer around it. The consumer gives no batch for
 * transaction markers, resets offsets silently, lets a slow partition hold up the others, and does not say
 * what offset a batch of markers was asked from; here each of these is exact.
 */
import { isShopError, ShopError } from '../../ports/errors.ts';
import type { KafkaCluster, KafkaSettings } from './client.ts';
import { ClusterConnection } from './connection.ts';
import type { Feed } from './feed.ts';
import { fetchFrom, type FetchRequest, type FetchResponse } from './fetch.ts';
import { committedOf, type Fetched } from './fetched.ts';
import { isConnectionError, isPermanent, toShopError, typeOf, unknownPartition } from './kafka-errors.ts';
import { boundsOf } from './bounds.ts';

/** How long the broker holds a request when there is nothing to give. New records are given at once. */
const LONG_POLL_MS = 100;
/** The same while other feeds are full: they may want more at any moment. */
const SHORT_POLL_MS = 20;
const PARTITION_BYTES_MAX = 1_048_576;
const RESPONSE_BYTES_MAX = 16 * PARTITION_BYTES_MAX;
const BACKOFF_MIN_MS = 50;
const BACKOFF_MAX_MS = 1_000;
/** A topic that is not known for so long is gone, rather than new. */
const TOPIC_GONE_MS = 20_000;
const READ_COMMITTED = 1;

interface Asked {
  readonly feed: Feed;
  readonly from: number;
  readonly version: number;
}

export class Puller {
  readonly #settings: KafkaSettings;
  readonly #connection: ClusterConnection;
  readonly #feeds = new Set<Feed>();
  readonly #busy = new Set<string>();
  readonly #inFlight = new Set<Feed>();
  #scheduled = false;
  #resolving = false;
  #closed = false;
  #backoffMs = 0;
  #failingSince: number | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: KafkaSettings) {
    this.#settings = settings;
    this.#connection = new ClusterConnection(settings);
  }

  add(feed: Feed): void {
    if (this.#closed) {
      feed.fail(new ShopError('CLOSED', 'the event log is closed'));
      return;
    }
    this.#feeds.add(feed);
    feed.onWanting = () => this.#poke();
    this.#poke();
  }

  remove(feed: Feed): void {
    feed.end();
    this.#feeds.delete(feed);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const feed of this.#feeds) feed.fail(new ShopError('CLOSED', 'the event log is closed'));
    this.#feeds.clear();
    await this.#connection.close();
  }

  #poke(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      void this.#pump();
    });
  }

  async #pump(): Promise<void> {
    if (this.#resolving || this.#backoffMs > 0 || this.#closed) return;
    const wanting = [...this.#feeds].filter((feed) => feed.wants && !this.#inFlight.has(feed));
    if (wanting.length === 0) return;
    this.#resolving = true;
    try {
      const names = [...new Set(wanting.map((feed) => feed.topicName))];
      const leaders = await this.#connection.run(names, (cluster) => Promise.resolve(byLeader(cluster, wanting)));
      for (const [leader, feeds] of leaders) if (!this.#busy.has(leader)) void this.#pull(leader, feeds);
    } catch (error) {
      this.#failed(error, wanting);
    } finally {
      this.#resolving = false;
    }
  }

  async #pull(leader: string, feeds: readonly Feed[]): Promise<void> {
    const asked = feeds.map((feed): Asked => ({ feed, from: feed.next, version: feed.version }));
    this.#busy.add(leader);
    for (const feed of feeds) this.#inFlight.add(feed);
    try {
      const response = await this.#connection.runUnqueued([], async (cluster) => {
        const broker = await cluster.findBroker({ nodeId: leader });
        return fetchFrom(broker, this.#requestFor(asked));
      });
      this.#deliver(response, asked);
      this.#recovered();
    } catch (error) {
      if (typeOf(error) === 'OFFSET_OUT_OF_RANGE') await this.#outOfRange(asked);
      else this.#failed(error, feeds);
    } finally {
      this.#busy.delete(leader);
      for (const feed of feeds) this.#inFlight.delete(feed);
      this.#poke();
    }
  }

  #requestFor(asked: readonly Asked[]): FetchRequest {
    const topics = new Map<string, { partition: number; fetchOffset: string; maxBytes: number }[]>();
    for (const { feed, from } of asked) {
      const partitions = topics.get(feed.topicName) ?? [];
      partitions.push({ partition: feed.source.partition, fetchOffset: String(from), maxBytes: PARTITION_BYTES_MAX });
      topics.set(feed.topicName, partitions);
    }
    return {
      isolationLevel: READ_COMMITTED,
      maxWaitTime: asked.length === this.#feeds.size ? LONG_POLL_MS : SHORT_POLL_MS,
      minBytes: 1,
      maxBytes: RESPONSE_BYTES_MAX,
      topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })),
    };
  }

  #deliver(response: FetchResponse, asked: readonly Asked[]): void {
    for (const { topicName, partitions } of response.responses) {
      for (const fetched of partitions) {
        for (const { feed, from, version } of asked) {
          // Several finite reads of one partition may be under way, at different offsets.
          if (feed.topicName !== topicName || feed.source.partition !== fetched.partition) continue;
          accept(feed, version, () => committedOf(fetched, feed.source, from));
        }
      }
    }
  }

  /** Some offset that was asked for is not in the log: finds out whose, which kafkajs does not always say. */
  async #outOfRange(asked: readonly Asked[]): Promise<void> {
    for (const { feed, from, version } of asked) {
      if (feed.ended || feed.version !== version) continue;
      try {
        const { low, end } = await boundsOf(this.#connection, this.#settings, feed.source);
        if (from < low || from > end) feed.fail(outOfBounds(feed.source.topic, feed.source.partition, from, low, end));
      } catch (error) {
        this.#failed(error, [feed]);
      }
    }
  }

  #failed(error: unknown, feeds: readonly Feed[]): void {
    if (this.#closed) return;
    const doing = `reading ${[...new Set(feeds.map((feed) => feed.source.topic))].join(', ')}`;
    const lost = isShopError(error, 'UNAVAILABLE');
    if (isPermanent(error) && !lost) {
      for (const feed of feeds) feed.fail(toShopError(this.#settings, doing, error));
      return;
    }
    if (this.#failingSince === null) {
      this.#failingSince = Date.now();
      if (isConnectionError(error) || lost)
        this.#settings.logger.warn(
          { brokers: this.#settings.brokers },
          `${doing}: Kafka does not answer; trying again`,
        );
    }
    if (typeOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION' && Date.now() - this.#failingSince > TOPIC_GONE_MS) {
      const gone = `${doing}: a topic does not exist any more; it holds the truth, so restore it or start with empty stores`;
      for (const feed of feeds) feed.fail(new ShopError('LOG_MISMATCH', gone, { cause: error }));
    }
    this.#backoff();
  }

  #backoff(): void {
    if (this.#backoffMs > 0) return;
    const failingMs = Date.now() - (this.#failingSince ?? Date.now());
    this.#backoffMs = Math.min(Math.max(failingMs / 2, BACKOFF_MIN_MS), BACKOFF_MAX_MS);
    this.#timer = setTimeout(() => {
      void this.#connection.refresh().finally(() => {
        this.#backoffMs = 0;
        this.#poke();
      });
    }, this.#backoffMs);
  }

  #recovered(): void {
    if (this.#failingSince === null) return;
    const afterMs = Date.now() - this.#failingSince;
    this.#failingSince = null;
    this.#settings.logger.info({ afterMs }, 'Kafka answers again');
  }
}

/** A partition that is damaged fails its own readers; those of the other partitions in the answer go on. */
function accept(feed: Feed, version: number, read: () => Fetched): void {
  try {
    feed.accept(version, read());
  } catch (error) {
    if (!isShopError(error)) throw error;
    feed.fail(error);
  }
}

/** Feeds of which one request to one broker can ask: by the partitions' leaders, each partition once. */
function byLeader(cluster: KafkaCluster, feeds: readonly Feed[]): Map<string, Feed[]> {
  const groups = new Map<string, Feed[]>();
  const seen = new Set<string>();
  for (const feed of feeds) {
    const { partition } = feed.source;
    const name = `${feed.topicName}/${partition}`;
    if (seen.has(name)) continue;
    seen.add(name);
    const leader = Object.keys(cluster.findLeaderForPartitions(feed.topicName, [partition]))[0];
    if (leader === undefined) throw unknownPartition(feed.topicName, partition);
    groups.set(leader, [...(groups.get(leader) ?? []), feed]);
  }
  return groups;
}

export function outOfBounds(topic: string, partition: number, offset: number, low: number, end: number): ShopError {
  const message =
    `${topic}/${partition} holds the offsets ${low} to ${end}, but ${offset} was to be read: ` +
    `the log was truncated or made anew; restore it, or rebuild from what it holds`;
  return new ShopError('LOG_MISMATCH', message);
}
