import { eventLogContract } from '../../ports/event-log.contract.ts';
import { MemoryLog } from './memory-log.ts';
import { MemoryStore } from './memory-store.ts';

eventLogContract('A log in memory', async () => {
  const store = new MemoryStore();
  const log = new MemoryLog(store);
  await log.ensureTopics();
  return { log, reopen: () => Promise.resolve(new MemoryLog(store)), dispose: () => Promise.resolve() };
});
