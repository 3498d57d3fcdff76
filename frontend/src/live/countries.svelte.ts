/** Sales of a day by country; asked for again now and then while it is today. */
import { graphql, type ResultOf } from '../graphql/graphql.ts';
import { Question } from './question.svelte.ts';

const CountriesQuery = graphql(`
  query SalesByCountry($at: DateTimeISO) {
    salesByCountry(at: $at) {
      day
      countries {
        country
        orders
        sales
      }
    }
  }
`);

export type Country = ResultOf<typeof CountriesQuery>['salesByCountry']['countries'][number];

const AGAIN_MS = 5_000;

export class Countries {
  readonly #question: Question<ResultOf<typeof CountriesQuery>, { at: string | null }>;

  /** `at`: the instant that is looked at, null for the present. Nothing is asked for while it is not `wanted`. */
  constructor(at: () => number | null, wanted: () => boolean) {
    const asked = $derived.by(() => {
      const instant = at();
      return { at: instant === null ? null : new Date(instant).toISOString() };
    });
    this.#question = new Question(
      CountriesQuery,
      () => (wanted() ? asked : null),
      () => (wanted() && at() === null ? AGAIN_MS : null),
    );
  }

  get current(): readonly Country[] | null {
    return this.#question.current?.salesByCountry.countries ?? null;
  }

  get error(): { readonly message: string } | null {
    return this.#question.error;
  }

  get receivedAt(): number {
    return this.#question.receivedAt;
  }
}
