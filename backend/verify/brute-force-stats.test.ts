import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { draw } from '../domain/draw.ts';
import type { OrderHandled, ShopEvent } from '../events/events.ts';
import { readStats } from '../queries/stats.ts';
import { bruteForceStats } from './brute-force-stats.ts';
import { COLLECTIONS, recordsOf, Shop, someEvents } from './verify-test-kit.ts';

/** As the shop and the handler write: an order is placed once, and handled once if it is drawn, never before. */
function withHandling(events: readonly ShopEvent[]): ShopEvent[] {
  const placed = new Set<string>();
  return events.flatMap((event, index): ShopEvent[] => {
    if (event.type === 'OrderHandled') return [];
    if (event.type !== 'OrderPlaced') return [event];
    if (placed.has(event.orderId)) return [];
    placed.add(event.orderId);
    const { id, orderId, source, customer, currency, lines, total, at: placedAt } = event;
    if (draw(orderId, event.handling) === null || index % 4 === 0) return [event];
    const at = new Date(Date.parse(placedAt) + index * 40_000).toISOString();
    const handled: OrderHandled = {
      type: 'OrderHandled',
      version: 1,
      id,
      at,
      source,
      orderId,
      placedAt,
      attempt: 1,
      customer,
      currency,
      lines,
      total,
    };
    return Date.parse(at) > Date.UTC(9999) ? [event] : [event, handled];
  });
}

/** A shop would have seen deliveries that are in the log; for those of any event one would wait in vain. */
function decidedOnNothing(event: ShopEvent): ShopEvent {
  return event.type === 'OrderPlaced' ? { ...event, stock: [] } : event;
}

describe('the figures by brute force', () => {
  it('are those that the read models answer, at any instant around', async () => {
    let handledSeen = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: 1_000_000 }),
        fc.array(fc.integer({ min: -3_600_000, max: 9_000_000 }), { minLength: 5, maxLength: 5 }),
        fc.constantFrom('Europe/Stockholm', 'UTC', 'Asia/Kathmandu'),
        async (seed, offsets, timeZone) => {
          const shop = new Shop();
          await shop.append(recordsOf(withHandling(someEvents(seed, 80)).map(decidedOnNothing)));
          await shop.fold();
          for (const offset of offsets) {
            const at = Date.UTC(2026, 10, 22, 22, 50) + offset;
            const { positions: _, ...answer } = await readStats(shop.models, {
              at,
              timeZone,
              collections: COLLECTIONS,
              currency: 'SEK',
            });
            handledSeen += answer.handledLast2h;
            const { currency, ...expected } = await bruteForceStats(shop.log, { at, timeZone });
            expect({ ...answer, currency }).toEqual({ ...expected, currency });
          }
        },
      ),
      { numRuns: 15 },
    );
    expect(handledSeen).toBeGreaterThan(0);
  }, 60_000);
});
