import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BEYOND } from '../domain/exact.ts';
import { ORDER_TOTAL_MAX, STOCK_MAX } from '../events/bounds.ts';
import { encode } from '../events/codec.ts';
import { judge } from '../events/record.ts';
import type { ShopEvent } from '../events/events.ts';
import type { Command } from './commands.ts';
import { decide, evolve, initial, type Ready, type ShopState } from './decide.ts';
import { fingerprintOf, orderIdOf, prepare } from './identity.ts';
import { CUSTOMER, listing, order, receipt, START } from './shop-test-kit.ts';

const STOCK_SEEN = [3, -1, 0, 7, 2, 9];

function ready(command: Command): Ready {
  const prepared = prepare(command, START);
  if ('status' in prepared) throw new Error(prepared.message);
  return prepared;
}

/** Decides, folds what was decided, and returns it. */
function act(state: ShopState, command: Command): ReturnType<typeof decide> {
  const decision = decide(ready(command), state, STOCK_SEEN);
  if (!('status' in decision)) for (const event of decision) evolve(state, event);
  return decision;
}

function shopWith(...commands: Command[]): ShopState {
  const state = initial('SEK');
  for (const command of commands) act(state, command);
  return state;
}

const stocked = (units: number): ShopState => shopWith(listing('P-1', 250), receipt('P-1', units));

describe('an order', () => {
  it('takes its names and prices from the catalogue, unless it brings its own', () => {
    const state = shopWith(listing('P-1', 250), receipt('P-1', 9), listing('P-2', 100), receipt('P-2', 9));
    const lines = [
      { productId: 'P-1', quantity: 2 },
      { productId: 'P-2', quantity: 3, unitPrice: 90, name: 'Second-hand' },
    ];
    expect(act(state, order('', 1, { lines, orderId: 'O-1' }))).toEqual([
      {
        type: 'OrderPlaced',
        version: 1,
        id: 'O-1/placed',
        at: START,
        source: 'live',
        orderId: 'O-1',
        customer: CUSTOMER,
        currency: 'SEK',
        lines: [
          { productId: 'P-1', name: 'Product P-1', quantity: 2, unitPrice: 250 },
          { productId: 'P-2', name: 'Second-hand', quantity: 3, unitPrice: 90 },
        ],
        total: 770,
        handling: null,
        stock: STOCK_SEEN,
        fingerprint: fingerprintOf(order('', 1, { lines })),
      },
    ]);
  });

  it('is refused when less is there than all of its lines together ask for', () => {
    const lines = [
      { productId: 'P-1', quantity: 3 },
      { productId: 'P-1', quantity: 3, unitPrice: 1 },
    ];
    expect(act(stocked(5), order('', 1, { lines }))).toMatchObject({ reason: 'SOLD_OUT', productId: 'P-1' });
    expect(act(stocked(6), order('', 1, { lines }))).toHaveLength(1);
  });

  it('takes the last item once', () => {
    const state = stocked(1);
    expect(act(state, order('P-1'))).toHaveLength(1);
    expect(act(state, order('P-1'))).toMatchObject({ reason: 'SOLD_OUT' });
    act(state, receipt('P-1', 1));
    expect(act(state, order('P-1'))).toHaveLength(1);
  });

  it('is refused for a product that is not listed, and in another currency', () => {
    expect(act(stocked(1), order('P-2'))).toMatchObject({ reason: 'UNKNOWN_PRODUCT', productId: 'P-2' });
    expect(act(stocked(1), order('__proto__'))).toMatchObject({ reason: 'UNKNOWN_PRODUCT' });
    expect(act(stocked(1), order('P-1', 1, { currency: 'EUR' }))).toMatchObject({ reason: 'OTHER_CURRENCY' });
    expect(act(stocked(1), order('P-1', 1, { currency: 'SEK' }))).toHaveLength(1);
  });

  it('is refused when no record can hold it', () => {
    const long = 'å'.repeat(500);
    const lines = Array.from({ length: 5_000 }, () => ({ productId: 'P-1', quantity: 1, name: long }));
    expect(act(stocked(9_999), order('', 1, { lines }))).toMatchObject({ reason: 'INVALID' });
  });

  it('is refused when it comes to more than the bound, which is named', () => {
    const costing = (...prices: number[]): ReturnType<typeof decide> =>
      act(
        stocked(9),
        order('', 1, { lines: prices.map((unitPrice) => ({ productId: 'P-1', quantity: 2, unitPrice })) }),
      );
    expect(costing(ORDER_TOTAL_MAX / 4, ORDER_TOTAL_MAX / 4)).toMatchObject([{ total: ORDER_TOTAL_MAX }]);
    for (const prices of [[ORDER_TOTAL_MAX / 2, 1], [5_012_345_678_900], [Number.MAX_SAFE_INTEGER]]) {
      expect(costing(...prices)).toMatchObject({
        reason: 'INVALID',
        message: 'the order comes to more than 1000000000000 minor units (SEK), the most that one order may come to',
      });
    }
  });

  it('bears nothing that the shop did not ask for', () => {
    const customer = { ...CUSTOMER, password: 'secret' };
    const handling = { chance: 0.8, delayMs: 5, attempts: 1, extra: true };
    const decision = act(stocked(1), order('P-1', 1, { customer, handling }));
    expect(JSON.stringify(decision)).not.toMatch(/secret|extra/);
  });
});

