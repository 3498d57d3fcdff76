/** Daily reports: their list, one of them, and making one by hand. */
import { isDay } from '../format/days.ts';
import { graphql, type ResultOf, type VariablesOf } from '../graphql/graphql.ts';
import { Command } from './command.svelte.ts';
import { everywhere } from './context.ts';
import { Question } from './question.svelte.ts';

const ReportsQuery = graphql(`
  query Reports($after: String) {
    dailyReports(first: 31, after: $after) {
      nodes {
        day
        orders
        sales
        handledOrders
        revision
        generatedAt
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
    ungivenReports {
      day
      reason
    }
  }
`);

const ReportQuery = graphql(`
  query Report($day: LocalDate!, $revision: Int) {
    dailyReport(day: $day, revision: $revision) {
      day
      timeZone
      revision
      revisions
      generatedAt
      orders
      sales
      handledOrders
      products {
        productId
        name
        units
        amount
      }
      changes {
        what
        before
        after
      }
      files {
        name
        url
      }
    }
  }
`);

const MakeReport = graphql(`
  mutation MakeReport($day: LocalDate!) {
    makeReport(day: $day) {
      day
      revision
    }
  }
`);

export type ReportRow = ResultOf<typeof ReportsQuery>['dailyReports']['nodes'][number];
export type UngivenReport = ResultOf<typeof ReportsQuery>['ungivenReports'][number];
export type ReportView = NonNullable<ResultOf<typeof ReportQuery>['dailyReport']>;

const LOOK_AGAIN_MS = 30_000;

export class Reports {
  #cursors = $state.raw<readonly string[]>([]);
  readonly #question = new Question<ResultOf<typeof ReportsQuery>, VariablesOf<typeof ReportsQuery>>(
    ReportsQuery,
    () => ({ after: this.#cursors.at(-1) ?? null }),
    () => LOOK_AGAIN_MS,
  );
  readonly current = $derived(this.#question.current?.dailyReports ?? null);
  /** Days of which the report cannot be given. */
  readonly ungiven: readonly UngivenReport[] = $derived(this.#question.current?.ungivenReports ?? []);
  readonly error = $derived(this.#question.error);
  readonly receivedAt = $derived(this.#question.receivedAt);
  readonly page = $derived(this.#cursors.length + 1);

  next(): void {
    const cursor = this.current?.pageInfo.endCursor;
    if (cursor !== null && cursor !== undefined) this.#cursors = [...this.#cursors, cursor];
  }

  previous(): void {
    this.#cursors = this.#cursors.slice(0, -1);
  }

  again(): void {
    this.#question.again();
  }
}

export class Report {
  readonly #question: Question<ResultOf<typeof ReportQuery>, VariablesOf<typeof ReportQuery>>;
  readonly current: ReportView | null = $derived.by(() => this.#question.current?.dailyReport ?? null);
  readonly unknown: boolean;
  readonly error = $derived.by(() => this.#question.error);
  readonly receivedAt = $derived.by(() => this.#question.receivedAt);

  constructor(which: () => { readonly day: string; readonly revision: number | null }) {
    // The server refuses to look for what is no day.
    this.#question = new Question(ReportQuery, () => (isDay(which().day) ? { ...which() } : null));
    this.unknown = $derived(!isDay(which().day) || this.#question.current?.dailyReport === null);
  }

  again(): void {
    this.#question.again();
  }
}

export class ReportMaker {
  readonly #command: Command<ResultOf<typeof MakeReport>, VariablesOf<typeof MakeReport>>;
  readonly error = $derived.by(() => this.#command.error?.message ?? null);
  readonly running = $derived.by(() => this.#command.running);

  constructor() {
    const { shop } = everywhere();
    this.#command = new Command(MakeReport, () => shop.info?.operatorTokenNeeded === true);
  }

  /** The revision that was made; null when none was. */
  async make(day: string): Promise<number | null> {
    return (await this.#command.run({ day }))?.makeReport.revision ?? null;
  }
}
