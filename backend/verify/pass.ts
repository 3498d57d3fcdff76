/** One pass of the verification: one share of the documents, of all projections, from all of their topics. */
import type { Recorded } from '../events/codec.ts';
import { describeTopic, partitionOf } from '../events/topics.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Checkpoint, FoldedDocument, FoldedPlace, MergedDocument, ReadModels } from '../ports/read-models.ts';
import { expectationOf, TOPICS_OF, type Claim } from './expectation.ts';
import { belongs, idOf, lastOf, nameOf, pathOf, type Fold } from './folds.ts';
import { differs } from './json.ts';
import { MERGED_MODELS, type MergedModel } from './parts.ts';
import { readRecorded } from './records.ts';
import type { Result } from './result.ts';
import { isFirst, isInSlice, type Share } from './share.ts';

export interface PassOptions {
  readonly log: EventLog;
  readonly models: ReadModels;
  readonly collections: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

const LOOKED_UP_AT_ONCE_MAX = 1_000;

export async function verifyShare(
  options: PassOptions,
  share: Share,
  results: readonly Result[],
  onFolded: (records: number) => void,
): Promise<void> {
  await new Pass(options, share, onFolded).run(results);
}

class Pass {
  readonly #log: EventLog;
  readonly #models: ReadModels;
  readonly #options: PassOptions;
  readonly #share: Share;
  readonly #onFolded: (records: number) => void;
  readonly #folds = new Map<string, Fold>();

  constructor(options: PassOptions, share: Share, onFolded: (records: number) => void) {
    this.#log = options.log;
    this.#models = options.models;
    this.#options = options;
    this.#share = share;
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
        if (!this.#share.partitions.has(partition)) continue;
        const expectation = expectationOf(result.name, this.#sliceOf(result.name, topic));
        if (expectation === null) throw new Error(`no projection ${result.name}`);
        // Of several slices the first is the least.
        result.positions[name] ??= position;
        const last = lastOf(bounds[partition]);
        if (position > last && this.#share.slice === 0)
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
    if (!isFirst(this.#share)) return;
    for (const [name, { position }] of own)
      await result.differs(`checkpoint ${name}`, () => [differs('', '(absent)', position)]);
  }

  /** Whether a document, or a part of one, is in this pass's slice, by its key within the topic. */
  #sliceOf(projection: string, topic: Fold['topic']): (key: string) => boolean {
    if (this.#share.slices === 1) return () => true;
    const model = MERGED_MODELS[projection];
    return (key) => isInSlice(this.#share, model === undefined ? key : model.placeOf(topic, key).id);
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
    fold.result.found(fold, claim);
    fold.result.expects(fold, claim.key, fold.expectation);
    await fold.result.differs(idOf(fold, claim.key), () => [
      differs(pathOf(fold, claim.key, 'position'), `at most ${last}`, claim.position),
    ]);
  }

  /** Looks at every document of the collection that belongs to this pass. */
  async #scan(result: Result): Promise<void> {
    const collection = this.#collectionOf(result.name);
    const merged = MERGED_MODELS[result.name];
    if (merged !== undefined) {
      const wanted = (id: string): boolean => this.#isMergedWanted(result.name, id);
      for await (const documents of this.#models.scanMerged(collection, wanted)) {
        this.#options.signal?.throwIfAborted();
        for (const document of documents) await this.#takeMerged(result, merged, document);
      }
    } else {
      const wanted = (place: FoldedPlace): boolean => this.#isFoldedWanted(result.name, place);
      for await (const documents of this.#models.scanFolded(collection, wanted)) {
        this.#options.signal?.throwIfAborted();
        for (const document of documents) await this.#takeFolded(result, document);
      }
    }
  }

  /** What does not belong to the projection is looked at once. */
  #isFoldedWanted(projection: string, place: FoldedPlace): boolean {
    if (!belongs(projection, place)) return isFirst(this.#share);
    return this.#share.partitions.has(place.partition) && isInSlice(this.#share, place.key);
  }

  #isMergedWanted(projection: string, id: string): boolean {
    return this.#share.partitions.has(partitionOfMerged(projection, id)) && isInSlice(this.#share, id);
  }

  async #takeFolded(result: Result, document: FoldedDocument): Promise<void> {
    const { key, position, body, partition } = document;
    const fold = this.#folds.get(`${result.name} ${nameOf(document)}`);
    if (fold !== undefined) {
      result.documents += 1;
      await this.#take(fold, { key, position, body });
    } else {
      result.found(document, document);
      await result.differs(`${document.topic}/${partition}/${key}`, () => [
        differs('', '(absent)', `(a document at ${position})`),
      ]);
    }
  }

  async #takeMerged(result: Result, model: MergedModel, { id, parts }: MergedDocument): Promise<void> {
    const partition = partitionOfMerged(result.name, id);
    result.documents += 1;
    for (const [part, { position, fields }] of Object.entries(parts)) {
      const owner = model.ownerOf({ id, part });
      const name = owner === null ? '' : nameOf({ topic: owner.topic, partition });
      const fold = this.#folds.get(`${result.name} ${name}`);
      if (owner === null || fold === undefined) {
        result.found({ topic: '', partition }, { key: `${id} ${part}`, position, body: fields });
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
    const digest = position === claim.position ? expectation.digestIfEqual(claim) : null;
    if (digest !== null) {
      result.equal(fold, claim, digest);
      return;
    }
    result.found(fold, claim);
    result.expects(fold, claim.key, expectation);
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
        fold.result.expects(fold, key, fold.expectation);
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

/** All topics of one document have as many partitions. */
function partitionOfMerged(projection: string, id: string): number {
  const [topic] = TOPICS_OF[projection] ?? [];
  return topic === undefined ? 0 : partitionOf(id, describeTopic(topic).partitions);
}