describe('the catalogue', () => {
  it('lists a product once, and again when something about it changed', () => {
    const state = shopWith(listing('P-1', 250));
    expect(act(state, listing('P-1', 250))).toEqual([]);
    expect(act(state, listing('P-1', 260))).toMatchObject([{ type: 'ProductListed', price: 260 }]);
    expect(act(state, { ...listing('P-1', 260), currency: 'EUR' })).toMatchObject({ reason: 'OTHER_CURRENCY' });
  });

  it('takes no price and no stock beyond the bounds', () => {
    expect(act(initial('SEK'), listing('P-1', ORDER_TOTAL_MAX))).toHaveLength(1);
    expect(act(initial('SEK'), listing('P-1', ORDER_TOTAL_MAX + 1))).toMatchObject({ reason: 'INVALID' });
    const full = stocked(1);
    const product = full.products.get('P-1');
    if (product !== undefined) product.available = STOCK_MAX - 5;
    expect(act(full, receipt('P-1', 6))).toMatchObject({
      reason: 'INVALID',
      message: 'P-1: more than 1000000000000 units would be in stock, the most that there may be of a product',
    });
    expect(act(full, receipt('P-1', 5))).toHaveLength(1);
    if (product !== undefined) product.available = BEYOND;
    expect(act(full, order('P-1'))).toMatchObject({ reason: 'INVALID', productId: 'P-1' });
  });

  it('receives stock of listed products only', () => {
    expect(act(initial('SEK'), receipt('P-1', 1))).toMatchObject({ reason: 'UNKNOWN_PRODUCT' });
  });
});

