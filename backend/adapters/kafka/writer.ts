/**
 * The fenced writer: one append is one transaction of the transactional id that bears the writer's name.
 *
 * It speaks kafkajs's transaction requests itself instead of using its producer, because the producer
 * fences only at its first transaction, sends a batch twice when one of several brokers fails while
 * another is still at work, and asks for the coordinator and the metadata again and again.
 */
import type { NewRecord } from '../../events/codec.ts';
import { describeTopic } from '../../events/topics.ts';
import type { Writer } from '../../ports/event-log.ts';
import { ShopError } from '../../ports/errors.ts';
import {
  REQUEST_TIMEOUT_MS,
  topicName,
  type KafkaCluster,
  type KafkaSettings,
  type ProducerIdentity,
} from './client.ts';
import { chunksOf, type PartitionChunk } from './chunks.ts';
import { ClusterConnection, within } from './connection.ts';
import { isFenced, toShopError, typeOf, unknownPartition } from './kafka-errors.ts';

/** The broker aborts a transaction whose writer is silent for so long; until then it holds readers up. */
const TRANSACTION_TIMEOUT_MS = 20_000;
/** Fencing waits for the predecessor's open transaction to be aborted, and for a new broker to get ready. */
const FENCE_WAIT_MAX_MS = 30_000;
const ABORT_WAIT_MAX_MS = 3_000;
/** The markers of the transaction before are being written; that takes a few milliseconds. */
const PREVIOUS_WAIT_MAX_MS = 10_000;
const PREVIOUS_LOOK_INTERVAL_MS = 2;
const TRANSACTION_COORDINATOR = 1;
const ACKS_ALL = -1;

/** Told what has been appended, so that the log's own reads see it. */
export type OnAppended = (record: NewRecord, offset: number) => void;

