import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import { decode, encode, EVENTS, InvalidEventError, RECORD_BYTES_MAX, type Upcasters } from './codec.ts';
import { anyEvents } from './events-test-kit.ts';
import type { EventType, ReportIssued, ShopEvent } from './events.ts';
import type { Topic } from './topics.ts';

const GOLDEN = new URL('./golden/', import.meta.url);
const TYPES = Object.keys(EVENTS) as EventType[];

/** A golden file as the record that is in the log: the same JSON without white space. */
function golden(file: string): string {
  return JSON.stringify(JSON.parse(readFileSync(new URL(file, GOLDEN), 'utf8')));
}

function read(topic: Topic, value: unknown, upcasters?: Upcasters): ReturnType<typeof decode> {
  return decode(topic, Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), upcasters);
}

function causeOf(topic: Topic, value: unknown): string {
  const decoded = read(topic, value);
  return decoded.ok ? 'accepted' : decoded.cause;
}

/** Of a present version, with fields that were added to it: `LogCreated.v1.minorDigits.json`. */
const WITH_MORE = /^(\w+)\.v\d+\.\w+\.json$/;

describe('golden records', () => {
  const files = readdirSync(GOLDEN);

  it('exist for every version of every event, and for nothing else', () => {
    const wanted = TYPES.flatMap((type) =>
      Array.from({ length: EVENTS[type].version }, (_, index) => `${type}.v${index + 1}.json`),
    );
    expect(files.filter((file) => !WITH_MORE.test(file)).sort()).toEqual(wanted.sort());
  });

  it.each([
    ...TYPES.map((type) => [`${type}.v${EVENTS[type].version}.json`, type] as const),
    ...files
      .filter((file) => WITH_MORE.test(file))
      .map((file) => [file, WITH_MORE.exec(file)?.[1] as EventType] as const),
  ])('%s decodes to itself and encodes to the same bytes', (file, type) => {
    const value = golden(file);
    const decoded = decode(EVENTS[type].topic, Buffer.from(value));
    if (!decoded.ok) throw new Error(decoded.cause);
    expect(decoded.event).toEqual(JSON.parse(value));
    expect(decoded.at).toBe(Date.parse(decoded.event.at));
    const record = encode(decoded.event);
    expect(record.value).toBe(value);
    expect(record.topic).toBe(EVENTS[type].topic);
  });
});

describe('upcasting', () => {
  const now = JSON.parse(golden('StockReceived.v1.json')) as Record<string, unknown>;
  const { reason, ...before } = now;
  const upcasters: Upcasters = {
    StockReceived: [(old) => ({ ...old, reason: old['opening'] === true ? 'initial' : 'restock' })],
  };

  it('brings an old version to the present shape', () => {
    expect(reason).toBe('initial');
    const decoded = read('stock', { ...before, opening: true }, upcasters);
    expect(decoded).toMatchObject({ ok: true, event: { productId: 'P-1007', reason: 'initial' } });
  });

  it('refuses an old record that is not valid afterwards', () => {
    expect(read('stock', { ...before, quantity: -1 }, upcasters)).toMatchObject({ ok: false });
  });

  it('refuses a record on which an upcaster throws, instead of throwing', () => {
    const throwing: Upcasters = { StockReceived: [(old) => ({ ...old, reason: (old['gone'] as string).trim() })] };
    expect(read('stock', before, throwing)).toEqual({
      ok: false,
      cause: 'version 1 of StockReceived cannot be brought to the present one',
    });
  });
});

describe('round trip', () => {
  it.each(TYPES)('every valid %s comes back as it was', (type) => {
    fc.assert(
      fc.property(anyEvents[type], (event) => {
        const { value, topic } = encode(event);
        const decoded = decode(topic, Buffer.from(value));
        if (!decoded.ok) throw new Error(decoded.cause);
        expect(decoded.event).toEqual(JSON.parse(JSON.stringify(event)));
        expect(decoded.at).toBe(Date.parse(event.at));
        expect(encode(decoded.event).value).toBe(value);
      }),
      { numRuns: 300 },
    );
  });
});

/** Values that are wrong somewhere, or only odd. */
const oddities: readonly unknown[] = [
  null, true, -1, -0.5, 0, 1, 1.5, 2 ** 53, 1e300, '', 'x', 'SEK', 'SEk', 'SEK ', 'live', 'dead', [], [1], {},
  '2026-11-22', '2026-02-30', '2026-02-30T00:00:00.000Z', '2026-11-22T24:00:00.000Z', '2026-11-22T23:59:60.000Z',
  '2024-02-29T10:00:00.000Z', '2026-11-22t10:00:00.000z', '2026-11-22T10:00:00Z', '+02026-11-22T10:00:00.00Z',
  'é'.repeat(500), '👩‍👩‍👧'.repeat(90), 'x'.repeat(101), 'x'.repeat(501),
]; // prettier-ignore

