/** A subscription and its newest result. It lives as long as the component, or the effect root, that made it. */
import type { AnyVariables, TypedDocumentNode } from '@urql/svelte';
import { client, connection } from '../graphql/connection.svelte.ts';
import { fatal, problemOf, type Problem } from './errors.ts';

/** The server sends a frame at least every second; after this long without one, figures are not current. */
const SILENT_AFTER_MS = 5_000;
const RETRY_AFTER_MS = 3_000;

export interface SubscribedOptions<T> {
  readonly onFrame?: (frame: T) => void;
  /** The server sends a frame at least every second, so that silence means that figures are not current. */
  readonly everySecond?: boolean;
}

export class Subscribed<T> {
  current = $state.raw<T | null>(null);
  error = $state.raw<Problem | null>(null);
  /** When the newest frame came, by this machine's clock; 0 before the first. */
  receivedAt = $state(0);
  #silent = $state(false);
  /** The connection that `current` came by: after a new connection it is old until a frame came. */
  #cameBy = $state(0);
  #retry: ReturnType<typeof setTimeout> | undefined;
  #subscription: { unsubscribe: () => void } | undefined;
  /** Whether `current` is the present. */
  readonly connected = $derived(
    connection.connected && this.#cameBy === connection.times && !this.#silent && this.error === null,
  );

  constructor(document: TypedDocumentNode<T, Record<string, never>>, options: SubscribedOptions<T> = {}) {
    $effect(() => {
      this.#start(document, options);
      const watch = options.everySecond === true ? setInterval(() => this.#listen(), 1_000) : undefined;
      return () => {
        clearInterval(watch);
        clearTimeout(this.#retry);
        this.#subscription?.unsubscribe();
      };
    });
  }

  #listen(): void {
    this.#silent = this.receivedAt !== 0 && Date.now() - this.receivedAt > SILENT_AFTER_MS;
  }

  #start(document: TypedDocumentNode<T, Record<string, never>>, options: SubscribedOptions<T>): void {
    this.#subscription = client.subscription<T, AnyVariables>(document, {}).subscribe((result) => {
      const error = fatal(result.error);
      if (error !== undefined) {
        this.error = problemOf(error);
        clearTimeout(this.#retry);
        this.#retry = setTimeout(() => this.#start(document, options), RETRY_AFTER_MS);
        return;
      }
      if (result.data === undefined) return;
      this.current = result.data;
      this.error = null;
      this.receivedAt = Date.now();
      this.#silent = false;
      this.#cameBy = connection.times;
      options.onFrame?.(result.data);
    });
  }
}
