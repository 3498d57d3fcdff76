/** The embedded mode: log and read models in one LMDB environment, in one folder, owned by one process. */
import { mkdir } from 'node:fs/promises';
import { isShopError, ShopError } from '../../ports/errors.ts';
import type { EventLog } from '../../ports/event-log.ts';
import type { Logger } from '../../ports/logger.ts';
import type { ReadModels } from '../../ports/read-models.ts';
import { Environment, type Mode } from './environment.ts';
import { LmdbLog } from './lmdb-log.ts';
import { LmdbModels } from './lmdb-models.ts';
import { Ownership } from './owner.ts';

export { readOwner } from './owner.ts';

export interface EmbeddedOptions {
  readonly dir: string;
  readonly logger: Logger;
  /** `own`: the only process that writes; `read`: beside an owner, or without one. */
  readonly mode: Mode;
}

export interface Embedded {
  readonly log: EventLog;
  readonly models: ReadModels;
  /** Tells other processes where this owner answers. */
  announce(url: string): Promise<void>;
  /** Waits for what is being written, and gives the ownership up. */
  close(): Promise<void>;
}

/** Throws OWNED when another process owns the folder, STORAGE when it cannot be used, UNAVAILABLE when it is empty. */
export async function openEmbedded({ dir, mode }: EmbeddedOptions): Promise<Embedded> {
  const ownership = mode === 'own' ? await takeOwnership(dir) : null;
  try {
    const environment = await Environment.open(dir, mode);
    const log = new LmdbLog(environment);
    const models = new LmdbModels(environment);
    return {
      log,
      models,
      announce: async (url) => ownership?.announce(url),
      close: async () => {
        await log.close();
        await models.close();
        await environment.close();
        await ownership?.release();
      },
    };
  } catch (error) {
    await ownership?.release();
    throw error;
  }
}

async function takeOwnership(dir: string): Promise<Ownership> {
  try {
    await mkdir(dir, { recursive: true });
    return await Ownership.take(dir);
  } catch (error) {
    if (isShopError(error)) throw error;
    const said = (error as Error).message;
    throw new ShopError('STORAGE', `the data folder ${dir} cannot be written: ${said}; mend that, or set DATA_DIR`, {
      cause: error,
    });
  }
}