describe('what a command is called', () => {
  it('follows from the key, so that the same key is the same order', () => {
    expect(orderIdOf('a')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(ready(order('P-1', 1, { key: 'a' })).id).toBe(orderIdOf('a'));
    expect(ready(order('P-1', 1, { key: 'a' })).id).not.toBe(ready(order('P-1', 1, { key: 'b' })).id);
    expect(ready(order('P-1')).id).not.toBe(ready(order('P-1')).id);
  });

  it('follows from its content for what happened elsewhere, byte for byte', () => {
    const at = '2026-11-20T08:00:00.000Z';
    const commands: Command[] = [
      { ...listing('P-1'), source: 'history', at },
      receipt('P-1', 5, { source: 'history', at }),
      order('P-1', 1, { source: 'import', at }),
      order('P-1', 2, { source: 'import', at, key: 'k' }),
    ];
    const events = (): string => {
      const state = initial('SEK');
      return JSON.stringify(commands.map((command) => act(state, command)));
    };
    expect(events()).toBe(events());
    expect(new Set(commands.map((command) => ready(command).id)).size).toBe(4);
  });

  it('has a fingerprint of everything that is asked for, and of nothing else', () => {
    const asked = order('P-1', 1, { handling: { chance: 0.5, delayMs: 10, attempts: 2 } });
    const print = fingerprintOf(asked);
    expect(print).toMatch(/^[\w-]{43}$/);
    expect(fingerprintOf({ ...asked, key: 'x', orderId: 'y' })).toBe(print);
    const others = [
      order('P-1', 2),
      order('P-2', 1),
      { ...asked, at: START },
      { ...asked, currency: 'SEK' },
      { ...asked, handling: null },
      { ...asked, source: 'history' as const },
      { ...asked, customer: { ...CUSTOMER, country: 'NO' } },
      { ...asked, lines: [{ productId: 'P-1', quantity: 1, unitPrice: 5 }] },
      { ...asked, lines: [{ productId: 'P-1', quantity: 1, name: 'x' }] },
    ];
    expect(new Set([print, ...others.map(fingerprintOf)]).size).toBe(others.length + 1);
  });

  it.each([
    ['not an object', null],
    ['of an unknown type', { type: 'constructor' }],
    ['without lines', { ...order('P-1'), lines: [] }],
    ['with a quantity of 0', order('P-1', 0)],
    ['with half a quantity', order('P-1', 0.5)],
    ['with a quantity that is no number', order('P-1', Number.NaN)],
    ['with a chance above 1', order('P-1', 1, { handling: { chance: 2, delayMs: 0, attempts: 1 } })],
    ['on the 30th of February', order('P-1', 1, { at: '2026-02-30T10:00:00.000Z' })],
    ['without milliseconds', order('P-1', 1, { at: '2026-02-20T10:00:00Z' })],
    ['of the year 0', order('P-1', 1, { at: '0000-01-01T00:00:00.000Z' })],
    ['of the year 1969', order('P-1', 1, { at: '1969-12-31T23:59:59.999Z' })],
    ['of the year 2200', order('P-1', 1, { at: '2200-01-01T00:00:00.000Z' })],
    ['of more units than one line may have', order('P-1', 1_000_000_001)],
    ['with an empty key', order('P-1', 1, { key: '' })],
    ['with a negative price', order('P-1', 1, { lines: [{ productId: 'P-1', quantity: 1, unitPrice: -1 }] })],
  ])('is invalid when it is %s', (_what, command) => {
    expect(prepare(command as Command, START)).toMatchObject({ status: 'refused', reason: 'INVALID' });
  });
});

describe('whatever is asked in whatever order', () => {
  const product = fc.constantFrom('P-1', 'P-2', 'P-3');
  const command: fc.Arbitrary<Command> = fc.oneof(
    {
      weight: 5,
      arbitrary: fc
        .array(fc.record({ productId: product, quantity: fc.integer({ min: 1, max: 4 }) }), {
          minLength: 1,
          maxLength: 4,
        })
        .map((lines) => order('', 1, { lines })),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(product, fc.integer({ min: 1, max: 9 })).map(([id, units]) => receipt(id, units)),
    },
    { weight: 1, arbitrary: fc.tuple(product, fc.nat(3)).map(([id, price]) => listing(id, price)) },
  );

  it('never sells what is not there, every event can be read again, and the state is their fold', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const state = initial('SEK');
        const folded = initial('SEK');
        const balance = new Map<string, number>();
        for (const each of commands) {
          const decision = act(state, each);
          if ('status' in decision) continue;
          for (const event of decision) {
            const { topic, partition, key, value } = encode(event);
            const judged = judge(topic, partition, { offset: 0, key, value: Buffer.from(value) });
            if (!judged.ok) throw new Error(judged.cause);
            evolve(folded, judged.recorded.event);
            count(balance, judged.recorded.event);
            expect(Math.min(0, ...balance.values())).toBe(0);
          }
        }
        expect(folded).toEqual(state);
        for (const [productId, units] of balance) expect(state.products.get(productId)?.available).toBe(units);
      }),
    );
  });
});

/** The balance, in another way than `evolve` keeps it. */
function count(balance: Map<string, number>, event: ShopEvent): void {
  if (event.type === 'StockReceived') {
    balance.set(event.productId, (balance.get(event.productId) ?? 0) + event.quantity);
  } else if (event.type === 'OrderPlaced') {
    for (const { productId, quantity } of event.lines) balance.set(productId, (balance.get(productId) ?? 0) - quantity);
  }
}