describe('verdicts', () => {
  it.each(TYPES)('of %s with anything in any place are those of its schema', (type) => {
    const exact = Compile(EVENTS[type].schema);
    fc.assert(
      fc.property(anyEvents[type], fc.nat(), fc.constantFrom(...oddities), fc.boolean(), (event, at, odd, leave) => {
        const changed = JSON.parse(JSON.stringify(event)) as Record<string, unknown>;
        const places = placesOf(changed);
        const place = places[at % places.length];
        if (place === undefined) throw new Error('an event without fields');
        if (leave && !Array.isArray(place.of)) Reflect.deleteProperty(place.of, place.name);
        else place.of[place.name] = odd;
        const lines = changed['lines'] as { quantity: number; unitPrice: number }[] | undefined;
        if (exact.Check(changed) && lines !== undefined)
          changed['total'] = lines.reduce((sum, each) => sum + each.quantity * each.unitPrice, 0);
        const valid = exact.Check(changed);
        const cause = causeOf(EVENTS[type].topic, changed);
        expect(cause === 'accepted', cause).toBe(valid);
      }),
      { numRuns: 2_000 },
    );
  });
});

/** What a program can hold and JSON cannot, or not so. */
const unwritable: readonly unknown[] = [NaN, Infinity, undefined, '\ud83d', 'x'.repeat(RECORD_BYTES_MAX)];

