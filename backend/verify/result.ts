/** What a verification finds out about one projection. */
import type { FieldDifference } from './json.ts';

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
  /** The first 20, field by field. */
  readonly differences: readonly Difference[];
  /** Documents, parts of documents, or checkpoints that are not as they must be. */
  readonly differenceCount: number;
}

const DIFFERENCES_MAX = 20;

/** What has been found out about one projection. */
export class Result {
  readonly name: string;
  readonly positions: Record<string, number> = {};
  documents = 0;
  ahead = 0;
  readonly #differences: Difference[] = [];
  #count = 0;

  constructor(name: string) {
    this.name = name;
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
    return { name, documents, ahead, positions, differences: this.#differences, differenceCount: this.#count };
  }
}
