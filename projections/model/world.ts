/**
 * A modelled world for the projector: a log with holes, a store that fails between any two writes, and
 * processes that crash, freeze, lose partitions and get them back, all in an order that a seed decides.
 */
import { encode, type NewRecord } from '../../backend/events/codec.ts';
import type { OrderId, ProductId, ShopEvent } from '../../backend/events/events.ts';
import { deferred, type Deferred } from '../../backend/ports/deferred.ts';
import type {
  Batch,
  Bounds,
  EventLog,
  LogRecord,
  SubscribeOptions,
  Subscription,
  TopicPartition,
} from '../../backend/ports/event-log.ts';
import { partitionOf, type Topic } from '../../backend/events/topics.ts';
import { silentLogger } from '../../backend/ports/logger.ts';
import type { Projection } from '../projection.ts';
import type { Projector, ProjectorOptions } from '../projector.ts';
import { MemoryModels, MemoryStore } from './memory-models.ts';
import { Scheduler } from './scheduler.ts';

export type StartProjector = (options: ProjectorOptions) => Promise<Projector>;

const PARTITIONS_MODELLED = 2;
/** Two of each partition. */
const PRODUCTS_MODELLED = ['P1', 'P4', 'P6', 'P9'];
const TOPICS_MODELLED: readonly Topic[] = ['orders', 'handled-orders', 'stock'];

interface ModelledPartition extends TopicPartition {
  readonly records: LogRecord[];
  end: number;
}

/** Where one process reads in one partition, from one assignment to its end. */
interface Reading {
  next: number;
  /** How often it was sought: reading goes on behind a batch only if it was not sought meanwhile. */
  seeks: number;
  wake: Deferred<void>;
}

/** One process: a projector, and the partitions that it believes are its own. */
class Process {
  readonly owner = Symbol('process');
  readonly readings = new Map<ModelledPartition, Reading>();
  readonly subscribed = deferred<SubscribeOptions>();
  options: SubscribeOptions | undefined;
  failed: unknown;
}

export class World {
  readonly scheduler: Scheduler;
  readonly store = new MemoryStore();
  readonly partitions: ModelledPartition[] = [];
  readonly #start: StartProjector;
  readonly #announce: NonNullable<ProjectorOptions['announce']>;
  readonly #projections: readonly { projection: Projection; collection: string }[];
  #processes: Process[] = [];
  /** Whether faults still happen; without them the world must come to rest with everything folded. */
  #chaos = true;

  /** `announce` hears what every process announces. */
  constructor(
    seed: number,
    start: StartProjector,
    projections: readonly Projection[],
    announce: NonNullable<ProjectorOptions['announce']> = () => {},
  ) {
    this.scheduler = new Scheduler(seed);
    this.#start = start;
    this.#announce = announce;
    this.#projections = projections.map((projection) => ({ projection, collection: projection.name }));
    for (const topic of TOPICS_MODELLED) {
      for (let partition = 0; partition < PARTITIONS_MODELLED; partition++) {
        this.partitions.push({ topic, partition, records: [], end: 0 });
      }
    }
  }

  /** Appends made-up events, with holes between them as transaction markers leave them. */
  append(count: number): void {
    for (let n = 0; n < count; n++) this.#append(this.#event());
    for (const process of this.#processes) for (const reading of process.readings.values()) reading.wake.resolve();
  }

  #append(event: ShopEvent): void {
    const record: NewRecord = encode(event);
    const to = this.partitions.find((each) => each.topic === record.topic && each.partition === record.partition);
    if (to === undefined) throw new Error(`no ${record.topic}/${record.partition} here`);
    if (this.scheduler.chance(20)) to.end += this.scheduler.integer(1, 3);
    to.records.push({ offset: to.end, key: record.key, value: Buffer.from(record.value) });
    to.end += 1;
  }

