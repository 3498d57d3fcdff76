/** Judges answers of the API: against the log at the positions that they bear, and against those before them. */
import type { LogSums } from './log-sums.ts';

/** As the API has it. */
export interface Position {
  readonly projection: string;
  readonly topic: string;
  readonly offsets: readonly number[];
}

/** Sums of what came in since the looking began, and where the projections stood that they are from. */
export interface Answered {
  readonly orders: number;
  readonly sales: number;
  readonly handled: number;
  readonly positions: readonly Position[];
}

export interface Wrong {
  /** `stepped back`: a client saw less than before; `mixed`: not what the log says where the answer stands. */
  readonly kind: 'stepped back' | 'mixed' | 'failed';
  readonly about: string;
}

/** Of each kind; the rest is only counted. */
const KEPT_MAX = 10;

export class Judge {
  readonly #sums: LogSums;
  #waiting: Answered[] = [];
  readonly wrong: Wrong[] = [];
  readonly counts = { 'stepped back': 0, mixed: 0, failed: 0 };
  /** Answers that were held against the log. */
  judged = 0;

  constructor(sums: LogSums) {
    this.#sums = sums;
  }

  /** One who asks: what it has seen must not become less. */
  client(name: string): Client {
    return new Client(name, (wrong) => this.#note(wrong));
  }

  failed(about: string): void {
    this.#note({ kind: 'failed', about });
  }

  /** Judged as soon as the log has been read that far. */
  add(answered: Answered): void {
    this.#waiting.push(answered);
  }

  /** Judges what can be judged by now; returns how many are left. */
  judge(): number {
    this.#waiting = this.#waiting.filter((answered) => !this.#isJudged(answered));
    return this.#waiting.length;
  }

  #isJudged({ orders, sales, handled, positions }: Answered): boolean {
    const where = (projection: string, topic: 'orders' | 'handled-orders') => {
      const at = positions.find((each) => each.projection === projection && each.topic === topic);
      return at === undefined ? undefined : this.#sums.at(topic, at.offsets);
    };
    const parts = [
      { name: 'orders', found: orders, expected: where('order-counts', 'orders'), of: 'count' as const },
      { name: 'sales', found: sales, expected: where('sales', 'orders'), of: 'amount' as const },
      { name: 'handled', found: handled, expected: where('handling', 'handled-orders'), of: 'count' as const },
    ];
    if (parts.some(({ expected }) => expected === null)) return false;
    for (const { name, found, expected, of } of parts) {
      if (expected?.[of] === found) continue;
      this.#note({ kind: 'mixed', about: `${name} ${found}, where the log says ${String(expected?.[of])}` });
    }
    this.judged += 1;
    return true;
  }

  #note(wrong: Wrong): void {
    this.counts[wrong.kind] += 1;
    if (this.counts[wrong.kind] <= KEPT_MAX) this.wrong.push(wrong);
  }
}

export class Client {
  readonly #name: string;
  readonly #note: (wrong: Wrong) => void;
  #offsets = new Map<string, readonly number[]>();
  readonly #values = new Map<string, { readonly day: string; readonly value: number }>();

  constructor(name: string, note: (wrong: Wrong) => void) {
    this.#name = name;
    this.#note = note;
  }

  /** The positions of one answer, or of all that came with one request: each may have been read first. */
  stands(...answers: readonly (readonly Position[])[]): void {
    const furthest = new Map(this.#offsets);
    for (const { projection, topic, offsets } of answers.flat()) {
      const name = `${projection} ${topic}`;
      const before = this.#offsets.get(name) ?? [];
      const back = offsets.findIndex((offset, partition) => offset < (before[partition] ?? -1));
      if (back !== -1) {
        const about = `${this.#name}: ${projection} at ${topic}/${back} from ${before[back] ?? -1} to ${offsets[back] ?? -1}`;
        this.#note({ kind: 'stepped back', about });
      }
      const known = furthest.get(name) ?? [];
      furthest.set(
        name,
        offsets.map((offset, partition) => Math.max(offset, known[partition] ?? -1)),
      );
    }
    this.#offsets = furthest;
  }

  /** A figure that only grows until the day ends. `day` names the day. */
  grows(figure: string, day: string, value: number): void {
    const before = this.#values.get(figure);
    if (before !== undefined && before.day === day && value < before.value) {
      const about = `${this.#name}: ${figure} from ${before.value} to ${value}`;
      this.#note({ kind: 'stepped back', about });
    }
    this.#values.set(figure, { day, value });
  }

  vanished(what: string): void {
    this.#note({ kind: 'stepped back', about: `${this.#name}: ${what} was there, and is not any more` });
  }
}
