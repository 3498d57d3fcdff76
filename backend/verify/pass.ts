/** One pass of the verification: one share of the documents, of all projections, from all of their topics. */
import type { Recorded } from '../events/codec.ts';
import { describeTopic, partitionOf } from '../events/topics.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Checkpoint, FoldedDocument, FoldedPlace, MergedDocument, ReadModels } from '../ports/read-models.ts';
import { expectationOf, TOPICS_OF, type Claim } from './expectation.ts';
import { belongs, idOf, lastOf, nameOf, pathOf, type Fold, type Side } from './folds.ts';
import { differs } from './json.ts';
import { MERGED_MODELS, type MergedModel } from './parts.ts';
import { readRecorded } from './records.ts';
import type { Result } from './result.ts';
import { isFirst, isInSlice, type Share } from './share.ts';

export interface PassOptions {
  readonly log: EventLog;
  readonly models: ReadModels;
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
    const checkpoints = await this.#models.checkpoints(results.map(({ collection }) => collection));
    for (const result of results) await this.#begin(result, checkpoints);
    await this.#foldOn();
    for (const result of results) await this.#scan(result);
    const folds = [...this.#folds.values()];
    for (;;) {
      for (const fold of folds) await this.#complete(fold);
      for (const fold of folds) fold.target = nextTargetOf(fold);
      if (folds.every((fold) => fold.target <= fold.position)) return;
      await this.#foldOn();
    }
  }

