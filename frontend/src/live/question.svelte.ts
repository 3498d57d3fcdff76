/** A query whose variables may change; its newest answer wins, and it asks again when the connection is back. */
import type { AnyVariables, TypedDocumentNode } from '@urql/svelte';
import { untrack } from 'svelte';
import { client, connection } from '../graphql/connection.svelte.ts';
import { fatal, problemOf, type Problem } from './errors.ts';

const RETRY_AFTER_MS = 3_000;

export class Question<T, V extends Record<string, unknown>> {
  current = $state.raw<T | null>(null);
  error = $state.raw<Problem | null>(null);
  loading = $state(false);
  /** When `current` was asked for, by this machine's clock; 0 before the first answer. */
  receivedAt = $state(0);
  #asked = $state(0);

  /**
   * `variables` is read inside an effect; null means that there is nothing to ask. `everyMs`: after how long to ask
   * again by itself; null for never.
   */
  constructor(document: TypedDocumentNode<T, V>, variables: () => V | null, everyMs: () => number | null = () => null) {
    $effect(() => {
      const pause = everyMs();
      if (pause === null) return;
      const timer = setInterval(() => this.again(), pause);
      return () => clearInterval(timer);
    });
    $effect(() => {
      const asked = variables();
      // Read, so that `again` and a connection that is back ask anew; the first connection tells nothing new.
      const time = Math.max(1, connection.times) + this.#asked;
      if (asked === null || time < 0) {
        this.current = null;
        return;
      }
      return untrack(() => this.#ask(document, asked));
    });
  }

  /** Asks again, keeping what is there until the answer comes. */
  again(): void {
    this.#asked += 1;
  }

  #ask(document: TypedDocumentNode<T, V>, variables: V): () => void {
    let retry: ReturnType<typeof setTimeout> | undefined;
    this.loading = true;
    const answer = client.query<T, AnyVariables>(document, variables).subscribe((result) => {
      this.loading = false;
      const error = fatal(result.error);
      if (result.data !== undefined && error === undefined) {
        this.current = result.data;
        this.error = null;
        this.receivedAt = Date.now();
        return;
      }
      if (error === undefined) return;
      this.error = problemOf(error);
      // What the server refuses, it will refuse again; a server that does not answer may come back.
      if (error.networkError !== undefined) retry = setTimeout(() => this.again(), RETRY_AFTER_MS);
    });
    return () => {
      clearTimeout(retry);
      answer.unsubscribe();
    };
  }
}
