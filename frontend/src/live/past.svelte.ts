/** The whole page as of an instant: which one, and the figures of then. */
import { dayOf } from '../format/days.ts';
import { graphql } from '../graphql/graphql.ts';
import { DaySeries } from './day-series.svelte.ts';
import { asItStood, OrderFields } from './orders.ts';
import { Question } from './question.svelte.ts';
import { StatsFields, type StatsView } from './stats.svelte.ts';
import { StockFields } from './stock.svelte.ts';

const PastQuery = graphql(
  `
    query Past($at: DateTimeISO!) {
      stats(at: $at) {
        ...StatsFields
      }
      stock(at: $at) {
        ...StockFields
      }
      orders(first: 30, to: $at) {
        nodes {
          ...OrderFields
        }
      }
    }
  `,
  [StatsFields, StockFields, OrderFields],
);

/** While a person drags, no more questions than this. */
const ASK_EVERY_MS = 120;

export class Past {
  /** The instant that is looked at; null for the present. */
  at = $state<number | null>(null);
  #asked = $state<number | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #question = new Question(PastQuery, () =>
    this.#asked === null ? null : { at: new Date(this.#asked).toISOString() },
  );
  readonly stats: StatsView | null = $derived(this.#question.current?.stats ?? null);
  readonly stock = $derived(this.#question.current?.stock ?? null);
  readonly orders = $derived.by(() => {
    const at = this.stats === null ? null : Date.parse(this.stats.at);
    return at === null ? null : (this.#question.current?.orders.nodes ?? []).map((order) => asItStood(order, at));
  });
  readonly error = $derived(this.#question.error);
  /** Whether what is shown is what was asked for. */
  readonly settled = $derived(this.stats !== null && Date.parse(this.stats.at) === this.at);
  readonly series: DaySeries;

  constructor(timeZone: () => string) {
    const which = $derived.by(() => (this.#asked === null ? null : dayOf(this.#asked, timeZone())));
    this.series = new DaySeries(
      () => (which === null ? null : { day: which, timeZone: timeZone() }),
      () => this.stats?.latestMinutes ?? null,
      false,
    );
  }

  show(at: number): void {
    this.at = at;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#asked = this.at;
    }, ASK_EVERY_MS);
  }

  backToNow(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.at = null;
    this.#asked = null;
  }

  again(): void {
    this.#question.again();
  }
}
