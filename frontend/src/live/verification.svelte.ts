/** Whether the read models are what the log says, as the server has found out. */
import { graphql, type ResultOf } from '../graphql/graphql.ts';
import { Subscribed } from './subscription.svelte.ts';

const VerificationSubscription = graphql(`
  subscription Verification {
    verification {
      state
      at
      tookMs
      everySeconds
      records
      recordsBehind
      projections {
        name
        documents
        digest
        expectedDigest
        differenceCount
        firstDifference {
          document
          path
          expected
          actual
        }
      }
    }
  }
`);

export type VerificationView = ResultOf<typeof VerificationSubscription>['verification'];

export class LiveVerification {
  readonly #frames = new Subscribed(VerificationSubscription);
  readonly current: VerificationView | null = $derived(this.#frames.current?.verification ?? null);
  readonly error = $derived(this.#frames.error);
  readonly connected = $derived(this.#frames.connected);
}
