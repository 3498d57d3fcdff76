/**
 * A value that changes, for many who look at their own pace: each gets the newest one that it has not seen,
 * and what came in between is gone. Nobody waits for anybody, and nothing piles up.
 */
export class Latest<T> {
  #value: { readonly current: T } | null = null;
  #version = 0;
  #end: { readonly failure: unknown } | null = null;
  readonly #waiting = new Set<() => void>();
  readonly #onFollowers: (followers: number) => void;
  #followers = 0;

  /** `onFollowers` is told how many there are whenever that changes. */
  constructor(onFollowers: (followers: number) => void = () => {}) {
    this.#onFollowers = onFollowers;
  }

  get followers(): number {
    return this.#followers;
  }

  set(value: T): void {
    this.#value = { current: value };
    this.#version += 1;
    this.#wake();
  }

  /** Forgets the value: who comes next waits for the next one. */
  clear(): void {
    this.#value = null;
  }

  /** Ends everybody's iteration, with `failure` if one is given. */
  end(failure: unknown = null): void {
    this.#end ??= { failure };
    this.#wake();
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  /** The present value at once, if there is one, then every newest one. Leaving the iteration ends it. */
  follow(): AsyncIterableIterator<T> {
    let seen = 0;
    let following = true;
    let wakeOwn = (): void => {};
    this.#count(1);
    const leave = (): Promise<IteratorResult<T>> => {
      if (following) {
        following = false;
        this.#count(-1);
        this.#waiting.delete(wakeOwn);
        wakeOwn();
      }
      return Promise.resolve({ done: true, value: undefined });
    };
    const next = async (): Promise<IteratorResult<T>> => {
      while (following) {
        if (this.#value !== null && this.#version > seen) {
          seen = this.#version;
          return { done: false, value: this.#value.current };
        }
        if (this.#end !== null) {
          await leave();
          if (this.#end.failure !== null) throw this.#end.failure;
          break;
        }
        // A promise of its own for each wait: one that lives as long as the follower would gather reactions.
        await new Promise<void>((resolve) => {
          wakeOwn = resolve;
          this.#waiting.add(resolve);
        });
      }
      return { done: true, value: undefined };
    };
    const iterator: AsyncIterableIterator<T> = { next, return: leave, [Symbol.asyncIterator]: () => iterator };
    return iterator;
  }

  #count(change: number): void {
    this.#followers += change;
    this.#onFollowers(this.#followers);
  }
}
