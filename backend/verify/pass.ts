/** One pass of the verification: some partition numbers, all projections, all of their topics. */
import type { Recorded } from '../events/codec.ts';
import { describeTopic, partitionOf } from '../events/topics.ts';
import type { Bounds, EventLog } from '../ports/event-log.ts';
import type { Checkpoint, FoldedDocument, MergedDocument, ReadModels } from '../ports/read-models.ts';
import { expectationOf, TOPICS_OF, type Claim, type Expectation } from './expectation.ts';
import { differs } from './json.ts';
import { MERGED_MODELS, type MergedModel } from './parts.ts';
import { readRecorded, type TruthPartition } from './records.ts';
import type { Result } from './result.ts';

export interface PassOptions {
  readonly log: EventLog;
  readonly models: ReadModels;
  readonly collections: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

const LOOKED_UP_AT_ONCE_MAX = 1_000;

/** One projection's share of one topic-partition. */
interface Fold extends TruthPartition {
  readonly result: Result;
  readonly collection: string;
  readonly expectation: Expectation;
  /** The last offset that has been folded. */
  position: number;
  /** Where to stop. */
  target: number;
  /** Keys of the documents that have been seen in the store. */
  readonly seen: Set<string>;
  /** Documents that stand further on than the fold; the nearest comes last. */
  ahead: Claim[];
}

export async function verifyPartitions(
  options: PassOptions,
  partitions: readonly number[],
  results: readonly Result[],
  onFolded: (records: number) => void,
): Promise<void> {
  await new Pass(options, new Set(partitions), onFolded).run(results);
}

class Pass {
  readonly #log: EventLog;
  readonly #models: ReadModels;
  readonly #options: PassOptions;
  readonly #partitions: ReadonlySet<number>;
  readonly #onFolded: (records: number) => void;
  readonly #folds = new Map<string, Fold>();

  constructor(options: PassOptions, partitions: ReadonlySet<number>, onFolded: (records: number) => void) {
    this.#log = options.log;
    this.#models = options.models;
    this.#options = options;
    this.#partitions = partitions;
    this.#onFolded = onFolded;
  }

  async run(results: readonly Result[]): Promise<void> {
    const collections = results.map(({ name }) => this.#collectionOf(name));
    const checkpoints = await this.#models.checkpoints(collections);
    for (const result of results) await this.#begin(result, checkpoints);
    await this.#foldOn();
    for (const result of results) await this.#scan(result);
    for (const fold of this.#folds.values()) await this.#lookForMissing(fold);
    for (const fold of this.#folds.values()) {
      fold.ahead.sort((a, b) => b.position - a.position);
      fold.target = fold.ahead[0]?.position ?? fold.position;
    }
    await this.#foldOn();
  }

  #collectionOf(name: string): string {
    return this.#options.collections[name] ?? name;
  }

  /** Sets the folds of a projection up; its checkpoints must be of its own partitions, and within the log. */
  async #begin(result: Result, checkpoints: readonly Checkpoint[]): Promise<void> {
    const collection = this.#collectionOf(result.name);
    const own = new Map(
      checkpoints.filter((each) => each.collection === collection).map((each) => [nameOf(each), each]),
    );
    for (const topic of TOPICS_OF[result.name] ?? []) {
      const bounds = await this.#log.bounds(topic);
      for (let partition = 0; partition < describeTopic(topic).partitions; partition++) {
        const name = nameOf({ topic, partition });
        const position = own.get(name)?.position ?? -1;
        own.delete(name);
        if (!this.#partitions.has(partition)) continue;
        const expectation = expectationOf(result.name);
        if (expectation === null) throw new Error(`no projection ${result.name}`);
        result.positions[name] = position;
        const last = lastOf(bounds[partition]);
        if (position > last)
          await result.differs(`checkpoint ${name}`, () => [differs('position', `at most ${last}`, position)]);
        const target = Math.min(position, last);
        this.#folds.set(`${result.name} ${name}`, {
          topic,
          partition,
          result,
          collection,
          expectation,
          position: -1,
          target,
          seen: new Set(),
          ahead: [],
        });
      }
    }
    if (!this.#partitions.has(0)) return;
    for (const [name, { position }] of own)
      await result.differs(`checkpoint ${name}`, () => [differs('', '(absent)', position)]);
  }

