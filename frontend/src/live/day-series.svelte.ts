/** Two days by the minute: one as it goes on, and the one before it. */
import { emptyMinutes, withBuckets, type Bucket, type Minutes } from '../charts/minutes.ts';
import { untrack } from 'svelte';
import { addDays, boundsOf } from '../format/days.ts';
import { graphql, type ResultOf, type VariablesOf } from '../graphql/graphql.ts';
import { Question } from './question.svelte.ts';

const DayQuery = graphql(`
  query TwoDays($from: DateTimeISO!, $to: DateTimeISO!, $fromBefore: DateTimeISO!, $toBefore: DateTimeISO!) {
    day: salesSeries(from: $from, to: $to, bucket: MINUTE) {
      buckets {
        from
        orders
        sales
        handled
      }
    }
    before: salesSeries(from: $fromBefore, to: $toBefore, bucket: MINUTE) {
      buckets {
        from
        orders
        sales
        handled
      }
    }
  }
`);

/** Late orders change minutes that are over; asking again finds them. */
const AGAIN_EVERY_MS = 120_000;

export interface DayAsked {
  readonly day: string;
  readonly timeZone: string;
}

const iso = (instant: number): string => new Date(instant).toISOString();

export class DaySeries {
  readonly #question: Question<ResultOf<typeof DayQuery>, VariablesOf<typeof DayQuery>>;
  readonly #asked: () => DayAsked | null;
  #latest = $state.raw<ReadonlyMap<string, Bucket>>(new Map());
  readonly current: Minutes | null = $derived.by(() => {
    const day = this.#minutes(0, this.#question.current?.day.buckets);
    return day === null ? null : withBuckets(day, [...this.#latest.values()]);
  });
  readonly before: Minutes | null = $derived.by(() => this.#minutes(-1, this.#question.current?.before.buckets));
  readonly error = $derived.by(() => this.#question.error);

  /**
   * `asked`: which day; null for none yet. `latest`: the newest minutes, as figures bring them; those that came
   * before are kept when the day goes on (`live`), and forgotten when it is looked at as of some instant.
   */
  constructor(asked: () => DayAsked | null, latest: () => readonly Bucket[] | null, live: boolean) {
    this.#asked = asked;
    this.#question = new Question(DayQuery, () => {
      const which = asked();
      if (which === null) return null;
      const day = boundsOf(which.day, which.timeZone);
      const before = boundsOf(addDays(which.day, -1), which.timeZone);
      return { from: iso(day.from), to: iso(day.to), fromBefore: iso(before.from), toBefore: iso(before.to) };
    });
    $effect(() => {
      const buckets = latest() ?? [];
      const kept = live ? untrack(() => this.#latest) : [];
      this.#latest = new Map([...kept, ...buckets.map((bucket) => [bucket.from, bucket] as const)]);
    });
    $effect(() => {
      // What was asked for just now has these minutes already.
      if (this.#question.current !== null) untrack(() => (this.#latest = new Map()));
    });
    $effect(() => {
      if (!live) return;
      const timer = setInterval(() => this.again(), AGAIN_EVERY_MS);
      return () => clearInterval(timer);
    });
  }

  again(): void {
    this.#question.again();
  }

  #minutes(days: number, buckets: readonly Bucket[] | undefined): Minutes | null {
    const which = this.#asked();
    if (which === null || buckets === undefined) return null;
    return withBuckets(emptyMinutes(boundsOf(addDays(which.day, days), which.timeZone)), buckets);
  }
}
