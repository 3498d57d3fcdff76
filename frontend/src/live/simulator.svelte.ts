/** The simulator's settings, as they are and as they are changed. */
import { graphql, type ResultOf, type VariablesOf } from '../graphql/graphql.ts';
import { Command } from './command.svelte.ts';
import { everywhere } from './context.ts';
import { Question } from './question.svelte.ts';

const SimulatorFields = graphql(`
  fragment SimulatorFields on Simulator {
    ordersPerSecond
    paused
    configuredAt
    handling {
      chance
      delayMs
      attempts
    }
    burst {
      ordersPerSecond
      until
    }
  }
`);

const SimulatorQuery = graphql(
  `
    query Simulator {
      simulator {
        ...SimulatorFields
      }
    }
  `,
  [SimulatorFields],
);

const Configure = graphql(
  `
    mutation ConfigureSimulator($input: ConfigureSimulatorInput!) {
      configureSimulator(input: $input) {
        ...SimulatorFields
      }
    }
  `,
  [SimulatorFields],
);

export type SimulatorView = ResultOf<typeof SimulatorFields>;
export type SimulatorInput = VariablesOf<typeof Configure>['input'];

export class Simulator {
  readonly #question = new Question(SimulatorQuery, () => ({}));
  readonly #command: Command<ResultOf<typeof Configure>, VariablesOf<typeof Configure>>;
  #answer = $state.raw<SimulatorView | null>(null);
  readonly current: SimulatorView | null = $derived(this.#answer ?? this.#question.current?.simulator ?? null);
  readonly paused = $derived(this.current?.paused === true);
  readonly error = $derived(this.#question.error);
  readonly refused = $derived.by(() => this.#command.error);
  readonly running = $derived.by(() => this.#command.running);

  constructor() {
    const { shop } = everywhere();
    this.#command = new Command(Configure, () => shop.info?.operatorTokenNeeded === true);
    $effect(() => {
      // A newer answer of the server takes the place of what a command answered.
      if (this.#question.current !== null) this.#answer = null;
    });
  }

  async configure(input: SimulatorInput): Promise<boolean> {
    const result = await this.#command.run({ input });
    if (result === null) return false;
    this.#answer = result.configureSimulator;
    return true;
  }

  again(): void {
    this.#question.again();
  }
}
