import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { eventLogContract } from '../../ports/event-log.contract.ts';
import { readModelsContract } from '../../ports/read-models.contract.ts';
import { Environment } from './environment.ts';
import { LmdbLog } from './lmdb-log.ts';
import { LmdbModels } from './lmdb-models.ts';

async function temporary(): Promise<{ dir: string; remove: () => Promise<void> }> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-lmdb-'));
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}

eventLogContract('LMDB', async () => {
  const { dir, remove } = await temporary();
  const own = await Environment.open(dir, 'own');
  const others: Environment[] = [];
  const log = new LmdbLog(own);
  return {
    log,
    // A read-only environment of its own, as another process has it.
    reopen: async () => {
      const other = await Environment.open(dir, 'read');
      others.push(other);
      return new LmdbLog(other);
    },
    dispose: async () => {
      await log.close();
      for (const each of [...others, own]) await each.close();
      await remove();
    },
  };
});

readModelsContract('LMDB', async () => {
  const { dir, remove } = await temporary();
  const environment = await Environment.open(dir, 'own');
  return {
    models: new LmdbModels(environment),
    reopen: () => Promise.resolve(new LmdbModels(environment)),
    dispose: async () => {
      await environment.close();
      await remove();
    },
  };
});