describe('writing', () => {
  const written = (event: ShopEvent): ReturnType<typeof encode> | InvalidEventError => {
    try {
      return encode(event);
    } catch (error) {
      if (error instanceof InvalidEventError) return error;
      throw error;
    }
  };

  it.each(TYPES)('%s with anything in any place is refused, or read as it was', (type) => {
    const odd = fc.constantFrom(...oddities, ...unwritable);
    let refused = 0;
    fc.assert(
      fc.property(anyEvents[type], fc.nat(), odd, (event, at, value) => {
        const changed = structuredClone(event) as unknown as Record<string, unknown>;
        const places = placesOf(changed);
        const place = places[at % places.length];
        if (place === undefined) throw new Error('an event without fields');
        place.of[place.name] = value;
        const record = written(changed as unknown as ShopEvent);
        if (record instanceof InvalidEventError) {
          refused += 1;
          return;
        }
        const decoded = decode(record.topic, Buffer.from(record.value));
        if (!decoded.ok) throw new Error(decoded.cause);
        expect(decoded.event).toEqual(JSON.parse(JSON.stringify(changed)));
      }),
      { numRuns: 1_000 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  const report = JSON.parse(golden('ReportIssued.v1.json')) as ReportIssued;
  it.each<[string, Partial<Record<keyof ReportIssued, unknown>>, RegExp]>([
    ['sales beyond 2^53', { sales: 2 ** 53 }, /ReportIssued\/sales/],
    ['a day of the year −1', { from: new Date(Date.UTC(-1, 11, 31)).toISOString() }, /ReportIssued\/from/],
    ['a day that ends in the year 10000', { to: new Date(Date.UTC(10_000, 0, 1)).toISOString() }, /ReportIssued\/to/],
    [
      'more products than a record holds',
      { products: Array.from({ length: 20_000 }, (_, n) => ({ ...report.products[0], productId: `P-${n}` })) },
      /ReportIssued has \d+ bytes, more than 1048576/,
    ],
  ])('a report with %s is refused', (_what, changes, cause) => {
    expect(() => encode({ ...report, ...changes } as ReportIssued)).toThrow(cause);
  });
});

/** Every field of a JSON value at any depth. */
function placesOf(value: unknown): { of: Record<string, unknown>; name: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  const of = value as Record<string, unknown>;
  return Object.keys(of).flatMap((name) => [{ of, name }, ...placesOf(of[name])]);
}

describe('poison is refused with its cause', () => {
  const placed = JSON.parse(golden('OrderPlaced.v1.json')) as Record<string, unknown>;
  const [line] = placed['lines'] as Record<string, unknown>[];
  const withLine = (changes: object, total: unknown = placed['total']): object => ({
    ...placed,
    lines: [{ ...line, ...changes }],
    total,
  });
  const raw = (field: string, json: string): string =>
    JSON.stringify({ ...placed, [field]: 'here' }).replace('"here"', json);

  it.each<[string, unknown, RegExp]>([
    ['no bytes', '', /^not JSON/],
    ['not JSON', '{"type":"OrderPlaced"', /^not JSON/],
    ['NaN', raw('total', 'NaN'), /^not JSON/],
    ['Infinity', raw('total', '1e999'), /^OrderPlaced\/total/],
    ['null', 'null', /^not a JSON object/],
    ['an array', '[]', /^not a JSON object/],
    ['a string', '"OrderPlaced"', /^not a JSON object/],
    ['a number', '42', /^not a JSON object/],
    ['no type', {}, /^unknown event type \(none\)/],
    ['an unknown type', { ...placed, type: 'OrderEaten' }, /^unknown event type "OrderEaten"/],
    ['a type from the prototype', { ...placed, type: 'constructor' }, /^unknown event type/],
    ['__proto__ as type', { ...placed, type: '__proto__' }, /^unknown event type/],
    ['an object as type', { ...placed, type: { a: 1 } }, /^unknown event type \(object\)/],
    ['a type without end', { ...placed, type: 'x'.repeat(900_000) }, /^unknown event type "x{80}"$/],
    ['an unknown version', { ...placed, version: 2 }, /^unknown version 2 of OrderPlaced/],
    ['version 0', { ...placed, version: 0 }, /^unknown version 0/],
    ['half a version', { ...placed, version: 1.5 }, /^unknown version 1.5/],
    ['a version that is text', { ...placed, version: '1' }, /^unknown version "1"/],
    ['a negative quantity', withLine({ quantity: -1 }, -49_900), /^OrderPlaced\/lines\/0\/quantity/],
    ['quantity 0', withLine({ quantity: 0 }, 0), /^OrderPlaced\/lines\/0\/quantity/],
    ['half an amount', withLine({ unitPrice: 0.5 }, 0.5), /^OrderPlaced\/lines\/0\/unitPrice/],
    ['an amount beyond exactness', withLine({ unitPrice: 2 ** 53 }, 2 ** 53), /^OrderPlaced\/lines\/0\/unitPrice/],
    ['no lines', { ...placed, lines: [], total: 0 }, /^OrderPlaced\/lines/],
    ['lines from the prototype', raw('lines', '{"__proto__":[1],"length":1}'), /^OrderPlaced\/lines/],
    ['a total that is not the sum', { ...placed, total: 1 }, /total is not the sum/],
    ['a day that does not exist', { ...placed, at: '2026-02-30T12:00:00.000Z' }, /^OrderPlaced\/at/],
    ['the 29th of February of a common year', { ...placed, at: '2027-02-29T12:00:00.000Z' }, /^OrderPlaced\/at/],
    ['hour 24', { ...placed, at: '2026-11-22T24:00:00.000Z' }, /^OrderPlaced\/at/],
    ['a leap second', { ...placed, at: '2026-12-31T23:59:60.000Z' }, /^OrderPlaced\/at/],
    ['an instant without zone', { ...placed, at: '2026-11-22T14:05:07.123' }, /^OrderPlaced\/at/],
    ['an instant with an offset', { ...placed, at: '2026-11-22T14:05:07.123+01:00' }, /^OrderPlaced\/at/],
    ['an instant that is a number', { ...placed, at: 1_800_000_000_000 }, /^OrderPlaced\/at/],
    ['an order id of 101 letters', { ...placed, orderId: 'x'.repeat(101) }, /^OrderPlaced\/orderId/],
    ['an empty order id', { ...placed, orderId: '' }, /^OrderPlaced\/orderId/],
    ['half a surrogate pair', raw('orderId', '"\\ud83d"'), /half a surrogate pair/],
    ['half a pair as a name', raw('customer', '{"\\udc00":1}'), /half a surrogate pair/],
    [
      'a customer without a name',
      { ...placed, customer: { id: '1', email: 'e', country: '' } },
      /^OrderPlaced\/customer/,
    ],
    ['chance 1.1', { ...placed, handling: { chance: 1.1, delayMs: 0, attempts: 1 } }, /^OrderPlaced\/handling/],
  ])('%s', (_, value, cause) => {
    expect(causeOf('orders', value)).toMatch(cause);
  });

  it('a record without a value', () => {
    expect(decode('orders', null)).toEqual({ ok: false, cause: 'the record is empty' });
  });

  it('an event in a topic of others', () => {
    expect(causeOf('handled-orders', placed)).toBe('OrderPlaced does not belong to the topic handled-orders');
  });

  it('a record larger than 1 MiB, and not one that just fits', () => {
    const value = JSON.stringify(placed);
    const fits = value + ' '.repeat(RECORD_BYTES_MAX - Buffer.byteLength(value));
    expect(causeOf('orders', fits)).toBe('accepted');
    expect(causeOf('orders', `${fits} `)).toMatch(/1048577 bytes/);
  });

  it('JSON as deep as a record is long', () => {
    const depth = 500_000;
    const deep = `${'['.repeat(depth)}"\\ud800"${']'.repeat(depth)}`;
    expect(causeOf('orders', deep)).not.toBe('accepted');
    expect(causeOf('orders', `{"type":${deep}}`)).not.toBe('accepted');
    expect(causeOf('orders', `{"type":"OrderPlaced","version":1,"lines":${deep}}`)).not.toBe('accepted');
  });

  it('a whole pair written as escapes is no poison', () => {
    expect(causeOf('orders', raw('orderId', '"\\ud83d\\ude00"'))).toBe('accepted');
  });

  it('bytes that are no UTF-8 never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decode('orders', bytes).ok).toBe(false);
      }),
    );
  });
});