  /** Folds every partition on to its targets, comparing on the way what is ahead. Each is read once for all. */
  async #foldOn(): Promise<void> {
    const together = new Map<string, Fold[]>();
    for (const fold of this.#folds.values()) {
      if (fold.target > fold.position) together.set(nameOf(fold), [...(together.get(nameOf(fold)) ?? []), fold]);
    }
    for (const folds of together.values()) await this.#foldTogether(folds);
  }

  async #foldTogether(folds: readonly Fold[]): Promise<void> {
    const [first] = folds;
    if (first === undefined) return;
    const last = lastOf((await this.#log.bounds(first.topic))[first.partition]);
    const from = Math.min(...folds.map((fold) => fold.position)) + 1;
    const to = Math.min(last, Math.max(...folds.map((fold) => fold.target))) + 1;
    const batches = readRecorded(this.#log, first, from, to, (batch) => {
      this.#options.signal?.throwIfAborted();
      this.#onFolded(batch.next - batch.from);
    });
    for await (const events of batches) {
      for (const fold of folds) await this.#apply(fold, events);
    }
    for (const fold of folds) {
      await this.#judgeBelow(fold, last + 1);
      for (const claim of fold.ahead) await this.#beyond(fold, claim, last);
      fold.ahead = [];
      fold.position = Math.min(fold.target, last);
    }
  }