  /** Looks for what is missing from the collections whose checkpoint has been reached. */
  async #complete(fold: Fold): Promise<void> {
    for (const side of fold.sides) {
      if (side.isComplete || side.checkpoint > fold.position) continue;
      side.isComplete = true;
      await this.#lookForMissing(fold, side);
    }
    fold.ahead.sort((a, b) => b.claim.position - a.claim.position);
  }

  /** Sets the folds of a projection up; its checkpoints must be of its own partitions, and within the log. */
  async #begin(result: Result, checkpoints: readonly Checkpoint[]): Promise<void> {
    const own = new Map(
      checkpoints.filter((each) => each.collection === result.collection).map((each) => [nameOf(each), each]),
    );
    for (const topic of TOPICS_OF[result.name] ?? []) {
      const bounds = await this.#log.bounds(topic);
      for (let partition = 0; partition < describeTopic(topic).partitions; partition++) {
        const name = nameOf({ topic, partition });
        const position = own.get(name)?.position ?? -1;
        own.delete(name);
        if (!this.#share.partitions.has(partition)) continue;
        // Of several slices the first is the least.
        result.positions[name] ??= position;
        const last = lastOf(bounds[partition]);
        if (position > last && this.#share.slice === 0)
          await result.differs(`checkpoint ${name}`, () => [differs('position', `at most ${last}`, position)]);
        const fold = this.#foldOf(result.name, topic, partition);
        const checkpoint = Math.min(position, last);
        fold.sides.push({ result, checkpoint, seen: new Set(), isComplete: false });
        fold.target = Math.min(fold.target, checkpoint);
      }
    }
    if (!isFirst(this.#share)) return;
    for (const [name, { position }] of own)
      await result.differs(`checkpoint ${name}`, () => [differs('', '(absent)', position)]);
  }

  /** The one fold of it, whichever collections are held against it. */
  #foldOf(projection: string, topic: Fold['topic'], partition: number): Fold {
    const name = `${projection} ${nameOf({ topic, partition })}`;
    const known = this.#folds.get(name);
    if (known !== undefined) return known;
    const expectation = expectationOf(projection, this.#sliceOf(projection, topic));
    if (expectation === null) throw new Error(`no projection ${projection}`);
    const place = { projection, topic, partition, expectation };
    const fold: Fold = { ...place, sides: [], position: -1, target: Infinity, ahead: [] };
    this.#folds.set(name, fold);
    return fold;
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
      fold.position = Math.min(fold.target, last);
      await this.#judgeBelow(fold, fold.position + 1);
      if (fold.target <= last) continue;
      for (const { side, claim } of fold.ahead) await this.#beyond(fold, side, claim, last);
      fold.ahead = [];
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
    for (let next = fold.ahead.at(-1); next !== undefined && next.claim.position < offset; next = fold.ahead.at(-1)) {
      fold.ahead.pop();
      await this.#judge(fold, next.side, next.claim);
    }
  }

  async #beyond(fold: Fold, { result }: Side, claim: Claim, last: number): Promise<void> {
    result.found(fold, claim);
    result.expects(fold, claim.key, fold.expectation);
    await result.differs(idOf(fold, claim.key), () => [
      differs(pathOf(fold, claim.key, 'position'), `at most ${last}`, claim.position),
    ]);
  }

  /** Looks at every document of the collection that belongs to this pass. */
  async #scan(result: Result): Promise<void> {
    const { collection } = result;
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
    const side = fold === undefined ? undefined : sideOf(fold, result);
    if (fold !== undefined && side !== undefined) {
      result.documents += 1;
      await this.#take(fold, side, { key, position, body });
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
      const side = fold === undefined ? undefined : sideOf(fold, result);
      if (owner === null || fold === undefined || side === undefined) {
        result.found({ topic: '', partition }, { key: `${id} ${part}`, position, body: fields });
        await result.differs(id, () => [differs(part, '(absent)', `(a part at ${position})`)]);
      } else await this.#take(fold, side, { key: owner.key, position, body: fields });
    }
  }

  async #take(fold: Fold, side: Side, claim: Claim): Promise<void> {
    side.seen.add(claim.key);
    if (claim.position <= fold.position) await this.#judge(fold, side, claim);
    else {
      fold.ahead.push({ side, claim });
      if (claim.position > side.checkpoint) side.result.ahead += 1;
    }
  }

  async #judge(fold: Fold, { result }: Side, claim: Claim): Promise<void> {
    const { expectation } = fold;
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
  async #lookForMissing(fold: Fold, side: Side): Promise<void> {
    const missing: string[] = [];
    for (const key of fold.expectation.keys()) if (!side.seen.has(key)) missing.push(key);
    for (let from = 0; from < missing.length; from += LOOKED_UP_AT_ONCE_MAX) {
      this.#options.signal?.throwIfAborted();
      const keys = missing.slice(from, from + LOOKED_UP_AT_ONCE_MAX);
      for (const claim of await this.#lookUp(fold, side, keys)) await this.#take(fold, side, claim);
      for (const key of keys) {
        if (side.seen.has(key)) continue;
        const position = fold.expectation.positionOf(key);
        side.result.expects(fold, key, fold.expectation);
        await side.result.differs(idOf(fold, key), () => [
          differs(pathOf(fold, key, ''), `(there, at ${position ?? -1})`, '(absent)'),
        ]);
      }
    }
  }

  async #lookUp(fold: Fold, { result }: Side, keys: readonly string[]): Promise<Claim[]> {
    const model = MERGED_MODELS[fold.projection];
    if (model === undefined) return this.#models.load(result.collection, fold, keys);
    const wanted = new Map(keys.map((key) => [key, model.placeOf(fold.topic, key)]));
    const ids = [...new Set([...wanted.values()].map(({ id }) => id))];
    const documents = new Map((await this.#models.merged(result.collection, ids)).map((each) => [each.id, each.parts]));
    return [...wanted].flatMap(([key, { id, part }]) => {
      const found = documents.get(id)?.[part];
      return found === undefined ? [] : [{ key, position: found.position, body: found.fields }];
    });
  }
}

/** The next checkpoint at which something may be missing; after the last one, the document that is furthest ahead. */
function nextTargetOf({ sides, ahead, position }: Fold): number {
  const checkpoints = sides.filter(({ isComplete }) => !isComplete).map(({ checkpoint }) => checkpoint);
  return checkpoints.length > 0 ? Math.min(...checkpoints) : (ahead[0]?.claim.position ?? position);
}

function sideOf(fold: Fold, result: Result): Side | undefined {
  return fold.sides.find((side) => side.result === result);
}

/** All topics of one document have as many partitions. */
function partitionOfMerged(projection: string, id: string): number {
  const [topic] = TOPICS_OF[projection] ?? [];
  return topic === undefined ? 0 : partitionOf(id, describeTopic(topic).partitions);
}
