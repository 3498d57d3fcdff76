/** Folds the log into the collections of a view, up to its ends. It goes on where an earlier run was stopped. */
import { setImmediate as turn } from 'node:timers/promises';
import { createFold, type Fold } from '../../projections/fold.ts';
import { positionIn } from '../../projections/positions.ts';
import type { Projection } from '../../projections/projection.ts';
import { eventsIn } from '../events/record.ts';
import type { TruthTopic } from '../events/topics.ts';
import { ShopError } from '../ports/errors.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { ReadModels } from '../ports/read-models.ts';
import type { View } from '../queries/views.ts';

/** Documents and parts that are folded before they are stored. */
const PENDING_DOCUMENTS_MAX = 4_000;
/** Records that are folded before what they made is stored, so that its progress shows. */
const RECORDS_AT_ONCE_MAX = 20_000;

export interface ViewFoldOptions {
  readonly log: EventLog;
  readonly models: ReadModels;
  readonly view: View;
  readonly projections: readonly Projection[];
  /** Called now and then; what it rejects with ends the fold. */
  readonly alive: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** Rejects with the engines' own errors, or the signal's reason; what is stored by then stays right. */
export async function foldView(options: ViewFoldOptions): Promise<void> {
  const { models, view, projections } = options;
  const own = projections.filter(({ name }) => view.collections[name] !== undefined);
  for (const projection of own) {
    const collection = view.collections[projection.name]?.collection ?? '';
    await models.ensureCollection(collection, projection.kind === 'merged' ? projection.indexes : undefined);
  }
  for (const [name, ends] of Object.entries(view.ends)) {
    const topic = name as TruthTopic;
    const concerned = own.filter(({ topics }) => topics.includes(topic));
    for (const [partition, end] of ends.entries()) await foldPartition(options, concerned, topic, partition, end);
  }
}

async function foldPartition(
  { log, models, view, alive, signal }: ViewFoldOptions,
  projections: readonly Projection[],
  topic: TruthTopic,
  partition: number,
  end: number,
): Promise<void> {
  const source = { topic, partition };
  const collections = projections.map(({ name }) => view.collections[name]?.collection ?? '');
  const checkpoints = await models.checkpoints(collections);
  const folds = await Promise.all(
    projections.map((projection, index) => {
      const collection = collections[index] ?? '';
      return createFold(projection, collection, source, positionIn(checkpoints, collection, source), models);
    }),
  );
  const from = Math.min(...folds.map(({ checkpoint }) => checkpoint)) + 1;
  if (from >= end) return;
  const before = view.byTime.includes(topic) ? view.asOf : Infinity;
  let unstored = 0;
  for await (const batch of log.read(source, from, end)) {
    signal.throwIfAborted();
    const records = eventsIn(batch).filter(({ at }) => at <= before);
    const through = Math.min(batch.next, end) - 1;
    for (const fold of folds) (await fold.prepare(records, through))();
    unstored += batch.records.length;
    await alive();
    // Whoever else works in this process gets a turn.
    await turn();
    const pending = folds.reduce((sum, fold) => sum + fold.pending, 0);
    if (pending < PENDING_DOCUMENTS_MAX && unstored < RECORDS_AT_ONCE_MAX) continue;
    await store(models, folds);
    unstored = 0;
  }
  await store(models, folds);
  await alive();
}

async function store(models: ReadModels, folds: readonly Fold[]): Promise<void> {
  const taken = folds.flatMap((fold) => {
    const own = fold.take();
    return own === null ? [] : [{ fold, flush: own.flush }];
  });
  const outcomes = await models.flush(taken.map(({ flush }) => flush));
  if (outcomes.includes('rejected')) {
    throw new ShopError('UNAVAILABLE', 'another process is building the same view; wait for it');
  }
  for (const { fold, flush } of taken) fold.settle(flush);
}
