/** What the shop is, and what time it is there. One for the whole page, made by `startShop`. */
import { untrack } from 'svelte';
import { Formats } from '../format/formats.ts';
import { boundsOf, dayOf, type DayBounds } from '../format/days.ts';
import { isKnownZone, usableLocale } from '../format/locale.ts';
import { graphql, type ResultOf } from '../graphql/graphql.ts';
import { Question } from './question.svelte.ts';

const ShopQuery = graphql(`
  query Shop {
    shop {
      name
      timeZone
      currency
      minorDigits
      mode
      log
      readModels
      now
      day
      version
      operatorTokenNeeded
    }
  }
`);

/** Until it has answered. */
const NO_SHOP = { currency: 'XXX', minorDigits: 2 };

export type ShopInfo = ResultOf<typeof ShopQuery>['shop'];

export class Shop {
  readonly #question: Question<ResultOf<typeof ShopQuery>, Record<string, never>>;
  /** How far the shop's clock is ahead of this machine's. */
  #offsetMs = 0;
  /** The shop's clock, one step each second. */
  now = $state(Date.now());
  readonly info = $derived.by(() => this.#question.current?.shop ?? null);
  readonly error = $derived.by(() => this.#question.error);
  /** Whether this browser can write the times of the shop's zone; if not they are written in UTC, and that is said. */
  readonly zoneIsKnown = $derived.by(() => this.info === null || isKnownZone(this.info.timeZone));
  readonly timeZone = $derived.by(() => (this.zoneIsKnown ? (this.info?.timeZone ?? 'UTC') : 'UTC'));
  readonly formats = $derived.by(
    () => new Formats(usableLocale(navigator), { ...(this.info ?? NO_SHOP), timeZone: this.timeZone }),
  );
  readonly day = $derived(dayOf(this.now, this.timeZone));
  readonly bounds: DayBounds = $derived(boundsOf(this.day, this.timeZone));

  constructor() {
    this.#question = new Question(ShopQuery, () => ({}));
    $effect(() => {
      const now = this.info?.now;
      if (now !== undefined) untrack(() => this.sync(now));
    });
    $effect(() => {
      const timer = setInterval(() => this.#tick(), 250);
      return () => clearInterval(timer);
    });
  }

  /** Sets the clock by an instant that the shop said just now. */
  sync(now: string): void {
    this.#offsetMs = Date.parse(now) - Date.now();
    this.#tick();
  }

  #tick(): void {
    const now = Date.now() + this.#offsetMs;
    // Within a second nothing that is shown changes.
    if (Math.floor(now / 1_000) !== Math.floor(this.now / 1_000)) this.now = now;
  }
}
