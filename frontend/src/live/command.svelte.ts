/** A command to the shop: one at a time, and an operator's ones with the token, which is asked for when needed. */
import type { AnyVariables, TypedDocumentNode } from '@urql/svelte';
import { client } from '../graphql/connection.svelte.ts';
import { problemOf, type Problem } from './errors.ts';
import { operatorToken } from './operator.svelte.ts';

/** The server's word for a command that only the operator may give. */
const NOT_THE_OPERATOR = ['FORBIDDEN', 'UNAUTHENTICATED'];

export class Command<T, V extends Record<string, unknown>> {
  running = $state(false);
  error = $state.raw<Problem | null>(null);
  readonly #document: TypedDocumentNode<T, V>;
  readonly #operator: () => boolean;

  /** `operator`: whether the token is needed. */
  constructor(document: TypedDocumentNode<T, V>, operator: () => boolean = () => false) {
    this.#document = document;
    this.#operator = operator;
  }

  /** The answer; null when there is none, with `error` saying why (or nothing, when the person stepped back). */
  async run(variables: V): Promise<T | null> {
    if (this.running || !(await operatorToken.ensure(this.#operator()))) return null;
    this.running = true;
    this.error = null;
    try {
      const result = await client.mutation<T, AnyVariables>(this.#document, variables).toPromise();
      if (result.error !== undefined) {
        this.error = problemOf(result.error);
        if (this.error.code !== null && NOT_THE_OPERATOR.includes(this.error.code)) {
          operatorToken.forget();
          this.error = {
            ...this.error,
            message: 'The server did not accept the operator token. Try again with the right one.',
          };
        }
        return null;
      }
      return result.data ?? null;
    } finally {
      this.running = false;
    }
  }
}
