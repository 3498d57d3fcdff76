/**
 * The feed of orders as a person can read it: at most four new rows a second; those that came faster are only
 * counted. An order that is shown turns from PLACED to HANDLED where it stands.
 */

export interface FeedOrder {
  readonly id: string;
  readonly status: 'PLACED' | 'HANDLED';
  readonly placedAt: string;
}

/** The newest changes, oldest first. They are numbered, and frames overlap: who saw some of them knows which. */
export interface FeedFrame<O extends FeedOrder> {
  /** The number of the last change in the list. */
  readonly last: number;
  readonly changes: readonly { readonly kind: 'PLACED' | 'HANDLED'; readonly order: O }[];
}

export interface Feed<O extends FeedOrder> {
  /** Newest first. */
  readonly rows: readonly O[];
  /** Came in, not shown yet; oldest first. */
  readonly waiting: readonly O[];
  /** How many orders were only counted, and when. */
  readonly uncounted: readonly { readonly at: number; readonly orders: number }[];
  /** The number of the last change that was seen; null before the first frame. */
  readonly last: number | null;
}

export const ROWS_MAX = 30;
/** Four a second. */
export const NEW_ROW_EVERY_MS = 250;
/** More than that would be shown too late to be news. */
const WAITING_MAX = 4;
/** "+37 more" says how many came within this time. */
const MORE_WITHIN_MS = 1_000;

export function emptyFeed<O extends FeedOrder>(): Feed<O> {
  return { rows: [], waiting: [], uncounted: [], last: null };
}

/** What a new subscription starts with: the newest orders, each as it stands, all at once. */
function begun<O extends FeedOrder>(frame: FeedFrame<O>): Feed<O> {
  const orders = new Map<string, O>();
  for (const { order } of frame.changes) orders.set(order.id, order);
  const rows = [...orders.values()].sort((a, b) => (a.placedAt < b.placedAt ? 1 : a.placedAt > b.placedAt ? -1 : 0));
  return { rows: rows.slice(0, ROWS_MAX), waiting: [], uncounted: [], last: frame.last };
}

const turned = <O extends FeedOrder>(orders: readonly O[], known: ReadonlyMap<string, O>): readonly O[] =>
  orders.some((order) => known.has(order.id)) ? orders.map((order) => known.get(order.id) ?? order) : orders;

/** Takes a frame in. `now` in milliseconds of any clock that only goes forward. */
export function withFrame<O extends FeedOrder>(feed: Feed<O>, frame: FeedFrame<O>, now: number): Feed<O> {
  // Numbers that go back are another server's.
  if (feed.last === null || frame.last < feed.last) return begun(frame);
  const fresh = frame.last - feed.last;
  const changes = fresh === 0 ? [] : frame.changes.slice(-fresh);
  // What is known already, shown or waiting, is taken as it stands now; all else that was placed is new.
  const known = new Map<string, O>();
  const shown = new Set(feed.rows.map(({ id }) => id));
  const waiting = new Map(feed.waiting.map((order) => [order.id, order]));
  for (const { kind, order } of changes) {
    if (kind === 'PLACED' && !shown.has(order.id)) waiting.set(order.id, order);
    else known.set(order.id, order);
  }
  const all = turned([...waiting.values()], known);
  const kept = all.slice(-WAITING_MAX);
  const missed = fresh - changes.length;
  const orders = all.length - kept.length + missed;
  return {
    rows: turned(feed.rows, known),
    waiting: kept,
    uncounted: orders === 0 ? feed.uncounted : [...feed.uncounted, { at: now, orders }],
    last: frame.last,
  };
}

/** The next moment, a quarter of a second after the last: one waiting row is shown, and what is old is forgotten. */
export function stepped<O extends FeedOrder>(feed: Feed<O>, now: number): Feed<O> {
  const uncounted = feed.uncounted.filter(({ at }) => now - at < MORE_WITHIN_MS);
  const [next, ...waiting] = feed.waiting;
  if (next === undefined) return uncounted.length === feed.uncounted.length ? feed : { ...feed, uncounted };
  return { ...feed, uncounted, waiting, rows: [next, ...feed.rows].slice(0, ROWS_MAX) };
}

/** The number in "+37 more". */
export function moreOf<O extends FeedOrder>(feed: Feed<O>): number {
  return feed.uncounted.reduce((sum, { orders }) => sum + orders, 0);
}
