/** What was submitted and waits to be decided. One promise for each submission, not for each command. */
import { ShopError } from '../ports/errors.ts';
import type { Item } from './batch.ts';
import type { Command, Outcome } from './commands.ts';
import { QUEUED_COMMANDS_MAX } from './limits.ts';

interface Submission {
  readonly commands: readonly Command[];
  readonly outcomes: Outcome[];
  taken: number;
  failed: boolean;
  readonly resolve: (outcomes: Outcome[]) => void;
  readonly reject: (error: Error) => void;
}

interface Part {
  readonly submission: Submission;
  readonly items: readonly Item[];
}

/** Commands to be decided together, of one submission or several. */
export class Batch {
  readonly items: readonly Item[];
  readonly #parts: readonly Part[];

  constructor(parts: readonly Part[]) {
    this.#parts = parts;
    this.items = parts.length === 1 && parts[0] !== undefined ? parts[0].items : parts.flatMap((part) => part.items);
  }

  /** Every item has its outcome. */
  resolve(): void {
    for (const { submission, items } of this.#parts) {
      for (const { outcome } of items) if (outcome !== null) submission.outcomes.push(outcome);
      if (submission.outcomes.length === submission.commands.length) submission.resolve(submission.outcomes);
    }
  }

  reject(error: Error): void {
    for (const { submission } of this.#parts) {
      submission.failed = true;
      submission.reject(error);
    }
  }
}

export class SubmissionQueue {
  readonly #prepare: (command: Command) => Item['ready'];
  #waiting: Submission[] = [];
  #queued = 0;
  #ended: Error | null = null;
  #wake: (() => void) | null = null;
  #filled: { readonly count: number; readonly resolve: () => void } | null = null;

  constructor(prepare: (command: Command) => Item['ready']) {
    this.#prepare = prepare;
  }

  submit(commands: readonly Command[]): Promise<Outcome[]> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    if (commands.length === 0) return Promise.resolve([]);
    // One submission alone may be larger: it is in the sender's memory already.
    if (this.#queued > 0 && this.#queued + commands.length > QUEUED_COMMANDS_MAX) {
      const message = `the shop has ${this.#queued} commands waiting, as many as it takes; send them again later`;
      return Promise.reject(new ShopError('UNAVAILABLE', message));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ commands, outcomes: [], taken: 0, failed: false, resolve, reject });
      this.#queued += commands.length;
      this.#wake?.();
      if (this.#filled !== null && this.#queued >= this.#filled.count) this.#filled.resolve();
    });
  }

  /** Resolves when this many commands wait, or the queue has ended. Only the latest call is answered. */
  holds(count: number): Promise<void> {
    if (this.#queued >= count || this.#ended !== null) return Promise.resolve();
    return new Promise((resolve) => (this.#filled = { count, resolve }));
  }

  /** The next commands, at most `max`; waits for some. Null when the queue has ended and is empty. */
  async take(max: number): Promise<Batch | null> {
    for (;;) {
      const parts = this.#cut(max);
      if (parts.length > 0) return new Batch(parts);
      if (this.#ended !== null) return null;
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = null;
    }
  }

  #cut(max: number): Part[] {
    const parts: Part[] = [];
    let left = max;
    while (left > 0) {
      const submission = this.#waiting[0];
      if (submission === undefined) break;
      const { commands, taken } = submission;
      const to = Math.min(commands.length, taken + left);
      if (!submission.failed) {
        const items: Item[] = [];
        for (const command of commands.slice(taken, to)) items.push({ ready: this.#prepare(command), outcome: null });
        parts.push({ submission, items });
        left -= items.length;
      }
      submission.taken = submission.failed ? commands.length : to;
      this.#queued -= submission.taken - taken;
      if (submission.taken === commands.length) this.#waiting.shift();
    }
    return parts;
  }

  /** Takes nothing more in; what waits can still be taken. */
  end(error: Error): void {
    this.#ended ??= error;
    this.#wake?.();
    this.#filled?.resolve();
  }

  /** Takes nothing more in and turns away what waits. */
  fail(error: Error): void {
    this.#ended = error;
    for (const submission of this.#waiting) submission.reject(error);
    this.#waiting = [];
    this.#queued = 0;
    this.#wake?.();
  }
}
