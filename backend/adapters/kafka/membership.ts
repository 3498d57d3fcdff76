/**
 * Membership of a consumer group, through kafkajs's consumer: joining, heartbeats, rebalances and the offsets
 * that Kafka's own tools show. The consumer reads nothing: all its partitions are paused, so that its loop
 * does no more than send heartbeats, and no slow reader can ever delay them. Puller reads.
 */
import type { Consumer } from 'kafkajs';
import type { TopicPartition } from '../../ports/event-log.ts';
import type { Topic } from '../../events/topics.ts';
import { coPartitioned } from './assigner.ts';
import { createClient, RETRY, topicName, type KafkaSettings } from './client.ts';
import { isPermanent, toShopError } from './kafka-errors.ts';

const HEARTBEAT_INTERVAL_MS = 500;
/** How often the consumer's loop looks whether a heartbeat is due. */
const LOOP_INTERVAL_MS = 250;
/** How long the others wait for this member to join again. It does within a second: no batch in hand holds it up. */
const REBALANCE_TIMEOUT_MS = 6_000;
const COMMIT_INTERVAL_MS = 1_000;
const COMMIT_WAIT_MAX_MS = 2_000;
const LEAVE_WAIT_MAX_MS = 5_000;
const WATCH_INTERVAL_MS = 2_000;
/**
 * While Kafka is away the consumer keeps trying with the member id that it has: when Kafka is back soon, the group
 * is as it was, while a new member would have to wait until the old one is taken for dead.
 */
const HEARTBEAT_RETRIES_MAX = 10_000;
/** Beyond the time after which something should have been heard of the membership. */
const SILENCE_ALLOWANCE_MS = 5_000;
const RELAUNCH_MIN_MS = 200;
const RELAUNCH_MAX_MS = 5_000;

export interface MembershipEvents {
  /** These partitions are ours from now on, and no others. */
  assigned(sources: readonly TopicPartition[]): void;
  /** None is ours any more. */
  revoked(): void;
  /** The membership ended, and trying again would not help. */
  failed(error: Error): void;
  /** Whether Kafka answers questions about that group at the moment. */
  reachable(group: string): Promise<boolean>;
}

export class Membership {
  readonly #settings: KafkaSettings;
  readonly #group: string;
  readonly #topics: readonly Topic[];
  readonly #events: MembershipEvents;
  #consumer: Consumer | null = null;
  /** Raised by each launch, so that a consumer that was given up is not listened to any more. */
  #launch = 0;
  #joined = false;
  #stopped = false;
  #lastSignAt = Date.now();
  #relaunchMs = RELAUNCH_MIN_MS;
  #relaunchTimer: NodeJS.Timeout | undefined;
  #watchTimer: NodeJS.Timeout | undefined;
  #commitTimer: NodeJS.Timeout | undefined;
  #uncommitted = new Map<string, { topic: string; partition: number; offset: string }>();

  constructor(settings: KafkaSettings, group: string, topics: readonly Topic[], events: MembershipEvents) {
    this.#settings = settings;
    this.#group = settings.topicPrefix + group;
    this.#topics = topics;
    this.#events = events;
  }

  start(): void {
    void this.#start();
    this.#watchTimer = setInterval(() => void this.#watch(), WATCH_INTERVAL_MS);
    this.#commitTimer = setInterval(() => void this.#commitNow(), COMMIT_INTERVAL_MS);
  }

