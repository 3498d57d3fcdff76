/**
 * An event log that fails now and then, for tests: it passes everything on to a real one, and has its writers
 * report errors that real engines report. What fails follows from a seed.
 */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { NewRecord } from '../events/codec.ts';
import { ShopError } from './errors.ts';
import type { EventLog, Writer } from './event-log.ts';
import type { Flush, FlushOutcome, ReadModels } from './read-models.ts';

/** What happens to an append. */
export type AppendFault =
  /** It takes place, but its outcome is reported as unknown. */
  | 'lost-answer'
  /** It does not take place, and its outcome is reported as unknown. */
  | 'lost-request'
  /** It does not take place, for want of space. */
  | 'storage'
  /** It does not take place, as the engine does not answer. */
  | 'unavailable';

const APPEND_FAULTS: readonly AppendFault[] = ['lost-answer', 'lost-request', 'storage', 'unavailable'];

/** Decides on each append; null: it goes well. */
export type FaultPlan = (append: { readonly writer: string; readonly index: number }) => AppendFault | null;

/** A plan in which each append fails with the given chance. The same seed, the same faults. */
export function randomFaults(seed: number, chance: number, faults: readonly AppendFault[] = APPEND_FAULTS): FaultPlan {
  const random = xoroshiro128plus(seed);
  return () => {
    if (uniformFloat64(random) >= chance) return null;
    return faults[Math.floor(uniformFloat64(random) * faults.length)] ?? null;
  };
}

export interface FaultyLog extends EventLog {
  /** As kill -9 would: from now on nothing that was opened through this handle gets anything done. */
  kill(): void;
}

/**
 * Wraps a log. After a fault the writer is of no more use, as the port has it: the owner must fence again.
 * `pause`: how long an append is on its way, there and back; other things happen meanwhile.
 */
export function faultyLog(log: EventLog, plan: FaultPlan, pause = (): Promise<void> => Promise.resolve()): FaultyLog {
  let appends = 0;
  let killed = false;
  const alive = (): void => {
    if (killed) throw new ShopError('CLOSED', 'the process was killed');
  };
  return {
    engine: log.engine,
    kill: () => {
      killed = true;
    },
    ensureTopics: () => log.ensureTopics(),
    bounds: async (topic) => {
      alive();
      return log.bounds(topic);
    },
    read: (source, from, to) => log.read(source, from, to),
    subscribe: (options) => log.subscribe(options),
    append: async (records, options) => {
      alive();
      return log.append(records, options);
    },
    writer: async (name) => {
      alive();
      const fault = (): AppendFault | null => plan({ writer: name, index: appends++ });
      return faultyWriter(await log.writer(name), fault, alive, pause);
    },
    close: () => log.close(),
  };
}

/** Pauses of up to `turnsMax` turns of the event loop; the same seed, the same pauses. */
export function randomPauses(seed: number, turnsMax: number): () => Promise<void> {
  const random = xoroshiro128plus(seed);
  return async () => {
    for (let turns = Math.floor(uniformFloat64(random) * (turnsMax + 1)); turns > 0; turns--) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
}

function faultyWriter(
  writer: Writer,
  nextFault: () => AppendFault | null,
  alive: () => void,
  pause: () => Promise<void>,
): Writer {
  let broken: ShopError | null = null;
  return {
    append: async (records: readonly NewRecord[]) => {
      alive();
      if (broken !== null) throw broken;
      const fault = nextFault();
      await pause();
      alive();
      if (fault === null) {
        const offsets = await writer.append(records);
        await pause();
        alive();
        return offsets;
      }
      if (fault === 'lost-answer') await writer.append(records);
      await pause();
      alive();
      broken = errorOf(fault);
      throw broken;
    },
    close: () => writer.close(),
  };
}

function errorOf(fault: AppendFault): ShopError {
  switch (fault) {
    case 'lost-answer':
    case 'lost-request':
      return new ShopError('UNKNOWN_OUTCOME', `the answer to an append was lost (${fault})`);
    case 'storage':
      return new ShopError('STORAGE', 'no space left');
    case 'unavailable':
      return new ShopError('UNAVAILABLE', 'the engine does not answer');
  }
}

export type FlushFault =
  /** Everything is stored, but the answer is lost. */
  | 'lost-answer'
  /** Only the first of the flushes is stored, and the answer is lost. */
  | 'half'
  /** Nothing is stored. */
  | 'unavailable';

export interface FaultyModels extends ReadModels {
  kill(): void;
}

/** Wraps read models: each flush fails with the given chance. */
export function faultyModels(models: ReadModels, seed: number, chance: number): FaultyModels {
  const random = xoroshiro128plus(seed);
  const faults: readonly FlushFault[] = ['lost-answer', 'half', 'unavailable'];
  let killed = false;
  const flush = async (flushes: readonly Flush[]): Promise<FlushOutcome[]> => {
    if (killed) throw new ShopError('CLOSED', 'the process was killed');
    if (uniformFloat64(random) >= chance) return models.flush(flushes);
    const fault = faults[Math.floor(uniformFloat64(random) * faults.length)];
    if (fault !== 'unavailable') await models.flush(fault === 'half' ? flushes.slice(0, 1) : flushes);
    throw new ShopError('UNAVAILABLE', `the read models do not answer (${fault})`);
  };
  return {
    engine: models.engine,
    ensureCollection: (collection, indexes) => models.ensureCollection(collection, indexes),
    checkpoints: (collections) => models.checkpoints(collections),
    load: (collection, source, keys) => models.load(collection, source, keys),
    isEmpty: (collection, source) => models.isEmpty(collection, source),
    range: (range) => models.range(range),
    merged: (collection, ids) => models.merged(collection, ids),
    list: (query) => models.list(query),
    scanFolded: (collection) => models.scanFolded(collection),
    scanMerged: (collection) => models.scanMerged(collection),
    putMerged: (collection, id, parts, expected) => models.putMerged(collection, id, parts, expected),
    getMeta: (name) => models.getMeta(name),
    putMeta: (name, value, expected) => models.putMeta(name, value, expected),
    dropCollection: (collection) => models.dropCollection(collection),
    close: () => models.close(),
    flush,
    kill: () => {
      killed = true;
    },
  };
}
