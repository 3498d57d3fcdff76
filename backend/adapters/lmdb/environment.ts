/**
 * The one LMDB environment of the embedded mode. Log and read models share it: two would recover separately
 * after a power loss. Everything that is written goes through `write`, which checks the owner's epoch.
 */
import { existsSync } from 'node:fs';
import { mkdir, open as openFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { open, type Database, type Key, type RootDatabase } from 'lmdb';
import { TOPICS, type Topic } from '../../events/topics.ts';
import { isShopError, ShopError } from '../../ports/errors.ts';

/** A read-only environment may be written to by its owner at any moment; an own one only from here. */
export type Mode = 'own' | 'read';

const DATA_FILE = 'shop.mdb';
const DATABASES_MAX = 32;
const EPOCH = 'owner-epoch';
/** In one transaction: others wait for as long as it lasts. */
const REMOVED_AT_ONCE_MAX = 5_000;
/** Sorts behind every other text: the last code point there is. */
const LAST = '\u{10ffff}'.repeat(4);

export class Environment {
  readonly dir: string;
  readonly mode: Mode;
  /** Records by [partition and offset] as one number, see positions.ts. */
  readonly topics: ReadonlyMap<Topic, Database<Buffer, number>>;
  /** Documents by [collection, id]. */
  readonly folded: Database<unknown, [string, string]>;
  readonly merged: Database<unknown, [string, string]>;
  readonly checkpoints: Database<unknown, [string, string]>;
  readonly meta: Database<unknown, string>;
  readonly #root: RootDatabase;
  #entries: Database<Buffer, Buffer> | undefined;
  #epoch = 0;
  #closed = false;

  private constructor(dir: string, mode: Mode, root: RootDatabase) {
    this.dir = dir;
    this.mode = mode;
    this.#root = root;
    this.topics = new Map(
      TOPICS.map(({ topic }) => [topic, root.openDB<Buffer, number>(`log:${topic}`, { encoding: 'binary' })]),
    );
    this.folded = root.openDB('folded', {});
    this.merged = root.openDB('merged', {});
    this.checkpoints = root.openDB('checkpoints', {});
    this.meta = root.openDB('meta', {});
    if (mode === 'own') this.entries();
  }

  /** Index entries: keys without values. Throws UNAVAILABLE when data from before there were any is only read. */
  entries(): Database<Buffer, Buffer> {
    // A database that its owner has not made yet is not opened, and no error either.
    this.#entries ??= this.#root.openDB<Buffer, Buffer>('entries', { keyEncoding: 'binary', encoding: 'binary' }) as
      Database<Buffer, Buffer> | undefined;
    if (this.#entries === undefined) {
      throw new ShopError('UNAVAILABLE', `the data in ${this.dir} has no indexes yet: run npm start once`);
    }
    return this.#entries;
  }

  static async open(dir: string, mode: Mode): Promise<Environment> {
    const file = path.join(dir, DATA_FILE);
    if (mode === 'read' && !existsSync(file)) {
      throw new ShopError('UNAVAILABLE', `there is no data yet in ${dir}: run npm start first, or set DATA_DIR`);
    }
    try {
      if (mode === 'own') await assertWritable(dir);
      // Documents are not cached here: another process may be the one that writes them.
      const root = open({
        path: file,
        cache: false,
        maxDbs: DATABASES_MAX,
        readOnly: mode === 'read',
        // Otherwise a transaction is acknowledged before it is on disk, and nobody is told when syncing fails.
        overlappingSync: false,
        // Otherwise a commit that fails also rejects a promise that nobody can reach, which ends the process.
        eventTurnBatching: false,
      });
      const environment = new Environment(dir, mode, root);
      if (mode === 'own') await environment.#raiseEpoch();
      return environment;
    } catch (error) {
      throw await storageError(dir, mode === 'own' ? 'opened for writing' : 'read', error);
    }
  }

  async #raiseEpoch(): Promise<void> {
    await this.#root.transaction(() => {
      this.#epoch = ((this.meta.get(EPOCH) as number | undefined) ?? 0) + 1;
      void this.meta.put(EPOCH, this.#epoch);
    });
  }

  /**
   * One transaction: all that `work` puts, or nothing. `work` must refuse by throwing before its first put.
   * Resolves when it is on disk; nobody sees it before.
   */
  async write<T>(work: () => T): Promise<T> {
    this.assertOpen();
    if (this.mode === 'read') throw new ShopError('STORAGE', `${this.dir} was opened to be read only`);
    let result: { readonly value: T } | { readonly error: unknown } | undefined;
    try {
      await this.#root.transaction(() => {
        try {
          if (this.meta.get(EPOCH) !== this.#epoch)
            throw new ShopError('FENCED', `another process owns ${this.dir} now`);
          result = { value: work() };
        } catch (error) {
          result = { error };
        }
      });
    } catch (error) {
      throw await storageError(this.dir, 'written', error);
    }
    if (result === undefined) throw new ShopError('STORAGE', `${this.dir} could not be written`);
    if ('error' in result) throw result.error;
    return result.value;
  }

  /** Removes a range of keys, however many, in transactions of a bounded size. */
  async removeAll<K extends Key>(database: Database<unknown, K>, range: { start: K; end: K }): Promise<void> {
    for (;;) {
      this.assertOpen();
      const keys = [...database.getKeys({ ...range, limit: REMOVED_AT_ONCE_MAX })];
      if (keys.length === 0) return;
      await this.write(() => {
        for (const key of keys) void database.remove(key);
      });
    }
  }

  assertOpen(): void {
    if (this.#closed) throw new ShopError('CLOSED', 'the embedded data is closed');
    // A reader's snapshot lasts until it is given up; what the owner has written since would not be seen.
    if (this.mode === 'read') this.#root.resetReadTxn();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#root.close();
  }
}

/** The range of all ids of a collection. */
export function within(collection: string): { start: [string, string]; end: [string, string] } {
  return { start: [collection, ''], end: [collection, LAST] };
}

/** LMDB's own words about a folder that cannot be written are hard to read, so that is tried first. */
async function assertWritable(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  const probe = path.join(dir, `.probe-${process.pid}`);
  await (await openFile(probe, 'w')).close();
  await rm(probe, { force: true });
}

async function storageError(dir: string, what: string, error: unknown): Promise<ShopError> {
  if (isShopError(error)) return error;
  // Why a commit failed comes as a promise beside the error, which must be taken up in any case.
  const { commitError } = error as { commitError?: Promise<never> };
  const cause = (await commitError?.catch((reason: unknown) => reason)) ?? error;
  const said = (cause as Error).message.split('\n')[0] ?? '';
  return new ShopError('STORAGE', `the data folder ${dir} cannot be ${what}: ${said}; mend that, or set DATA_DIR`, {
    cause,
  });
}