  commit(source: TopicPartition, next: number): void {
    const topic = topicName(this.#settings, source.topic);
    this.#uncommitted.set(`${topic}/${source.partition}`, { topic, partition: source.partition, offset: String(next) });
  }

  /** Leaves the group, so that the others take over at once. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#relaunchTimer);
    clearInterval(this.#watchTimer);
    clearInterval(this.#commitTimer);
    const deadline = Date.now() + LEAVE_WAIT_MAX_MS;
    // kafkajs does not leave a group that it is just joining; the others would wait for a dead member.
    while (!this.#joined && this.#consumer !== null && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 20));
    await this.#commitNow();
    const consumer = this.#consumer;
    this.#consumer = null;
    this.#launch++;
    if (consumer !== null) await settledWithin(LEAVE_WAIT_MAX_MS, consumer.disconnect());
  }

  async #start(): Promise<void> {
    const launch = ++this.#launch;
    this.#lastSignAt = Date.now();
    const consumer = createClient(this.#settings).consumer({
      groupId: this.#group,
      sessionTimeout: this.#settings.sessionTimeoutMs,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_INTERVAL_MS,
      maxWaitTimeInMs: LOOP_INTERVAL_MS,
      allowAutoTopicCreation: false,
      readUncommitted: false,
      partitionAssigners: [coPartitioned],
      retry: { ...RETRY, retries: HEARTBEAT_RETRIES_MAX, restartOnFailure: () => Promise.resolve(!this.#stopped) },
    });
    this.#consumer = consumer;
    this.#listen(consumer, launch);
    try {
      await consumer.connect();
      await consumer.subscribe({
        topics: this.#topics.map((topic) => topicName(this.#settings, topic)),
        fromBeginning: true,
      });
      await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: () => Promise.resolve() });
    } catch (error) {
      if (launch === this.#launch) this.#ended(error, consumer);
    }
  }

  #listen(consumer: Consumer, launch: number): void {
    const current = (act: () => void) => () => {
      if (launch === this.#launch) act();
    };
    consumer.on(
      consumer.events.HEARTBEAT,
      current(() => this.#heartbeat(consumer)),
    );
    consumer.on(
      consumer.events.REBALANCING,
      current(() => this.#revoked()),
    );
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      if (launch !== this.#launch) return;
      // kafkajs calls this before it fetches anything, so nothing is ever fetched by the consumer itself.
      const assignment = Object.entries(payload.memberAssignment);
      consumer.pause(assignment.map(([topic, partitions]) => ({ topic, partitions })));
      this.#lastSignAt = Date.now();
      this.#relaunchMs = RELAUNCH_MIN_MS;
      this.#revoked();
      this.#joined = true;
      if (this.#stopped) return;
      this.#events.assigned(
        assignment.flatMap(([name, partitions]) => {
          const topic = this.#topics.find((each) => topicName(this.#settings, each) === name);
          return topic === undefined ? [] : partitions.map((partition) => ({ topic, partition }));
        }),
      );
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (launch !== this.#launch) return;
      this.#revoked();
      if (!payload.restart) this.#ended(payload.error, consumer);
      else
        this.#settings.logger.info(
          { group: this.#group, cause: payload.error.message },
          'left the consumer group; joining again',
        );
    });
  }

  #heartbeat(consumer: Consumer): void {
    this.#lastSignAt = Date.now();
    if (this.#joined) return;
    // kafkajs announced a rebalance, failed to join again (a coordinator that was just loading its groups), and
    // goes on in the old way without a word. Only a new member can tell what is its own.
    this.#ended(new Error('a rebalance ended without a new assignment'), consumer);
  }

  #revoked(): void {
    this.#joined = false;
    this.#events.revoked();
  }

  /** The consumer is over. Whether another one would fare better depends on why. */
  #ended(error: unknown, consumer: Consumer): void {
    this.#revoked();
    this.#consumer = null;
    this.#launch++;
    void settledWithin(LEAVE_WAIT_MAX_MS, consumer.disconnect());
    if (this.#stopped) return;
    if (isPermanent(error)) {
      this.#events.failed(toShopError(this.#settings, `joining the consumer group ${this.#group}`, error));
      return;
    }
    const said = error instanceof Error ? error.message : String(error);
    this.#settings.logger.warn({ group: this.#group, cause: said }, 'could not join the consumer group; trying again');
    this.#relaunchTimer = setTimeout(() => void this.#start(), this.#relaunchMs);
    this.#relaunchMs = Math.min(this.#relaunchMs * 2, RELAUNCH_MAX_MS);
  }

  /**
   * kafkajs has been seen to stop without a word, and asks a coordinator that has moved for ever: a member
   * without heartbeats, although Kafka answers, starts over.
   */
  async #watch(): Promise<void> {
    const launch = this.#launch;
    const silentMs = Date.now() - this.#lastSignAt;
    const joiningMaxMs = this.#joined ? 0 : REBALANCE_TIMEOUT_MS;
    if (silentMs < this.#settings.sessionTimeoutMs + joiningMaxMs + SILENCE_ALLOWANCE_MS) return;
    if (!(await this.#events.reachable(this.#group))) return;
    const consumer = this.#consumer;
    if (launch !== this.#launch || consumer === null || this.#stopped) return;
    this.#ended(new Error(`no sign of the group membership for ${silentMs} ms`), consumer);
  }

  async #commitNow(): Promise<void> {
    if (this.#uncommitted.size === 0 || this.#consumer === null || !this.#joined) return;
    const offsets = [...this.#uncommitted.values()];
    this.#uncommitted.clear();
    // A courtesy to Kafka's own tools: when it fails, the next one says it all.
    try {
      await settledWithin(COMMIT_WAIT_MAX_MS, this.#consumer.commitOffsets(offsets));
    } catch (error) {
      this.#settings.logger.debug({ error }, 'offsets were not committed');
    }
  }
}

/** Waits for `work`, however it ends, but no longer than that. */
async function settledWithin(limitMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, limitMs)));
  await Promise.race([work.catch(() => {}), late]);
  clearTimeout(timer);
}
