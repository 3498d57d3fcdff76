/**
 * A process that dies: everything that it does to the world outside goes through a handle that, from a chosen step
 * on, does nothing any more. Each call is two steps, before it takes place and after it, so that a kill gets in
 * between any two awaits; the writing of a file has one more, in which half of it lies under a temporary name.
 */
import type { Folder } from '../adapters/files/folder.ts';
import { ShopError } from '../ports/errors.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { FlushOutcome, ReadModels } from '../ports/read-models.ts';

export class Process {
  /** Steps taken so far. */
  steps = 0;
  readonly #lastStep: number;

  /** Dies instead of taking the step after `lastStep`; never when absent. */
  constructor(lastStep = Infinity) {
    this.#lastStep = lastStep;
  }

  get isDead(): boolean {
    return this.steps > this.#lastStep;
  }

  step(): void {
    if (!this.isDead) this.steps++;
    if (this.isDead) throw new ShopError('CLOSED', 'the process was killed');
  }

  async #call<T>(action: () => Promise<T>): Promise<T> {
    this.step();
    const result = await action();
    this.step();
    return result;
  }

  async *#iterate<T>(items: AsyncIterable<T>): AsyncIterable<T> {
    for await (const item of items) {
      this.step();
      yield item;
    }
  }

  log(log: EventLog): EventLog {
    return {
      engine: log.engine,
      ensureTopics: () => this.#call(() => log.ensureTopics()),
      bounds: (topic) => this.#call(() => log.bounds(topic)),
      read: (source, from, to) => this.#iterate(log.read(source, from, to)),
      subscribe: (options) => log.subscribe(options),
      writer: async (name) => {
        const writer = await this.#call(() => log.writer(name));
        return {
          append: (records) => this.#call(() => writer.append(records)),
          close: () => this.#call(() => writer.close()),
        };
      },
      append: (records, options) => this.#call(() => log.append(records, options)),
      close: () => log.close(),
    };
  }

  models(models: ReadModels): ReadModels {
    return {
      engine: models.engine,
      ensureCollection: (collection, indexes) => this.#call(() => models.ensureCollection(collection, indexes)),
      checkpoints: (collections) => this.#call(() => models.checkpoints(collections)),
      load: (collection, source, keys) => this.#call(() => models.load(collection, source, keys)),
      isEmpty: (collection, source) => this.#call(() => models.isEmpty(collection, source)),
      range: (range) => this.#call(() => models.range(range)),
      merged: (collection, ids) => this.#call(() => models.merged(collection, ids)),
      list: (query) => this.#call(() => models.list(query)),
      scanFolded: (collection) => this.#iterate(models.scanFolded(collection)),
      scanMerged: (collection) => this.#iterate(models.scanMerged(collection)),
      // Some flushes may be in when it dies, and others not.
      flush: async (flushes) => {
        const outcomes: FlushOutcome[] = [];
        for (const flush of flushes) outcomes.push(...(await this.#call(() => models.flush([flush]))));
        return outcomes;
      },
      putMerged: (collection, id, parts, expected) =>
        this.#call(() => models.putMerged(collection, id, parts, expected)),
      getMeta: (name) => this.#call(() => models.getMeta(name)),
      putMeta: (name, value, expected) => this.#call(() => models.putMeta(name, value, expected)),
      dropCollection: (collection) => this.#call(() => models.dropCollection(collection)),
      close: () => models.close(),
    };
  }

  folder(folder: Folder): Folder {
    return {
      path: folder.path,
      has: (name) => this.#call(() => folder.has(name)),
      read: (name) => this.#call(() => folder.read(name)),
      write: async (name, bytes) => {
        this.step();
        try {
          this.step();
        } catch (error) {
          await folder.write(`.${name}.half.tmp`, bytes.subarray(0, bytes.length / 2));
          throw error;
        }
        await folder.write(name, bytes);
        this.step();
      },
      sync: (names) => this.#call(() => folder.sync(names)),
    };
  }
}

/** A folder in memory, for tests that write thousands of files. What makes the real one durable is left out. */
export class MemoryFolder implements Folder {
  readonly path = 'memory';
  readonly files = new Map<string, Buffer>();

  has(name: string): Promise<boolean> {
    return Promise.resolve(this.files.has(name));
  }

  read(name: string): Promise<Buffer | null> {
    return Promise.resolve(this.files.get(name) ?? null);
  }

  write(name: string, bytes: Uint8Array): Promise<void> {
    this.files.set(name, Buffer.from(bytes));
    return Promise.resolve();
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }
}
