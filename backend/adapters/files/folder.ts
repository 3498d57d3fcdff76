/** Files written durably: temporary name in the same folder, fsync, rename, fsync of the folder. */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ShopError } from '../../ports/errors.ts';

/**
 * A folder that files are written into for other programs: each appears whole or not at all, under its name.
 * Names are relative, with '/' between folders ("2026-11-22/42.eml").
 */
export interface Folder {
  /** As it was given, for messages to people. */
  readonly path: string;
  has(name: string): Promise<boolean>;
  /** Null when there is none. */
  read(name: string): Promise<Buffer | null>;
  /**
   * Stores the bytes durably under a temporary name and then gives the file its own, in place of what bore
   * it. The name itself is durable after sync(). Rejects with STORAGE: then it was not given.
   */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** Makes the names of these files durable, also where somebody else had written them. Rejects with STORAGE. */
  sync(names: readonly string[]): Promise<void>;
}

const TEMPORARY = /^\..*\.tmp$/;
/** Another process that starts may take a temporary file of ours for a leftover. */
const TRIES_MAX = 3;

/**
 * Opens a folder, which is created with the first file. What a crash left under a temporary name goes away
 * when the subfolder that it lies in is first written to.
 */
export function openFolder(path: string): Folder {
  const prepared = new Map<string, Promise<void>>();
  const cleaned = new Set<string>();

  // Once and no more: what is there later may be another process's, at work.
  const clean = async (folder: string): Promise<void> => {
    if (!cleaned.has(folder)) await removeLeftovers(folder);
    cleaned.add(folder);
  };

  const prepare = (folder: string): Promise<void> => {
    const known = prepared.get(folder);
    if (known !== undefined) return known;
    const preparing = createFolder(folder).then(() => clean(folder));
    prepared.set(folder, preparing);
    preparing.catch(() => prepared.delete(folder));
    return preparing;
  };

  const storing = async <T>(action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (error) {
      throw storageError(error, path);
    }
  };

  return {
    path,
    has: (name) => storing(() => exists(join(path, name))),
    read: (name) =>
      storing(() =>
        readFile(join(path, name)).catch((error: unknown) => {
          if (isMissing(error)) return null;
          throw error;
        }),
      ),
    write: (name, bytes) =>
      storing(async () => {
        const target = join(path, name);
        for (let tries = 1; ; tries++) {
          await prepare(dirname(target));
          try {
            await writeFileDurably(target, bytes);
            return;
          } catch (error) {
            if (!isMissing(error) || tries === TRIES_MAX) throw error;
            // The folder, or the temporary file, was taken away under our hands.
            prepared.delete(dirname(target));
          }
        }
      }),
    sync: (names) =>
      storing(async () => {
        const folders = new Set(names.map((name) => dirname(join(path, name))));
        await Promise.all([...folders].map(syncFolder));
      }),
  };
}

/**
 * Writes a file whole: another process sees all of it or what was there before, also after a power loss.
 * The name is durable when the folder has been synced. Rejects with the file system's error.
 */
async function writeFileDurably(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path).slice(0, 100)}.${randomUUID()}.tmp`);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

/** Creates a folder and those above it, and makes their names durable. */
async function createFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

async function removeLeftovers(folder: string): Promise<void> {
  const leftovers = (await readdir(folder)).filter((name) => TEMPORARY.test(name));
  await Promise.all(leftovers.map((name) => rm(join(folder, name), { force: true })));
}

async function syncFolder(folder: string): Promise<void> {
  // Windows neither can nor need flush a folder.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

const codeOf = (error: unknown): string => String((error as { code?: unknown } | null)?.code);
const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT';

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'there is no space left; make room',
  EDQUOT: 'the quota is used up; make room',
  EACCES: 'it must not be written to; mend its permissions',
  EPERM: 'it must not be written to; mend its permissions',
  EROFS: 'it lies on a read-only file system; choose another folder',
  EIO: 'the disk failed; see to it',
  ENOTDIR: 'a part of its path is a file; choose another folder',
  EEXIST: 'a part of its path is a file; choose another folder',
};

function storageError(error: unknown, path: string): unknown {
  const code = codeOf(error);
  if (error instanceof ShopError || !/^E[A-Z0-9]+$/.test(code)) return error;
  const advice = ADVICE[code] ?? `${(error as Error).message}; see to it`;
  return new ShopError('STORAGE', `cannot store files in ${path}: ${advice}`, { cause: error });
}
