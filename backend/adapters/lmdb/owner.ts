/**
 * Who owns the embedded data: one process, by a lock on a file that the system frees when the process ends,
 * however it ends. Beside it stands where the owner answers.
 */
import { closeSync, openSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { tryLock, unlock } from 'fs-native-extensions';
import { ShopError } from '../../ports/errors.ts';

interface Owner {
  readonly pid: number;
  /** Where it answers; null until it does. */
  readonly url: string | null;
  /** ISO 8601. */
  readonly startedAt: string;
}

const LOCK_FILE = 'owner.lock';
const OWNER_FILE = 'owner.json';

/** The process that owns the data in `dir` now; null when none does. */
export async function readOwner(dir: string): Promise<Owner | null> {
  const lock = openLock(dir);
  if (lock === null) return null;
  try {
    if (tryLock(lock)) {
      unlock(lock);
      return null;
    }
    return await readOwnerFile(dir);
  } finally {
    closeSync(lock);
  }
}

function openLock(dir: string): number | null {
  try {
    return openSync(path.join(dir, LOCK_FILE), 'r+');
  } catch {
    return null;
  }
}

async function readOwnerFile(dir: string): Promise<Owner> {
  try {
    return JSON.parse(await readFile(path.join(dir, OWNER_FILE), 'utf8')) as Owner;
  } catch {
    // The owner has the lock, and has not written yet who it is.
    return { pid: 0, url: null, startedAt: new Date().toISOString() };
  }
}

export class Ownership {
  readonly #dir: string;
  /** A plain descriptor: a FileHandle that nobody refers to any more would be closed, and the lock with it. */
  readonly #lock: number;
  readonly #startedAt = new Date().toISOString();

  private constructor(dir: string, lock: number) {
    this.#dir = dir;
    this.#lock = lock;
  }

  /** Takes the ownership. Throws OWNED, naming the owner. */
  static async take(dir: string): Promise<Ownership> {
    const lock = openSync(path.join(dir, LOCK_FILE), 'a+');
    if (!tryLock(lock)) {
      closeSync(lock);
      const { pid, url } = await readOwnerFile(dir);
      const where = url === null ? '' : ` and answers at ${url}`;
      throw new ShopError('OWNED', `process ${pid} owns ${dir}${where}: stop it first, or set another DATA_DIR`);
    }
    const ownership = new Ownership(dir, lock);
    await ownership.announce(null);
    return ownership;
  }

  /** Tells others where this process answers. */
  async announce(url: string | null): Promise<void> {
    const owner: Owner = { pid: process.pid, url, startedAt: this.#startedAt };
    const file = path.join(this.#dir, OWNER_FILE);
    await writeFile(`${file}.tmp`, `${JSON.stringify(owner)}\n`);
    await rename(`${file}.tmp`, file);
  }

  async release(): Promise<void> {
    await rm(path.join(this.#dir, OWNER_FILE), { force: true });
    unlock(this.#lock);
    closeSync(this.#lock);
  }
}
