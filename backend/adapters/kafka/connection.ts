/** One connected cluster, replaced whenever its connection breaks. */
import type { Logger } from '../../ports/logger.ts';
import { isShopError, ShopError } from '../../ports/errors.ts';
import { openCluster, REQUEST_TIMEOUT_MS, type KafkaCluster, type KafkaSettings } from './client.ts';
import { isConnectionError, isPermanent, toShopError, unavailable } from './kafka-errors.ts';

/** A request that kafkajs has not settled by then has been lost by it. */
const REQUEST_LOST_MS = REQUEST_TIMEOUT_MS + 5_000;
const RETRY_INTERVAL_MIN_MS = 20;
const RETRY_INTERVAL_MAX_MS = 500;

export class ClusterConnection {
  readonly #settings: KafkaSettings;
  #cluster: Promise<KafkaCluster> | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(settings: KafkaSettings) {
    this.#settings = settings;
  }

  get logger(): Logger {
    return this.#settings.logger;
  }

  /**
   * Runs `work` on a connected cluster that knows `topics` (Kafka's names), after the work asked for before:
   * kafkajs opens several sockets on one connection when it is asked for several requests while it reconnects.
   * A broken connection is dropped, so that the next run connects anew.
   */
  run<T>(topics: readonly string[], work: (cluster: KafkaCluster) => Promise<T>): Promise<T> {
    const result = this.#turn.then(() => this.runUnqueued(topics, work));
    this.#turn = result.catch(() => {});
    return result;
  }

  /** As `run`, for callers that see to it that they make one request at a time to a broker. */
  async runUnqueued<T>(topics: readonly string[], work: (cluster: KafkaCluster) => Promise<T>): Promise<T> {
    const connecting = this.#connected();
    try {
      return await within(REQUEST_LOST_MS, this.#settings, this.#known(connecting, topics).then(work));
    } catch (error) {
      if (this.#closed) throw new ShopError('CLOSED', 'the event log is closed', { cause: error });
      if (isConnectionError(error) || isShopError(error, 'UNAVAILABLE')) this.#drop(connecting);
      throw error;
    }
  }

  /** As `run`, trying again until `waitMaxMs` is over unless the error is one that stays. Throws ShopErrors. */
  async retry<T>(
    doing: string,
    topics: readonly string[],
    waitMaxMs: number,
    work: (cluster: KafkaCluster) => Promise<T>,
  ): Promise<T> {
    const deadline = Date.now() + waitMaxMs;
    for (let pause = RETRY_INTERVAL_MIN_MS; ; pause = Math.min(pause * 2, RETRY_INTERVAL_MAX_MS)) {
      try {
        return await this.run(topics, work);
      } catch (error) {
        if ((isPermanent(error) && !isShopError(error, 'UNAVAILABLE')) || Date.now() + pause > deadline)
          throw toShopError(this.#settings, doing, error);
        await new Promise((resolve) => setTimeout(resolve, pause));
        await this.refresh();
      }
    }
  }

  /** Asks for the topics' leaders anew; whether that worked shows at the next request. */
  async refresh(): Promise<void> {
    await this.run([], (cluster) => cluster.refreshMetadata()).catch(() => {});
  }

  async close(): Promise<void> {
    this.#closed = true;
    const connecting = this.#cluster;
    if (connecting !== null) this.#drop(connecting);
    await connecting?.catch(() => {});
  }

  #connected(): Promise<KafkaCluster> {
    if (this.#closed) return Promise.reject(new ShopError('CLOSED', 'the event log is closed'));
    this.#cluster ??= this.#connect();
    return this.#cluster;
  }

  async #connect(): Promise<KafkaCluster> {
    const cluster = openCluster(this.#settings);
    await cluster.connect();
    await cluster.refreshMetadata();
    return cluster;
  }

  async #known(connecting: Promise<KafkaCluster>, topics: readonly string[]): Promise<KafkaCluster> {
    let cluster: KafkaCluster;
    try {
      cluster = await connecting;
    } catch (error) {
      this.#drop(connecting);
      throw error;
    }
    if (topics.length > 0) {
      await cluster.addMultipleTargetTopics([...topics]);
      await cluster.refreshMetadataIfNecessary();
    }
    return cluster;
  }

  #drop(connecting: Promise<KafkaCluster>): void {
    if (this.#cluster === connecting) this.#cluster = null;
    connecting.then((cluster) => cluster.disconnect()).catch(() => {});
  }
}

/** Rejects with UNAVAILABLE when `work` has not settled in time. */
export async function within<T>(limitMs: number, settings: KafkaSettings, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(unavailable(settings, new Error(`no answer within ${limitMs} ms`))), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
