/** How the projections are doing, what cannot be decoded, and rebuilding a projection from the log. */
import { graphql, type ResultOf, type VariablesOf } from '../graphql/graphql.ts';
import { Command } from './command.svelte.ts';
import { everywhere } from './context.ts';
import { Question } from './question.svelte.ts';
import { Subscribed } from './subscription.svelte.ts';

const ProjectionsSubscription = graphql(`
  subscription Projections {
    projections {
      name
      version
      generation
      topics
      partitions {
        topic
        partition
        position
        end
      }
      lagRecords
      lagMs
      recordsPerSecond
      health
      reason
    }
  }
`);

const RebuildFields = graphql(`
  fragment RebuildFields on Rebuild {
    projection
    generation
    state
    records
    total
    recordsPerSecond
    secondsLeft
    differences
    error
    startedAt
    endedAt
  }
`);

const RebuildSubscription = graphql(
  `
    subscription Rebuilds {
      rebuild {
        ...RebuildFields
      }
    }
  `,
  [RebuildFields],
);

const RebuildProjection = graphql(
  `
    mutation RebuildProjection($projection: String!) {
      rebuildProjection(projection: $projection) {
        ...RebuildFields
      }
    }
  `,
  [RebuildFields],
);

const DeadLettersQuery = graphql(`
  query DeadLetters {
    deadLetters(first: 20) {
      total
      letters {
        topic
        partition
        offset
        at
        cause
        key
        value
      }
    }
  }
`);

export type ProjectionView = ResultOf<typeof ProjectionsSubscription>['projections'][number];
export type RebuildView = ResultOf<typeof RebuildFields>;
export type DeadLettersView = ResultOf<typeof DeadLettersQuery>['deadLetters'];

const LOOK_AGAIN_MS = 10_000;

export class LiveProjections {
  readonly #frames = new Subscribed(ProjectionsSubscription, { everySecond: true });
  readonly current: readonly ProjectionView[] | null = $derived(this.#frames.current?.projections ?? null);
  readonly error = $derived(this.#frames.error);
  readonly connected = $derived(this.#frames.connected);
  readonly receivedAt = $derived(this.#frames.receivedAt);
}

export class Rebuilds {
  readonly #frames = new Subscribed(RebuildSubscription);
  readonly #command: Command<ResultOf<typeof RebuildProjection>, VariablesOf<typeof RebuildProjection>>;
  readonly current: readonly RebuildView[] = $derived(this.#frames.current?.rebuild ?? []);
  readonly refused = $derived.by(() => this.#command.error?.message ?? null);
  readonly running = $derived.by(() => this.#command.running);

  constructor() {
    const { shop } = everywhere();
    this.#command = new Command(RebuildProjection, () => shop.info?.operatorTokenNeeded === true);
  }

  async begin(projection: string): Promise<void> {
    await this.#command.run({ projection });
  }

  /** The rebuild of a projection that is under way or ended last. */
  of(projection: string): RebuildView | null {
    return this.current.findLast((rebuild) => rebuild.projection === projection) ?? null;
  }
}

export class DeadLetters {
  readonly #question = new Question<ResultOf<typeof DeadLettersQuery>, Record<string, never>>(
    DeadLettersQuery,
    () => ({}),
    () => LOOK_AGAIN_MS,
  );
  readonly current: DeadLettersView | null = $derived(this.#question.current?.deadLetters ?? null);
  readonly error = $derived(this.#question.error);
  readonly receivedAt = $derived(this.#question.receivedAt);
}
