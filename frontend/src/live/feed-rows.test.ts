import { describe, expect, it } from 'vitest';
import { emptyFeed, moreOf, ROWS_MAX, stepped, withFrame, type FeedFrame, type FeedOrder } from './feed-rows.ts';

const order = (n: number, status: 'PLACED' | 'HANDLED' = 'PLACED'): FeedOrder => ({
  id: `o-${n}`,
  status,
  placedAt: new Date(n * 1_000).toISOString(),
});
/** The changes from number `first` on. */
const frame = (first: number, orders: readonly FeedOrder[]): FeedFrame<FeedOrder> => ({
  last: first + orders.length - 1,
  changes: orders.map((each) => ({ kind: each.status, order: each })),
});
const started = withFrame(emptyFeed<FeedOrder>(), frame(1, [order(1), order(2), order(3)]), 0);
const ids = (orders: readonly FeedOrder[]) => orders.map(({ id }) => id);

describe('the feed', () => {
  it('starts with the latest orders, newest first, each once', () => {
    const feed = withFrame(emptyFeed<FeedOrder>(), frame(7, [order(1), order(3), order(2), order(1, 'HANDLED')]), 0);
    expect(ids(feed.rows)).toEqual(['o-3', 'o-2', 'o-1']);
    expect(feed.rows[2]?.status).toBe('HANDLED');
  });

  it('shows one new row at each step, oldest first, and loses none at a rate that can be read', () => {
    let feed = withFrame(started, frame(4, [order(4), order(5)]), 0);
    expect(ids(feed.rows)).toEqual(['o-3', 'o-2', 'o-1']);
    feed = stepped(feed, 250);
    feed = stepped(feed, 500);
    expect(ids(feed.rows)).toEqual(['o-5', 'o-4', 'o-3', 'o-2', 'o-1']);
    expect(moreOf(feed)).toBe(0);
  });

  it('counts what comes faster: the second’s rows and its number add up to the orders that came', () => {
    const many = Array.from({ length: 41 }, (_, index) => order(10 + index));
    let feed = withFrame(started, frame(4, many), 0);
    expect(moreOf(feed)).toBe(37);
    for (const now of [250, 500, 750, 999]) feed = stepped(feed, now);
    expect(ids(feed.rows.slice(0, 4))).toEqual(['o-50', 'o-49', 'o-48', 'o-47']);
    expect(moreOf(feed)).toBe(37);
    expect(moreOf(stepped(feed, 1_000))).toBe(0);
  });

  it('turns an order where it stands, shown or waiting', () => {
    let feed = withFrame(started, frame(4, [order(4)]), 0);
    feed = withFrame(feed, frame(5, [order(2, 'HANDLED'), order(4, 'HANDLED')]), 100);
    expect(feed.rows.map(({ status }) => status)).toEqual(['PLACED', 'HANDLED', 'PLACED']);
    expect(stepped(feed, 250).rows[0]).toEqual(order(4, 'HANDLED'));
  });

  it('shows an order once that is announced after it was in the first frame', () => {
    const feed = stepped(withFrame(started, frame(4, [order(3), order(4)]), 0), 250);
    expect(ids(feed.rows)).toEqual(['o-4', 'o-3', 'o-2', 'o-1']);
    expect(stepped(feed, 500).rows).toEqual(feed.rows);
  });

  it('an order that is handled and no longer shown brings no row back', () => {
    expect(ids(withFrame(started, frame(4, [order(99, 'HANDLED')]), 0).rows)).toEqual(['o-3', 'o-2', 'o-1']);
  });

  it('takes from frames that overlap what is new', () => {
    const feed = withFrame(started, frame(2, [order(2), order(3), order(4)]), 0);
    expect(ids(feed.waiting)).toEqual(['o-4']);
    expect(withFrame(feed, frame(2, [order(2), order(3), order(4)]), 0).waiting).toEqual(feed.waiting);
    expect(moreOf(feed)).toBe(0);
  });

  it('counts what was in no frame that it got', () => {
    expect(moreOf(withFrame(started, frame(10, [order(4)]), 0))).toBe(6);
  });

  it('begins anew when numbers go back: that is another server', () => {
    expect(ids(withFrame(started, frame(1, [order(7)]), 0).rows)).toEqual(['o-7']);
  });

  it('keeps no more rows than it shows', () => {
    let feed = started;
    for (let n = 4; n < 100; n += 1) feed = stepped(withFrame(feed, frame(n, [order(n)]), n * 250), n * 250);
    expect(feed.rows.length).toBe(ROWS_MAX);
  });
});
