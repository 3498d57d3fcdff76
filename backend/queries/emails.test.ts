import { describe, expect, it } from 'vitest';
import { MemoryModels, MemoryStore } from '../../projections/model/memory-models.ts';
import { orders } from '../../projections/orders.ts';
import { handledEvent, openOrderOf } from '../handler/open-orders.ts';
import { compose } from '../mailer/compose.ts';
import { handledEventOf, readHandled } from './emails.ts';
import { readOrder } from './orders.ts';
import { foldMerged, handled, line, placed, Recorder } from './testing.ts';

const START = Date.UTC(2026, 10, 22, 12);
const COLLECTIONS = { orders: 'orders' };

describe('messages to customers', () => {
  it('come by when their orders were handled, the latest first', async () => {
    const models = new MemoryModels(new MemoryStore());
    const recorder = new Recorder();
    const events = Array.from({ length: 30 }, (_, n) => [
      ...(n === 7 ? [] : [placed(`o-${n}`, START + n)]),
      ...(n % 3 === 0 ? [] : [handled(`o-${n}`, START + 100_000 - Math.floor(n / 4))]),
    ]).flat();
    await foldMerged(models, orders, 'orders', events.map((event) => recorder.record(event))); // prettier-ignore
    const seen: string[] = [];
    for (let after: string | null | undefined = undefined, more = true; more;) {
      const page = await readHandled(models, COLLECTIONS, {
        first: 4,
        ...(typeof after === 'string' ? { after } : {}),
      });
      seen.push(...page.items.map(({ item }) => `${String(item.handledAt)} ${item.id}`));
      [after, more] = [page.endCursor, page.hasNextPage];
    }
    const expected = events.flatMap((event) => {
      // The seventh was never placed, as far as the read model knows.
      return event.type === 'OrderHandled' && event.orderId !== 'o-7' ? [`${event.at} ${event.orderId}`] : [];
    });
    expect(seen).toEqual(expected.sort().reverse());
  });

  it('are composed from the read model as from the log, byte by byte', async () => {
    const models = new MemoryModels(new MemoryStore());
    const recorder = new Recorder();
    const placing = placed('o-1', START, {
      source: 'history',
      lines: [line('p-1', 2, 50), line('p.2', 1, 7)],
      handling: { chance: 1, delayMs: 60_000, attempts: 3 },
    });
    const open = openOrderOf(placing, START, 0);
    if (open === null) throw new Error('the order was not drawn');
    const closing = handledEvent(open, START);
    await foldMerged(models, orders, 'orders', [recorder.record(placing)]);
    const before = await readOrder(models, COLLECTIONS, 'o-1');
    expect(before === null ? '' : handledEventOf(before)).toBeNull();
    await foldMerged(models, orders, 'orders', [recorder.record(closing)]);
    const order = await readOrder(models, COLLECTIONS, 'o-1');
    const event = order === null ? null : handledEventOf(order);
    expect(JSON.stringify(event)).toBe(JSON.stringify(closing));
    if (event === null) throw new Error('the order was not handled');
    const options = { timeZone: 'Europe/Stockholm', minorDigits: 2 };
    expect(await compose(event, options)).toEqual(await compose(closing, options));
  });
});