  async #apply(fold: Fold, events: readonly Recorded[]): Promise<void> {
    for (const recorded of events) {
      if (recorded.offset <= fold.position || recorded.offset > fold.target) continue;
      if (fold.ahead.length > 0) await this.#judgeBelow(fold, recorded.offset);
      fold.expectation.apply(recorded);
      fold.position = recorded.offset;
    }
  }

  /** Compares what claims to stand at an offset below; the nearest is the last of `ahead`. */
  async #judgeBelow(fold: Fold, offset: number): Promise<void> {
    for (let claim = fold.ahead.at(-1); claim !== undefined && claim.position < offset; claim = fold.ahead.at(-1)) {
      fold.ahead.pop();
      await this.#judge(fold, claim);
    }
  }

  async #beyond(fold: Fold, claim: Claim, last: number): Promise<void> {
    await fold.result.differs(idOf(fold, claim.key), () => [
      differs(pathOf(fold, claim.key, 'position'), `at most ${last}`, claim.position),
    ]);
  }

  /** Looks at every document of the collection that belongs to this pass. */
  async #scan(result: Result): Promise<void> {
    const collection = this.#collectionOf(result.name);
    const merged = MERGED_MODELS[result.name];
    if (merged !== undefined) {
      for await (const documents of this.#models.scanMerged(collection)) {
        this.#options.signal?.throwIfAborted();
        for (const document of documents) await this.#takeMerged(result, merged, document);
      }
    } else {
      for await (const documents of this.#models.scanFolded(collection)) {
        this.#options.signal?.throwIfAborted();
        for (const document of documents) await this.#takeFolded(result, document);
      }
    }
  }

  async #takeFolded(result: Result, document: FoldedDocument): Promise<void> {
    const { key, position, body, partition } = document;
    const fold = this.#folds.get(`${result.name} ${nameOf(document)}`);
    if (fold !== undefined) {
      result.documents += 1;
      await this.#take(fold, { key, position, body });
    } else if (this.#partitions.has(0) && !belongs(result.name, document)) {
      await result.differs(`${document.topic}/${partition}/${key}`, () => [
        differs('', '(absent)', `(a document at ${position})`),
      ]);
    }
  }

  async #takeMerged(result: Result, model: MergedModel, { id, parts }: MergedDocument): Promise<void> {
    // All topics of one document have as many partitions.
    const [topic] = TOPICS_OF[result.name] ?? [];
    const partition = topic === undefined ? 0 : partitionOf(id, describeTopic(topic).partitions);
    if (!this.#partitions.has(partition)) return;
    result.documents += 1;
    for (const [part, { position, fields }] of Object.entries(parts)) {
      const owner = model.ownerOf({ id, part });
      const name = owner === null ? '' : nameOf({ topic: owner.topic, partition });
      const fold = this.#folds.get(`${result.name} ${name}`);
      if (owner === null || fold === undefined) {
        await result.differs(id, () => [differs(part, '(absent)', `(a part at ${position})`)]);
      } else await this.#take(fold, { key: owner.key, position, body: fields });
    }
  }

  async #take(fold: Fold, claim: Claim): Promise<void> {
    fold.seen.add(claim.key);
    if (claim.position <= fold.position) await this.#judge(fold, claim);
    else {
      fold.ahead.push(claim);
      fold.result.ahead += 1;
    }
  }

  async #judge(fold: Fold, claim: Claim): Promise<void> {
    const { expectation, result } = fold;
    const position = expectation.positionOf(claim.key);
    if (position === claim.position && expectation.matches(claim)) return;
    await result.differs(idOf(fold, claim.key), async () => {
      if (position === null) return [differs(pathOf(fold, claim.key, ''), '(absent)', `(there, at ${claim.position})`)];
      const fields = await expectation.explain(claim, (offset) => this.#recordAt(fold, offset));
      const moved = position === claim.position ? [] : [differs('position', position, claim.position)];
      return [...moved, ...fields].map((field) => ({ ...field, path: pathOf(fold, claim.key, field.path) }));
    });
  }

  async #recordAt(fold: Fold, offset: number): Promise<Recorded | null> {
    for await (const [recorded] of readRecorded(this.#log, fold, offset, offset + 1)) {
      if (recorded !== undefined) return recorded;
    }
    return null;
  }

  /** What the scan did not come across is looked up by its key before it is called missing. */
  async #lookForMissing(fold: Fold): Promise<void> {
    const missing: string[] = [];
    for (const key of fold.expectation.keys()) if (!fold.seen.has(key)) missing.push(key);
    for (let from = 0; from < missing.length; from += LOOKED_UP_AT_ONCE_MAX) {
      this.#options.signal?.throwIfAborted();
      const keys = missing.slice(from, from + LOOKED_UP_AT_ONCE_MAX);
      for (const claim of await this.#lookUp(fold, keys)) await this.#take(fold, claim);
      for (const key of keys) {
        if (fold.seen.has(key)) continue;
        const position = fold.expectation.positionOf(key);
        await fold.result.differs(idOf(fold, key), () => [
          differs(pathOf(fold, key, ''), `(there, at ${position ?? -1})`, '(absent)'),
        ]);
      }
    }
  }

  async #lookUp(fold: Fold, keys: readonly string[]): Promise<Claim[]> {
    const model = MERGED_MODELS[fold.result.name];
    if (model === undefined) return this.#models.load(fold.collection, fold, keys);
    const wanted = new Map(keys.map((key) => [key, model.placeOf(fold.topic, key)]));
    const ids = [...new Set([...wanted.values()].map(({ id }) => id))];
    const documents = new Map((await this.#models.merged(fold.collection, ids)).map((each) => [each.id, each.parts]));
    return [...wanted].flatMap(([key, { id, part }]) => {
      const found = documents.get(id)?.[part];
      return found === undefined ? [] : [{ key, position: found.position, body: found.fields }];
    });
  }
}

function nameOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}/${partition}`;
}

/** Whether a document is of a topic-partition that the projection reads. */
function belongs(projection: string, { topic, partition }: FoldedDocument): boolean {
  const topics: readonly string[] = TOPICS_OF[projection] ?? [];
  return (
    topics.includes(topic) &&
    Number.isInteger(partition) &&
    partition >= 0 &&
    partition < describeTopic(topic).partitions
  );
}

function idOf(fold: Fold, key: string): string {
  const model = MERGED_MODELS[fold.result.name];
  return model === undefined ? `${nameOf(fold)}/${key}` : model.placeOf(fold.topic, key).id;
}

/** The path within the whole document: fields of a part are one level further in. */
function pathOf(fold: Fold, key: string, path: string): string {
  const model = MERGED_MODELS[fold.result.name];
  if (model === undefined) return path;
  const { part } = model.placeOf(fold.topic, key);
  return path === '' ? part : `${part}.${path}`;
}

/** The last offset that can have been folded; −1 when there is nothing. */
function lastOf(bounds: Bounds | undefined): number {
  return (bounds?.end ?? 0) - 1;
}