  #event(): ShopEvent {
    const { scheduler } = this;
    const at = new Date(Date.UTC(2026, 10, 22) + scheduler.integer(0, 40) * 60_000).toISOString();
    let id = `${scheduler.integer(1, 1_000_000)}`;
    while (partitionOf(id) >= PARTITIONS_MODELLED) id += '.';
    const productId = PRODUCTS_MODELLED[scheduler.integer(0, PRODUCTS_MODELLED.length - 1)] as ProductId;
    const common = { version: 1, id, at, source: 'live' } as const;
    if (scheduler.chance(20)) {
      return { ...common, type: 'StockReceived', productId, quantity: scheduler.integer(1, 9), reason: 'restock' };
    }
    const order = {
      orderId: id as OrderId,
      customer: { id: 'c', name: 'C', email: 'c@example.com', country: 'SE' },
      currency: 'SEK',
      lines: [{ productId, name: 'P', quantity: 1, unitPrice: 10 }],
      total: 10,
    };
    if (scheduler.chance(30)) return { ...common, ...order, type: 'OrderHandled', placedAt: at, attempt: 1 };
    return { ...common, ...order, type: 'OrderPlaced', handling: null, stock: [] };
  }

  /** Starts a process. It has no partitions yet. */
  spawn(): void {
    const process = new Process();
    this.#processes.push(process);
    const { scheduler } = this;
    const models = new MemoryModels(this.store, {
      before: () => scheduler.turn(process.owner),
      fails: () => this.#chaos && scheduler.chance(2),
    });
    const started = this.#start({
      log: this.#logOf(process),
      models,
      clock: scheduler.clockOf(process.owner),
      announce: this.#announce,
      logger: silentLogger,
      group: 'model',
      projections: this.#projections,
      deadLetters: () => Promise.resolve(),
    });
    started.then((projector) => projector.ended).catch((error: unknown) => (process.failed = error));
  }

  #logOf(process: Process): EventLog {
    const no = (): never => {
      throw new Error('not part of the model');
    };
    return {
      engine: 'model',
      ensureTopics: () => Promise.resolve(),
      bounds: async (topic: Topic): Promise<Bounds[]> => {
        await this.scheduler.turn(process.owner);
        return this.partitions.filter((each) => each.topic === topic).map(({ end }) => ({ low: 0, end }));
      },
      subscribe: (options: SubscribeOptions): Promise<Subscription> => {
        process.options = options;
        process.subscribed.resolve(options);
        return Promise.resolve({
          seek: (partition, offset) => this.#seek(process, partition, offset),
          commit: () => {},
          ended: new Promise<void>(() => {}),
          stop: () => Promise.resolve(),
        });
      },
      read: no,
      writer: no,
      append: no,
      close: () => Promise.resolve(),
    };
  }

  #seek(process: Process, { topic, partition }: TopicPartition, offset: number): void {
    const at = this.partitions.find((each) => each.topic === topic && each.partition === partition);
    const reading = at === undefined ? undefined : process.readings.get(at);
    if (reading === undefined) return;
    reading.next = offset;
    reading.seeks += 1;
    reading.wake.resolve();
  }

  /** Hands a partition to a process and reads it there until it is revoked or the process dies. */
  assign(process: Process, partition: ModelledPartition): void {
    const reading: Reading = { next: 0, seeks: 0, wake: deferred() };
    process.readings.set(partition, reading);
    const read = async (): Promise<void> => {
      const options = await process.subscribed.promise;
      if (process.readings.get(partition) !== reading) return;
      reading.next = await options.assigned(partition);
      while (process.readings.get(partition) === reading) await this.#deliver(process, options, partition, reading);
    };
    read().catch((error: unknown) => (process.failed = error));
  }

  async #deliver(
    process: Process,
    options: SubscribeOptions,
    partition: ModelledPartition,
    reading: Reading,
  ): Promise<void> {
    if (reading.next >= partition.end) {
      reading.wake = deferred();
      await reading.wake.promise;
      return;
    }
    await this.scheduler.turn(process.owner);
    const { seeks } = reading;
    let from = reading.next;
    // A stale or repeated batch: one that starts before what was asked for.
    if (this.#chaos && from > 0 && this.scheduler.chance(10)) from -= this.scheduler.integer(1, Math.min(from, 5));
    const next = Math.min(partition.end, from + this.scheduler.integer(1, 12));
    const records = partition.records.filter(({ offset }) => offset >= from && offset < next);
    const { topic, partition: number, end } = partition;
    const batch: Batch = { topic, partition: number, from, next, end, records };
    await options.batch(batch);
    if (reading.seeks === seeks) reading.next = Math.max(reading.next, next);
  }

  revoke(process: Process, partition: ModelledPartition): void {
    process.readings.get(partition)?.wake.resolve();
    process.readings.delete(partition);
    process.options?.revoked(partition);
  }

  kill(process: Process): void {
    this.scheduler.kill(process.owner);
    this.#processes = this.#processes.filter((each) => each !== process);
  }

  /** One turn of the world, with whatever goes wrong in it. False when nothing is left to do. */
  async step(): Promise<boolean> {
    const { scheduler } = this;
    if (this.#chaos) {
      if (scheduler.chance(4)) this.#moveSome();
      if (scheduler.chance(1)) this.#crashOne();
      if (scheduler.chance(3)) this.append(scheduler.integer(1, 6));
    }
    return scheduler.step();
  }

  /** Moves a partition to another process. Sometimes the old one does not notice: two write at once. */
  #moveSome(): void {
    const { scheduler } = this;
    const partition = this.partitions[scheduler.integer(0, this.partitions.length - 1)];
    const to = this.#processes[scheduler.integer(0, this.#processes.length - 1)];
    if (partition === undefined || to === undefined) return;
    for (const process of this.#processes) {
      if (!process.readings.has(partition)) continue;
      if (process === to || scheduler.chance(80)) this.revoke(process, partition);
    }
    this.assign(to, partition);
  }

  #crashOne(): void {
    const victim = this.#processes[this.scheduler.integer(0, this.#processes.length - 1)];
    if (victim === undefined) return;
    this.kill(victim);
    this.spawn();
  }

  /** No more faults: kills whoever is there, and lets a fresh process read everything to its end. */
  async settle(stepsMax: number): Promise<boolean> {
    this.#chaos = false;
    const [survivor, ...others] = this.#processes;
    for (const process of others) this.kill(process);
    if (survivor === undefined) return false;
    for (const partition of this.partitions) if (!survivor.readings.has(partition)) this.assign(survivor, partition);
    for (let steps = 0; steps < stepsMax; steps++) if (!(await this.scheduler.step())) return true;
    return false;
  }

  get failures(): unknown[] {
    return this.#processes.map(({ failed }) => failed).filter((failed) => failed !== undefined);
  }
}
