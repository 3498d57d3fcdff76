/** A subscriber: a member of a group, and a feed for each partition that it is assigned. */
import type { SubscribeOptions, Subscription, TopicPartition } from '../../ports/event-log.ts';
import { topicName, type KafkaSettings } from './client.ts';
import { boundsOf } from './bounds.ts';
import type { ClusterConnection } from './connection.ts';
import { Feed } from './feed.ts';
import { Membership } from './membership.ts';
import { outOfBounds, Puller } from './puller.ts';

/** A partition for as long as it is ours without interruption. */
interface Assignment {
  readonly source: TopicPartition;
  /** Null until its offset is known. */
  feed: Feed | null;
  over: boolean;
}

interface Settle {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class KafkaSubscription implements Subscription {
  readonly ended: Promise<void>;
  readonly #settings: KafkaSettings;
  readonly #options: SubscribeOptions;
  readonly #connection: ClusterConnection;
  readonly #puller: Puller;
  readonly #membership: Membership;
  readonly #assignments = new Map<string, Assignment>();
  /** By partition: what is at work on it. A new assignment begins when the one before has let go. */
  readonly #chains = new Map<string, Promise<void>>();
  #stopping: Promise<void> | null = null;
  #error: unknown = null;
  #failed = false;
  #settle: Settle;

  constructor(settings: KafkaSettings, connection: ClusterConnection, options: SubscribeOptions) {
    this.#settings = settings;
    this.#connection = connection;
    this.#options = options;
    this.#puller = new Puller(settings);
    this.#membership = new Membership(settings, options.group, options.topics, {
      assigned: (sources) => sources.forEach((source) => this.#assigned(source)),
      revoked: () => this.#revoked(),
      failed: (error) => this.#fail(error),
      reachable: (group) =>
        connection
          .run([], (cluster) => cluster.findGroupCoordinator({ groupId: group }))
          .then(
            () => true,
            () => false,
          ),
    });
    let settle: Settle = { resolve: () => {}, reject: () => {} };
    this.ended = new Promise((resolve, reject) => (settle = { resolve, reject }));
    this.#settle = settle;
    // Whoever cares awaits it; it must not end the process when nobody does.
    this.ended.catch(() => {});
  }

  start(): void {
    this.#membership.start();
  }

  seek(partition: TopicPartition, offset: number): void {
    // A partition that is not ours, or whose offset is just being asked for, is not for seeking.
    this.#assignments.get(nameOf(partition))?.feed?.seek(offset);
  }

  commit(partition: TopicPartition, next: number): void {
    this.#membership.commit(partition, next);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    for (const assignment of this.#assignments.values()) this.#end(assignment);
    this.#assignments.clear();
    await Promise.all(this.#chains.values());
    await this.#membership.stop();
    await this.#puller.close();
    if (this.#failed) this.#settle.reject(this.#error);
    else this.#settle.resolve();
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    // A subscription that is being stopped has nobody left to go wrong for, unless a batch in hand did.
    this.#failed = true;
    this.#error = error;
    void this.stop();
  }

  #assigned(source: TopicPartition): void {
    if (this.#stopping !== null) return;
    const name = nameOf(source);
    const assignment: Assignment = { source, feed: null, over: false };
    this.#assignments.set(name, assignment);
    const before = this.#chains.get(name) ?? Promise.resolve();
    this.#chains.set(
      name,
      before.then(() => this.#follow(assignment)).catch((error: unknown) => this.#fail(error)),
    );
  }

  #revoked(): void {
    const all = [...this.#assignments.values()];
    this.#assignments.clear();
    for (const assignment of all) {
      this.#end(assignment);
      this.#options.revoked(assignment.source);
    }
  }

  #end(assignment: Assignment): void {
    assignment.over = true;
    if (assignment.feed !== null) this.#puller.remove(assignment.feed);
  }

  async #follow(assignment: Assignment): Promise<void> {
    const { source } = assignment;
    if (assignment.over) return;
    const offset = await this.#options.assigned(source);
    if (assignment.over) return;
    const { low, end } = await boundsOf(this.#connection, this.#settings, source);
    if (assignment.over) return;
    if (!(offset >= low && offset <= end)) throw outOfBounds(source.topic, source.partition, offset, low, end);
    const feed = new Feed(source, topicName(this.#settings, source.topic), offset, null);
    assignment.feed = feed;
    this.#puller.add(feed);
    for (;;) {
      const batch = await feed.take();
      if (batch === null) return;
      await this.#options.batch(batch);
    }
  }
}

function nameOf(source: TopicPartition): string {
  return `${source.topic}/${source.partition}`;
}
