/**
 * One execution for all who ask the same. Subscriptions with one key follow one underlying iteration; each result
 * is executed, formatted and written as bytes once, however many follow.
 */
import type { ExecutionResult, FormattedExecutionResult } from 'graphql';
import { formatResult, limitExceeded, type FormatError } from './errors.ts';

/** A result, for everybody who follows. */
export class Frame {
  readonly #result: FormattedExecutionResult;
  #payload: Buffer | null = null;

  constructor(result: FormattedExecutionResult) {
    this.#result = result;
  }

  /** The result as JSON, made when it is first asked for. */
  get payload(): Buffer {
    this.#payload ??= Buffer.from(JSON.stringify(this.#result));
    return this.#payload;
  }
}

export interface Follower {
  /** A newer frame; returns at once, whatever becomes of it. */
  show(frame: Frame): void;
  /** There will be no more. */
  end(): void;
}

export type Source = AsyncIterable<ExecutionResult> | ExecutionResult;

export interface SharedSubscription {
  /** Those with equal keys get the same. */
  readonly key: string;
  /** The underlying subscription. */
  readonly start: () => Promise<Source>;
  /**
   * What who comes later gets first: the newest frame that is known; or the first result of a subscription of
   * their own, where a frame says what changed since the one before.
   */
  readonly firstFrame: 'newest' | 'own';
}

interface Execution {
  readonly key: string;
  readonly followers: Set<Follower>;
  newest: Frame | null;
  source: AsyncIterator<ExecutionResult> | null;
  over: boolean;
}

export class SharedSubscriptions {
  readonly #executions = new Map<string, Execution>();
  readonly #format: FormatError;
  readonly #executionsMax: number;

  constructor(options: { format: FormatError; executionsMax: number }) {
    this.#format = options.format;
    this.#executionsMax = options.executionsMax;
  }

  /** How many differ. */
  get executions(): number {
    return this.#executions.size;
  }

  /** Follows until the returned function is called or the subscription ends by itself. */
  follow(subscription: SharedSubscription, follower: Follower): () => void {
    const present = this.#executions.get(subscription.key);
    if (present === undefined) return this.#followNew(subscription, follower);
    if (subscription.firstFrame === 'own') return this.#followAfterOwn(present, subscription, follower);
    present.followers.add(follower);
    if (present.newest !== null) follower.show(present.newest);
    return () => this.#leave(present, follower);
  }

  #followNew(subscription: SharedSubscription, follower: Follower): () => void {
    if (this.#executions.size >= this.#executionsMax) {
      const message = `more than ${this.#executionsMax} different subscriptions at once; ask what others ask, or later`;
      follower.show(this.#failed(limitExceeded(message)));
      follower.end();
      return () => {};
    }
    const { key } = subscription;
    const execution: Execution = { key, followers: new Set([follower]), newest: null, source: null, over: false };
    this.#executions.set(key, execution);
    void this.#run(execution, subscription.start);
    return () => this.#leave(execution, follower);
  }

  /** Frames that come before one's own first are held back; of these, too, only the newest is kept. */
  #followAfterOwn(present: Execution, { start }: SharedSubscription, follower: Follower): () => void {
    let own = true;
    let held: Frame | null = null;
    let ended = false;
    const behind: Follower = {
      show: (frame) => {
        if (own) held = frame;
        else follower.show(frame);
      },
      end: () => {
        if (own) ended = true;
        else follower.end();
      },
    };
    present.followers.add(behind);
    void this.#firstOf(start).then((frame) => {
      if (!present.over && !present.followers.has(behind)) return;
      own = false;
      if (frame !== null) follower.show(frame);
      if (held !== null) follower.show(held);
      if (ended) follower.end();
    });
    return () => this.#leave(present, behind);
  }

  async #firstOf(start: () => Promise<Source>): Promise<Frame | null> {
    try {
      const source = await start();
      if (!(Symbol.asyncIterator in source)) return this.#frameOf(source);
      for await (const result of source) return this.#frameOf(result);
      return null;
    } catch (error) {
      return this.#failed(error);
    }
  }

  async #run(execution: Execution, start: () => Promise<Source>): Promise<void> {
    try {
      const source = await start();
      if (!(Symbol.asyncIterator in source)) {
        this.#publish(execution, this.#frameOf(source));
      } else {
        const iterator = source[Symbol.asyncIterator]();
        execution.source = iterator;
        if (execution.over) await iterator.return?.();
        while (!execution.over) {
          const next = await iterator.next();
          if (next.done === true) break;
          this.#publish(execution, this.#frameOf(next.value));
        }
      }
    } catch (error) {
      this.#publish(execution, this.#failed(error));
    }
    execution.source = null;
    this.#end(execution);
  }

  #frameOf(result: ExecutionResult): Frame {
    return new Frame(formatResult(result, this.#format));
  }

  #failed(error: unknown): Frame {
    return new Frame({ errors: [this.#format(error)] });
  }

  #publish(execution: Execution, frame: Frame): void {
    execution.newest = frame;
    for (const follower of execution.followers) follower.show(frame);
  }

  #leave(execution: Execution, follower: Follower): void {
    execution.followers.delete(follower);
    if (execution.followers.size === 0) this.#end(execution);
  }

  #end(execution: Execution): void {
    if (execution.over) return;
    execution.over = true;
    if (this.#executions.get(execution.key) === execution) this.#executions.delete(execution.key);
    const followers = [...execution.followers];
    execution.followers.clear();
    for (const follower of followers) follower.end();
    // A source that cannot be left in order is left all the same.
    void execution.source?.return?.().catch(() => {});
  }
}
