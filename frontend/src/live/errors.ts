import type { CombinedError } from '@urql/svelte';

/** What went wrong, in one line for people; and the server's stable code, when it was the server that said so. */
export interface Problem {
  readonly message: string;
  readonly code: string | null;
}

export function problemOf(error: CombinedError): Problem {
  const [first] = error.graphQLErrors;
  if (first !== undefined) {
    const code = first.extensions['code'];
    return { message: first.message, code: typeof code === 'string' ? code : null };
  }
  return {
    message: 'The server does not answer. Is the shop running? `npm start` starts it.',
    code: null,
  };
}
