import { listContract } from '../../backend/ports/read-models.contract.ts';
import { MemoryModels, MemoryStore } from './memory-models.ts';

listContract('memory', () => {
  const store = new MemoryStore();
  const open = (): Promise<MemoryModels> => Promise.resolve(new MemoryModels(store));
  return Promise.resolve({ models: new MemoryModels(store), reopen: open, dispose: () => Promise.resolve() });
});
