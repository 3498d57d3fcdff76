/** What a verification finds out about one projection. */
import { contributionOf, SetDigest, type Contributor } from './digest.ts';
import type { Claim, Expectation } from './expectation.ts';
import { digestOf, type FieldDifference } from './json.ts';

export interface Difference extends FieldDifference {
  /** The document, as the store's own tools name it. */
  readonly id: string;
}

export interface VerifiedProjection {
  readonly name: string;
  /** Documents looked at. */
  readonly documents: number;
  /** Of these (or of their parts, where topics share one), how many were past the checkpoint when read. */
  readonly ahead: number;
  /** "topic/partition" to the checkpoint up to which nothing may be missing; −1 where nothing is folded. */
  readonly positions: Readonly<Record<string, number>>;
  /**
   * Of what is stored, 32 hexadecimal digits, see digest.ts. With nothing `ahead` it follows from the log and the
   * positions alone: any store, folded in any way, has the same. What is ahead counts as it stands.
   */
  readonly digest: string;
  /** Of what must be stored: the independent fold, each document at the position where it was compared. */
  readonly expectedDigest: string;
  /** The first 20, field by field. */
  readonly differences: readonly Difference[];
  /** Documents, parts of documents, or checkpoints that are not as they must be. */
  readonly differenceCount: number;
}

const DIFFERENCES_MAX = 20;

type Place = Pick<Contributor, 'topic' | 'partition'>;

/** What has been found out about one projection. */
export class Result {
  readonly name: string;
  readonly collection: string;
  readonly positions: Record<string, number> = {};
  documents = 0;
  ahead = 0;
  readonly #stored = new SetDigest();
  readonly #expected = new SetDigest();
  readonly #differences: Difference[] = [];
  #count = 0;

  constructor(name: string, collection: string) {
    this.name = name;
    this.collection = collection;
  }

  /** What is stored is what must be. `bodyDigest` is of the body of both. */
  equal({ topic, partition }: Place, { key, position }: Claim, bodyDigest: string): void {
    const contribution = contributionOf({ topic, partition, key, position, bodyDigest });
    this.#stored.add(contribution);
    this.#expected.add(contribution);
  }

  /** Something is stored that is not what must be. */
  found({ topic, partition }: Place, { key, position, body }: Claim): void {
    this.#stored.add(contributionOf({ topic, partition, key, position, bodyDigest: digestOf(body) }));
  }

  /** What must be stored instead, if anything. */
  expects({ topic, partition }: Place, key: string, expectation: Expectation): void {
    const position = expectation.positionOf(key);
    if (position === null) return;
    this.#expected.add(contributionOf({ topic, partition, key, position, bodyDigest: expectation.digestOf(key) }));
  }

  /** One document is not as it must be. The fields are asked for only while there is room for them. */
  async differs(id: string, fields: () => FieldDifference[] | Promise<FieldDifference[]>): Promise<void> {
    this.#count += 1;
    const room = DIFFERENCES_MAX - this.#differences.length;
    if (room <= 0) return;
    this.#differences.push(...(await fields()).slice(0, room).map((field) => ({ id, ...field })));
  }

  summary(): VerifiedProjection {
    const { name, documents, ahead, positions } = this;
    const [digest, expectedDigest] = [this.#stored.toString(), this.#expected.toString()];
    const [differences, differenceCount] = [this.#differences, this.#count];
    return { name, documents, ahead, positions, digest, expectedDigest, differences, differenceCount };
  }
}
