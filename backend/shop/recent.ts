/**
 * What was appended lately, by id: everything that a read model may not hold yet. What the read model's
 * checkpoint has passed is forgotten; it is looked up there.
 */
import type { EventPosition } from './commands.ts';

/** Where an event is, filled in once it is appended. */
export type FilledPosition = { -readonly [K in keyof EventPosition]: EventPosition[K] };

export interface Known {
  readonly id: string;
  readonly at: string;
  readonly position: EventPosition;
}

export interface KnownOrder extends Known {
  /** Null for an order that was placed without a key. */
  readonly fingerprint: string | null;
}

export interface KnownReceipt extends Known {
  readonly productId: string;
  readonly quantity: number;
  readonly reason: string;
}

export class Recent<T extends Known> {
  readonly #max: number;
  /** In the order of their offsets: a Map keeps the order of insertion. */
  readonly #byPartition: Map<string, T>[];
  /** The read model's checkpoint of each partition: it holds everything up to there. */
  readonly #stored: number[];
  /** The last offset of each partition that was forgotten for want of room before the read model had it. */
  readonly #forgotten: number[];
  #size = 0;

  /** `stored`: the read model's checkpoint of each partition, −1 for none. */
  constructor(stored: readonly number[], max: number) {
    this.#max = max;
    this.#stored = [...stored];
    this.#byPartition = stored.map(() => new Map<string, T>());
    this.#forgotten = stored.map(() => -1);
  }

  get size(): number {
    return this.#size;
  }

  /** The checkpoint as it was looked at last. */
  stored(partition: number): number {
    return this.#stored[partition] ?? -1;
  }

  get(id: string, partition: number): T | undefined {
    return this.#byPartition[partition]?.get(id);
  }

  /** In whichever partition it is. */
  find(id: string): T | undefined {
    for (const known of this.#byPartition) {
      const found = known.get(id);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  add(known: T): void {
    const { partition } = known.position;
    const own = this.#byPartition[partition];
    if (own === undefined || own.has(known.id)) return;
    own.set(known.id, known);
    this.#size += 1;
  }

  /** The read model has everything up to these checkpoints now. */
  prune(stored: readonly number[]): void {
    for (const [partition, position] of stored.entries()) {
      if (position <= this.stored(partition)) continue;
      this.#stored[partition] = position;
      this.#dropUpTo(partition, position);
    }
  }

  /** Makes room. From now on what was dropped is missing until the read model has it; see `missing`. */
  shrink(): void {
    while (this.#size > this.#max) {
      const largest = this.#byPartition.reduce((most, each, p) => (each.size > this.#sizeOf(most) ? p : most), 0);
      const own = [...(this.#byPartition[largest]?.values() ?? [])];
      // A tenth more than needed, so that a full memory is not walked through for every order.
      const middle = own[Math.min(own.length - 1, this.#size - this.#max + Math.floor(own.length / 10))];
      if (middle === undefined || middle.position.offset < 0) return;
      this.#forgotten[largest] = middle.position.offset;
      this.#dropUpTo(largest, middle.position.offset);
    }
  }

  /** Whether the partition has something that neither this nor the read model knows. */
  missing(partition: number): boolean {
    return (this.#forgotten[partition] ?? -1) > this.stored(partition);
  }

  get hasGaps(): boolean {
    return this.#forgotten.some((_, partition) => this.missing(partition));
  }

  #sizeOf(partition: number): number {
    return this.#byPartition[partition]?.size ?? 0;
  }

  #dropUpTo(partition: number, offset: number): void {
    const own = this.#byPartition[partition];
    if (own === undefined) return;
    for (const [id, known] of own) {
      // Whatever is still to be appended comes last, and bears no offset yet.
      if (known.position.offset > offset || known.position.offset < 0) return;
      own.delete(id);
      this.#size -= 1;
    }
  }
}