export async function openWriter(settings: KafkaSettings, name: string, onAppended: OnAppended): Promise<KafkaWriter> {
  const connection = new ClusterConnection(settings);
  const transactionalId = settings.topicPrefix + name;
  try {
    const { producerId, producerEpoch } = await connection.retry(
      `becoming the writer "${name}"`,
      [],
      FENCE_WAIT_MAX_MS,
      async (cluster) => {
        const broker = await coordinatorOf(cluster, transactionalId);
        return broker.initProducerId({ transactionalId, transactionTimeout: TRANSACTION_TIMEOUT_MS });
      },
    );
    return new KafkaWriter(settings, name, connection, { transactionalId, producerId, producerEpoch }, onAppended);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

function coordinatorOf(cluster: KafkaCluster, transactionalId: string) {
  return cluster.findGroupCoordinator({ groupId: transactionalId, coordinatorType: TRANSACTION_COORDINATOR });
}

export class KafkaWriter implements Writer {
  readonly #settings: KafkaSettings;
  readonly #name: string;
  readonly #connection: ClusterConnection;
  readonly #identity: ProducerIdentity;
  readonly #onAppended: OnAppended;
  /** Records sent of each partition since fencing: the broker uses them to tell a repeated batch. */
  readonly #sequences = new Map<string, number>();
  #coordinator: string | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #failed: ShopError | null = null;

  constructor(
    settings: KafkaSettings,
    name: string,
    connection: ClusterConnection,
    identity: ProducerIdentity,
    onAppended: OnAppended,
  ) {
    this.#settings = settings;
    this.#name = name;
    this.#connection = connection;
    this.#identity = identity;
    this.#onAppended = onAppended;
  }

  append(records: readonly NewRecord[]): Promise<number[]> {
    const result = this.#turn.then(() => this.#append(records));
    this.#turn = result.catch(() => {});
    return result;
  }

  async close(): Promise<void> {
    await this.#turn;
    this.#failed ??= new ShopError('CLOSED', `the writer "${this.#name}" is closed`);
    await this.#connection.close();
  }

  async #append(records: readonly NewRecord[]): Promise<number[]> {
    if (this.#failed !== null)
      throw new ShopError(this.#failed.code, this.#failed.message, { cause: this.#failed.cause });
    for (const record of records) checkPartition(record);
    if (records.length === 0) return [];
    try {
      const offsets = await this.#transact(records);
      records.forEach((record, index) => this.#onAppended(record, offsets[index] ?? 0));
      return offsets;
    } catch (error) {
      // What the broker knows of this writer is not certain any more, so the owner has to fence anew.
      this.#failed = toShopError(this.#settings, `appending as the writer "${this.#name}"`, error);
      throw this.#failed;
    }
  }

  async #transact(records: readonly NewRecord[]): Promise<number[]> {
    const requests = chunksOf(records, (record) => topicName(this.#settings, record.topic));
    const partitions = partitionsOf(requests);
    const topics = partitions.map((each) => each.topic);
    const offsets = new Array<number>(records.length).fill(-1);
    let begun = false;
    try {
      await this.#run(topics, (cluster) => this.#begin(cluster, partitions));
      begun = true;
      for (const request of requests) await this.#run(topics, (cluster) => this.#produce(cluster, request, offsets));
      if (offsets.includes(-1)) throw new Error('Kafka gave no offset for a record');
    } catch (error) {
      // The transaction was not committed and can only be aborted: nothing was appended, whatever failed.
      if (begun && !isFenced(error)) await this.#abort();
      throw error;
    }
    await this.#commit();
    return offsets;
  }

  #run<T>(topics: readonly string[], work: (cluster: KafkaCluster) => Promise<T>): Promise<T> {
    return this.#connection.run(topics, work);
  }

  async #coordinatorOf(cluster: KafkaCluster) {
    if (this.#coordinator !== null) return cluster.findBroker({ nodeId: this.#coordinator });
    const broker = await coordinatorOf(cluster, this.#identity.transactionalId);
    this.#coordinator = String(broker.nodeId);
    return broker;
  }

  async #begin(cluster: KafkaCluster, topics: { topic: string; partitions: number[] }[]): Promise<void> {
    const deadline = Date.now() + PREVIOUS_WAIT_MAX_MS;
    for (;;) {
      try {
        const broker = await this.#coordinatorOf(cluster);
        await broker.addPartitionsToTxn({ ...this.#identity, topics });
        return;
      } catch (error) {
        const type = typeOf(error);
        // A coordinator that moved is looked up anew; nothing of this transaction has been sent yet.
        const moved = [
          'NOT_COORDINATOR_FOR_GROUP',
          'GROUP_COORDINATOR_NOT_AVAILABLE',
          'GROUP_LOAD_IN_PROGRESS',
        ].includes(type);
        if (moved) this.#coordinator = null;
        if ((!moved && type !== 'CONCURRENT_TRANSACTIONS') || Date.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, moved ? 50 : PREVIOUS_LOOK_INTERVAL_MS));
      }
    }
  }

  async #produce(cluster: KafkaCluster, request: readonly PartitionChunk[], offsets: number[]): Promise<void> {
    for (const [leader, chunks] of byLeader(cluster, request)) {
      const broker = await cluster.findBroker({ nodeId: leader });
      const response = (await broker.produce({
        transactionalId: this.#identity.transactionalId,
        // Typed as a number, but a 64-bit one that kafkajs reads and writes as a string.
        producerId: this.#identity.producerId as unknown as number,
        producerEpoch: this.#identity.producerEpoch,
        acks: ACKS_ALL,
        timeout: REQUEST_TIMEOUT_MS,
        topicData: this.#topicDataOf(chunks),
      })) as ProduceResponse;
      for (const { topicName, partitions } of response.topics) {
        for (const { partition, baseOffset } of partitions) {
          const chunk = chunks.find((each) => each.topicName === topicName && each.partition === partition);
          chunk?.indexes.forEach((index, position) => (offsets[index] = Number(baseOffset) + position));
        }
      }
    }
  }

  #topicDataOf(chunks: readonly PartitionChunk[]) {
    const topics = new Map<
      string,
      { partition: number; firstSequence: number; messages: PartitionChunk['messages'] }[]
    >();
    for (const { topicName, partition, messages } of chunks) {
      const name = `${topicName}/${partition}`;
      const firstSequence = this.#sequences.get(name) ?? 0;
      this.#sequences.set(name, (firstSequence + messages.length) % 2 ** 31);
      topics.set(topicName, [...(topics.get(topicName) ?? []), { partition, firstSequence, messages }]);
    }
    return [...topics].map(([topic, partitions]) => ({ topic, partitions }));
  }

  async #commit(): Promise<void> {
    try {
      await this.#end(true);
    } catch (error) {
      // Being fenced is an answer; anything else leaves open whether the coordinator took the commit.
      if (isFenced(error)) throw error;
      const message = `whether the append of the writer "${this.#name}" took place is not known; fence, read and decide again`;
      throw new ShopError('UNKNOWN_OUTCOME', message, { cause: error });
    }
  }

  async #abort(): Promise<void> {
    try {
      await within(ABORT_WAIT_MAX_MS, this.#settings, this.#end(false));
    } catch (error) {
      this.#settings.logger.debug({ error }, 'the transaction could not be aborted; the next writer, or time, will');
    }
  }

  #end(commit: boolean): Promise<void> {
    return this.#run([], async (cluster) => {
      const broker = await this.#coordinatorOf(cluster);
      await broker.endTxn({ ...this.#identity, transactionResult: commit });
    });
  }
}

interface ProduceResponse {
  readonly topics: readonly {
    readonly topicName: string;
    readonly partitions: readonly { readonly partition: number; readonly baseOffset: string }[];
  }[];
}

/** kafkajs silently drops records for partitions that do not exist. */
export function checkPartition(record: NewRecord): void {
  const { partitions } = describeTopic(record.topic);
  if (Number.isInteger(record.partition) && record.partition >= 0 && record.partition < partitions) return;
  const message = `topic ${record.topic} has the partitions 0 to ${partitions - 1}, not ${record.partition}`;
  throw new ShopError('BAD_INPUT', message);
}

function partitionsOf(requests: readonly (readonly PartitionChunk[])[]): { topic: string; partitions: number[] }[] {
  const topics = new Map<string, Set<number>>();
  for (const { topicName, partition } of requests.flat())
    topics.set(topicName, (topics.get(topicName) ?? new Set()).add(partition));
  return [...topics].map(([topic, partitions]) => ({ topic, partitions: [...partitions] }));
}

function byLeader(cluster: KafkaCluster, chunks: readonly PartitionChunk[]): Map<string, PartitionChunk[]> {
  const groups = new Map<string, PartitionChunk[]>();
  for (const chunk of chunks) {
    const leader = Object.keys(cluster.findLeaderForPartitions(chunk.topicName, [chunk.partition]))[0];
    if (leader === undefined) throw unknownPartition(chunk.topicName, chunk.partition);
    groups.set(leader, [...(groups.get(leader) ?? []), chunk]);
  }
  return groups;
}
