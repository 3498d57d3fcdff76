/**
 * What one topic-partition must have made of one projection's documents, up to a position. It is folded on
 * with the log; documents are compared with it when it stands where they stand.
 */
import type { Recorded } from '../events/codec.ts';
import type { TruthTopic } from '../events/topics.ts';
import { differencesOf, digestOf, type FieldDifference } from './json.ts';
import { MERGED_MODELS, type MergedModel } from './parts.ts';
import { FOLDED_MODELS, type FoldedModel, type Row } from './rows.ts';

/** A stored document (or one part of it) as it claims to be. */
export interface Claim {
  readonly key: string;
  readonly position: number;
  readonly body: unknown;
}

export interface Expectation {
  apply(recorded: Recorded): void;
  /** The position of the last event that touched the document; null when none has. */
  positionOf(key: string): number | null;
  /** The digest of the body if it is what the events make of it; null otherwise. */
  digestIfEqual(claim: Claim): string | null;
  /** The digest of the body that the events make. */
  digestOf(key: string): string;
  /** How it differs. `recordAt` reads the event at a position again, for what is not held in memory. */
  explain(claim: Claim, recordAt: (position: number) => Promise<Recorded | null>): Promise<FieldDifference[]>;
  keys(): IterableIterator<string>;
}

/** The topics that each projection is folded from. */
export const TOPICS_OF: Readonly<Record<string, readonly TruthTopic[]>> = {
  'order-counts': ['orders'],
  sales: ['orders'],
  'products-sold': ['orders'],
  stock: ['stock', 'orders'],
  handling: ['orders', 'handled-orders'],
  orders: ['orders', 'handled-orders'],
  'daily-reports': ['reports'],
  'country-sales': ['orders'],
};

/**
 * An empty expectation of one topic-partition of a projection; null when there is no such projection. Only documents
 * whose key is `wanted` are folded.
 */
export function expectationOf(projection: string, wanted: (key: string) => boolean): Expectation | null {
  const folded = FOLDED_MODELS[projection];
  if (folded !== undefined) return new Sums(folded, wanted);
  const merged = MERGED_MODELS[projection];
  return merged === undefined ? null : new Parts(merged.partOf, wanted);
}

/** Sums of rows by document and path. */
class Sums implements Expectation {
  readonly #model: FoldedModel;
  readonly #wanted: (key: string) => boolean;
  readonly #documents = new Map<string, { position: number; readonly cells: Map<string, unknown> }>();
  /** Each path once: there are few different ones, in very many documents. */
  readonly #paths = new Map<string, string>();

  constructor(model: FoldedModel, wanted: (key: string) => boolean) {
    this.#model = model;
    this.#wanted = wanted;
  }

  apply(recorded: Recorded): void {
    for (const row of this.#model.rowsOf(recorded)) {
      if (!this.#wanted(row.key)) continue;
      let document = this.#documents.get(row.key);
      if (document === undefined) {
        document = { position: recorded.offset, cells: new Map() };
        this.#documents.set(row.key, document);
      }
      document.position = recorded.offset;
      const path = this.#pathOf(row);
      if ('set' in row.value) document.cells.set(path, row.value.set);
      else document.cells.set(path, added(document.cells.get(path) ?? 0, row.value.add));
    }
  }

  positionOf(key: string): number | null {
    return this.#documents.get(key)?.position ?? null;
  }

  digestIfEqual({ key, body }: Claim): string | null {
    return differencesOf(this.#bodyOf(key), body).length === 0 ? digestOf(body) : null;
  }

  digestOf(key: string): string {
    return digestOf(this.#bodyOf(key));
  }

  explain({ key, body }: Claim): Promise<FieldDifference[]> {
    return Promise.resolve(differencesOf(this.#bodyOf(key), body));
  }

  keys(): IterableIterator<string> {
    return this.#documents.keys();
  }

  /** An array's index stands behind an empty name, which no field has. */
  #pathOf({ path }: Row): string {
    const joined = path.map((name) => (typeof name === 'number' ? `\0${name}` : name)).join('\0');
    const known = this.#paths.get(joined);
    if (known !== undefined) return known;
    this.#paths.set(joined, joined);
    return joined;
  }

  #bodyOf(key: string): object {
    const body = this.#model.blank(key);
    for (const [path, value] of this.#documents.get(key)?.cells ?? []) put(body, path.split('\0'), value);
    return body;
  }
}

/** What cannot be held exactly is said to be beyond, for good: a rounded sum is equal to nothing. */
function added(before: unknown, units: number): unknown {
  if (typeof before !== 'number') return before;
  const sum = before + units;
  return Math.abs(sum) > Number.MAX_SAFE_INTEGER ? 'beyond' : sum;
}

function put(body: object, path: readonly string[], value: unknown): void {
  const last = path.length - 1;
  let inner = body as Record<string, unknown>;
  for (const [depth, name] of path.entries()) {
    if (depth === last) inner[name] = value;
    else if (name !== '') {
      if (!Object.hasOwn(inner, name)) inner[name] = path[depth + 1] === '' ? [] : {};
      inner = inner[name] as Record<string, unknown>;
    }
  }
}

/** Parts that are set as a whole: a digest of each is enough, the log has the rest. */
class Parts implements Expectation {
  readonly #partOf: MergedModel['partOf'];
  readonly #wanted: (key: string) => boolean;
  readonly #parts = new Map<string, { readonly position: number; readonly digest: string }>();

  constructor(partOf: MergedModel['partOf'], wanted: (key: string) => boolean) {
    this.#partOf = partOf;
    this.#wanted = wanted;
  }

  apply(recorded: Recorded): void {
    const part = this.#partOf(recorded);
    if (part === null || !this.#wanted(part.key)) return;
    this.#parts.set(part.key, { position: recorded.offset, digest: digestOf(part.body) });
  }

  positionOf(key: string): number | null {
    return this.#parts.get(key)?.position ?? null;
  }

  digestIfEqual({ key, body }: Claim): string | null {
    const digest = digestOf(body);
    return this.#parts.get(key)?.digest === digest ? digest : null;
  }

  digestOf(key: string): string {
    return this.#parts.get(key)?.digest ?? '';
  }

  async explain(
    { key, body }: Claim,
    recordAt: (position: number) => Promise<Recorded | null>,
  ): Promise<FieldDifference[]> {
    const position = this.positionOf(key);
    const recorded = position === null ? null : await recordAt(position);
    return differencesOf(recorded === null ? null : this.#partOf(recorded)?.body, body);
  }

  keys(): IterableIterator<string> {
    return this.#parts.keys();
  }
}
