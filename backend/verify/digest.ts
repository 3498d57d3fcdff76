/**
 * One number for many documents: equal for equal sets of documents, whatever their order. Each document, or each part
 * of one that several topics share, contributes the SHA-256 of where it stands and of what is in it; contributions are
 * added up modulo 2^128. It tells faults, not forgers: who may choose documents freely could make two sets collide.
 */
import { hash } from 'node:crypto';
import type { Topic } from '../events/topics.ts';

export interface Contributor {
  /** Empty for a part that belongs to no topic. */
  readonly topic: Topic | '';
  readonly partition: number;
  readonly key: string;
  /** The last offset that is in. */
  readonly position: number;
  /** As digestOf() gives it. */
  readonly bodyDigest: string;
}

const BITS = 128;
const HEX_DIGITS = BITS / 4;
const WORD_BITS = 64n;
const WORD_BYTES = 8;

/** A whole number below 2^128. */
export function contributionOf({ topic, partition, key, position, bodyDigest }: Contributor): bigint {
  // The key comes last: it may hold anything, the others never hold a space.
  const text = `${topic} ${partition} ${position} ${bodyDigest} ${key}`;
  const bytes = hash('sha256', text, 'buffer');
  return (bytes.readBigUInt64BE(0) << WORD_BITS) | bytes.readBigUInt64BE(WORD_BYTES);
}

export class SetDigest {
  #sum = 0n;

  add(contribution: bigint): void {
    this.#sum = BigInt.asUintN(BITS, this.#sum + contribution);
  }

  /** 32 hexadecimal digits. */
  toString(): string {
    return this.#sum.toString(16).padStart(HEX_DIGITS, '0');
  }
}
