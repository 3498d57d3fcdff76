/** The operator's token: asked for once, kept for this tab only. */
import { keptForTab } from './kept.ts';

const KEY = 'shopstream.operator-token';

class OperatorToken {
  #value = $state(keptForTab.get(KEY));
  /** What to do once a token was given; null when nobody waits for one. */
  waiting = $state.raw<((given: boolean) => void) | null>(null);

  get value(): string | null {
    return this.#value;
  }

  /** Asks for the token unless there is one. Resolves to false when the person did not want to give it. */
  async ensure(needed: boolean): Promise<boolean> {
    if (!needed || this.#value !== null) return true;
    return new Promise((resolve) => {
      this.waiting?.(false);
      this.waiting = resolve;
    });
  }

  give(token: string): void {
    keptForTab.set(KEY, token);
    this.#value = token;
    this.#settle(true);
  }

  refuse(): void {
    this.#settle(false);
  }

  /** The server did not accept it. */
  forget(): void {
    keptForTab.remove(KEY);
    this.#value = null;
  }

  #settle(given: boolean): void {
    const resolve = this.waiting;
    this.waiting = null;
    resolve?.(given);
  }
}

export const operatorToken = new OperatorToken();
