import type { CombinedError } from '@urql/svelte';

/** What went wrong, in one line for people; and the server's stable code, when it was the server that said so. */
export interface Problem {
  readonly message: string;
  readonly code: string | null;
}

/** The server's word for a sum that it does not give, as it would not be exact; its field is null then. */
const INEXACT = 'INEXACT';

/** What took the whole answer away; undefined where there is none, or it only names figures that cannot be given. */
export function fatal(error: CombinedError | undefined): CombinedError | undefined {
  if (error === undefined || error.networkError !== undefined) return error;
  return error.graphQLErrors.every(({ extensions }) => extensions['code'] === INEXACT) ? undefined : error;
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
