/** The part of the read models' contract that is about lists of merged documents. */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { expect, it } from 'vitest';
import {
  COLLECTION,
  compareUtf8,
  flushOf,
  HANDLED_0,
  ORDERS_0,
  part,
  type Current,
} from './read-models.contract-kit.ts';
import type { MergedDocument, MergedIndex, MergedList, PartWrite, ReadModels } from './read-models.ts';

const TIME: MergedIndex = { name: 'time', equals: null, order: 'placed.at' };
const CUSTOMER: MergedIndex = { name: 'customer', equals: 'placed.customer.email', order: 'placed.at' };
const HANDLED: MergedIndex = { name: 'handled', equals: null, order: 'handled.at' };
const BY_ID: MergedIndex = { name: 'id', equals: null, order: null };
const CUSTOMERS_ID: MergedIndex = { name: 'customer-id', equals: 'placed.customer.email', order: null };
const INDEXES: readonly MergedIndex[] = [TIME, CUSTOMER, HANDLED, BY_ID, CUSTOMERS_ID];

const placed = (id: string, at: unknown, email: unknown = 'a@b.c', position = 1): PartWrite =>
  part(id, 'placed', position, { at, customer: { email }, total: 1 });

const ids = (documents: readonly MergedDocument[]): string[] => documents.map(({ id }) => id);

/** A list of everything in one go. */
const all = (index: MergedIndex, more: Partial<MergedList> = {}): MergedList => ({
  collection: COLLECTION,
  index,
  limit: 10_000,
  ...more,
});

export function listSuite(current: Current): void {
  orderSuite(current);
  changeSuite(current);
  collectionSuite(current);
  randomSuite(current);
}

/** Stores parts, whatever has been stored before. */
async function store(models: ReadModels, parts: readonly PartWrite[], collection = COLLECTION): Promise<void> {
  const known = await models.checkpoints([collection]);
  const previous = known.find(({ topic, partition }) => topic === 'orders' && partition === 0)?.position ?? -1;
  expect(await models.flush([flushOf(ORDERS_0, previous, previous + 1, { collection, parts })])).toEqual(['stored']);
}

function orderSuite(current: Current): void {
  it('lists by order value, then by id, both descending', async () => {
    const { models } = current;
    await models.ensureCollection(COLLECTION, INDEXES);
    await store(models, [placed('b', '2'), placed('a', '3'), placed('d', '2'), placed('c', '2'), placed('e', '1')]);
    expect(ids(await models.list(all(TIME)))).toEqual(['a', 'd', 'c', 'b', 'e']);
    expect(ids(await models.list(all(BY_ID)))).toEqual(['e', 'd', 'c', 'b', 'a']);
    expect(ids(await models.list(all(TIME, { limit: 2 })))).toEqual(['a', 'd']);
    expect(await models.list(all(TIME, { limit: 0 }))).toEqual([]);
    expect((await models.list(all(TIME)))[0]?.parts['placed']).toEqual({
      position: 1,
      fields: { at: '3', customer: { email: 'a@b.c' }, total: 1 },
    });
  });

  it('goes on behind any document, among equals too, and keeps to half-open ranges', async () => {
    const { models } = current;
    await models.ensureCollection(COLLECTION, INDEXES);
    await store(models, [placed('b', '2'), placed('a', '3'), placed('d', '2'), placed('c', '2'), placed('e', '1')]);
    const behind = (order: string, id: string): MergedList => all(TIME, { before: { order, id } });
    expect(ids(await models.list(behind('3', 'a')))).toEqual(['d', 'c', 'b', 'e']);
    expect(ids(await models.list(behind('2', 'c')))).toEqual(['b', 'e']);
    expect(ids(await models.list({ ...behind('2', 'd'), limit: 2 }))).toEqual(['c', 'b']);
    expect(ids(await models.list({ ...behind('2', 'd'), limit: 3 }))).toEqual(['c', 'b', 'e']);
    // The document itself need not be there.
    expect(ids(await models.list(behind('25', 'x')))).toEqual(['d', 'c', 'b', 'e']);
    expect(ids(await models.list(behind('1', 'e')))).toEqual([]);
    expect(ids(await models.list(all(TIME, { from: '2' })))).toEqual(['a', 'd', 'c', 'b']);
    expect(ids(await models.list(all(TIME, { to: '2' })))).toEqual(['e']);
    expect(ids(await models.list(all(TIME, { from: '1', to: '3', before: { order: '2', id: 'c' } })))).toEqual([
      'b',
      'e',
    ]);
    expect(ids(await models.list(all(TIME, { from: '2', before: { order: '2', id: 'c' } })))).toEqual(['b']);
    expect(ids(await models.list(all(BY_ID, { from: 'b', to: 'd' })))).toEqual(['c', 'b']);
    expect(ids(await models.list(all(BY_ID, { before: { order: 'd', id: 'd' }, limit: 2 })))).toEqual(['c', 'b']);
  });

  it('lists only what has the value asked for, letter by letter', async () => {
    const { models } = current;
    await models.ensureCollection(COLLECTION, INDEXES);
    const emails = ['a@b.c', 'A@b.c', 'a@b.cc', '', 'é'.repeat(500), `${'é'.repeat(499)}e`, '\u0000', 'a\u0000b'];
    await store(models, emails.flatMap((email, n) => [placed(`x${n}`, '1', email), placed(`y${n}`, '2', email)])); // prettier-ignore
    for (const [n, email] of emails.entries()) {
      expect(ids(await models.list(all(CUSTOMER, { equals: email })))).toEqual([`y${n}`, `x${n}`]);
      expect(ids(await models.list(all(CUSTOMER, { equals: email, from: '2' })))).toEqual([`y${n}`]);
      expect(ids(await models.list(all(CUSTOMERS_ID, { equals: email })))).toEqual([`y${n}`, `x${n}`]);
    }
    expect(await models.list(all(CUSTOMER, { equals: 'nobody' }))).toEqual([]);
  });

  it('leaves out what has no text at the path', async () => {
    const { models } = current;
    await models.ensureCollection(COLLECTION, INDEXES);
    const odd = [placed('n', 7), placed('u', null), placed('o', { at: '1' }), part('h', 'handled', 1, { at: '5' })];
    await store(models, [...odd, placed('t', '1'), placed('c', '1', 3), placed('z', '')]);
    expect(ids(await models.list(all(TIME)))).toEqual(['t', 'c', 'z']);
    expect(ids(await models.list(all(CUSTOMER, { equals: 'a@b.c' })))).toEqual(['t', 'z']);
    expect(ids(await models.list(all(HANDLED)))).toEqual(['h']);
    expect(ids(await models.list(all(BY_ID)))).toHaveLength(7);
  });

  it('orders values of any length and any characters', async () => {
    const { models } = current;
    await models.ensureCollection(COLLECTION, INDEXES);
    const long = 'é'.repeat(200);
    const texts = ['', '\u0000', '\u0000\u0000', 'a', 'a\u0000', 'a\u0000b', 'a\u0001', 'ab', '~', 'é', '\uffff', '🙂'];
    const values = [
      ...texts,
      long,
      `${long}0`,
      `${long}1`,
      `${long}1\u0000`,
      'x'.repeat(256),
      'x'.repeat(257),
      'x'.repeat(400),
    ];
    await store(models, values.flatMap((value, n) => [placed(`p${n}`, value), placed(`q${n}`, value)])); // prettier-ignore
    const expected = [...values].sort(compareUtf8).reverse().flatMap((value) => {
      const n = values.indexOf(value);
      return [`q${n}`, `p${n}`];
    }); // prettier-ignore
    expect(ids(await models.list(all(TIME)))).toEqual(expected);
    for (const [n, value] of values.entries()) {
      const behind = await models.list(all(TIME, { before: { order: value, id: `q${n}` } }));
      expect(ids(behind)).toEqual(expected.slice(expected.indexOf(`q${n}`) + 1));
      const single = all(TIME, { from: value, to: `${value}\u0000` });
      expect(ids(await models.list(single))).toEqual([`q${n}`, `p${n}`]);
    }
  });
}

function changeSuite(current: Current): void {
  it('moves a document when its value changes, and drops it when that goes', async () => {
    const { models, reopen } = current;
    await models.ensureCollection(COLLECTION, INDEXES);
    await store(models, [placed('a', '1', 'old@x'), placed('b', '2', 'old@x')]);
    // Another handle keeps the entries, too, though it never heard of the indexes.
    const other = await reopen();
    await store(other, [placed('a', '3', 'new@x', 2), part('b', 'handled', 2, { at: '9' })]);
    expect(ids(await models.list(all(TIME)))).toEqual(['a', 'b']);
    expect(ids(await models.list(all(CUSTOMER, { equals: 'old@x' })))).toEqual(['b']);
    expect(ids(await models.list(all(CUSTOMER, { equals: 'new@x' })))).toEqual(['a']);
    expect(ids(await models.list(all(HANDLED)))).toEqual(['b']);
    // A part that comes too late changes nothing.
    await store(models, [placed('a', '1', 'old@x', 1), part('b', 'placed', 5, { total: 3 })]);
    expect(ids(await models.list(all(TIME)))).toEqual(['a']);
    expect(ids(await models.list(all(CUSTOMER, { equals: 'old@x' })))).toEqual([]);
    expect(ids(await models.list(all(HANDLED)))).toEqual(['b']);
    expect(ids(await other.list(all(TIME)))).toEqual(['a']);
  });

  it('takes the last of several parts in one flush', async () => {
    const { models } = current;
    await models.ensureCollection(COLLECTION, INDEXES);
    await models.flush([
      flushOf(ORDERS_0, -1, 9, { parts: [placed('a', '1', 'x', 1), placed('a', '4', 'x', 2), placed('b', '2')] }),
      flushOf(HANDLED_0, -1, 9, {
        parts: [part('a', 'handled', 1, { at: '1' }), part('c', 'handled', 2, { at: '0' })],
      }),
    ]);
    expect(ids(await models.list(all(TIME)))).toEqual(['a', 'b']);
    expect(ids(await models.list(all(TIME, { to: '2' })))).toEqual([]);
    expect(ids(await models.list(all(HANDLED)))).toEqual(['a', 'c']);
  });
}

function collectionSuite(current: Current): void {
  it('lists documents from before it had the index', async () => {
    const { models, reopen } = current;
    const many = Array.from({ length: 2_500 }, (_, n) => placed(`o${n}`, String(1_000 + (n % 50)), `c${n % 7}`));
    await store(models, many);
    await models.ensureCollection(COLLECTION, [TIME]);
    expect(ids(await models.list(all(TIME, { from: '1049' })))).toHaveLength(50);
    // One more index, and one that means something else now.
    const byTotal: MergedIndex = { ...CUSTOMER, name: 'time' };
    await models.ensureCollection(COLLECTION, [byTotal, HANDLED, BY_ID]);
    await store(models, [placed('new', '9', 'c3')]);
    const again = await reopen();
    for (const each of [models, again]) {
      expect(await each.list(all(BY_ID))).toHaveLength(2_501);
      expect((await each.list(all(byTotal, { equals: 'c3', limit: 1 })))[0]?.id).toBe('new');
      expect(await each.list(all(byTotal, { equals: 'c3' }))).toHaveLength(358);
      expect(await each.list(all(HANDLED))).toEqual([]);
    }
  });

  it('keeps collections apart, and drops one with all that it lists', async () => {
    const { models } = current;
    const kept = `${COLLECTION}0`;
    for (const collection of [COLLECTION, kept]) {
      await Promise.all([1, 2].map(() => models.ensureCollection(collection, INDEXES)));
      await store(models, [placed('a', '1'), placed('b', '2')], collection);
    }
    await models.dropCollection(COLLECTION);
    expect(await models.list(all(TIME))).toEqual([]);
    await models.ensureCollection(COLLECTION, INDEXES);
    await store(models, [placed('b', '1', 'other@x')]);
    expect(ids(await models.list(all(TIME)))).toEqual(['b']);
    expect(ids(await models.list(all(CUSTOMER, { equals: 'a@b.c' })))).toEqual([]);
    expect(ids(await models.list({ ...all(TIME), collection: kept }))).toEqual(['b', 'a']);
    expect(await models.list({ ...all(TIME), collection: 'none-v1-g1' })).toEqual([]);
    // Asking for the collection alone takes no index away.
    await models.ensureCollection(kept);
    expect(ids(await models.list({ ...all(CUSTOMER, { equals: 'a@b.c' }), collection: kept }))).toEqual(['b', 'a']);
  });
}

function randomSuite(current: Current): void {
  it('lists what a look at every document finds, whatever comes in whatever order', async () => {
    const { models } = current;
    await models.ensureCollection(COLLECTION, INDEXES);
    const seed = 7;
    const random = xoroshiro128plus(seed);
    const pick = <T>(from: readonly T[]): T => from[uniformInt(random, 0, from.length - 1)] as T;
    const instants = Array.from({ length: 40 }, (_, n) => new Date(Date.now() - 50_000 * 1.6 ** n).toISOString());
    const orders = [...instants, ...instants.slice(0, 6), '', 'z'.repeat(300), `${'z'.repeat(300)}a`];
    const emails = ['a@x', 'b@x', 'é'.repeat(300)];
    for (let round = 0; round < 12; round++) {
      const parts = Array.from({ length: 40 }, (): PartWrite => {
        const [id, position] = [`o${uniformInt(random, 0, 150)}`, uniformInt(random, 0, 1_000)];
        if (pick([0, 0, 1]) === 1) return part(id, 'handled', position, { at: pick(orders) });
        return placed(id, pick([...orders, 5]), pick([...emails, null]), position);
      });
      await store(models, parts);
      const documents: MergedDocument[] = [];
      for await (const batch of models.scanMerged(COLLECTION)) documents.push(...batch);
      for (let n = 0; n < 12; n++) {
        const index = pick(INDEXES);
        const query: MergedList = {
          collection: COLLECTION,
          index,
          limit: pick([1, 3, 10, 1_000]),
          ...(index.equals === null ? {} : { equals: pick(emails) }),
          ...(pick([0, 0, 1]) === 0 ? {} : { from: pick(orders) }),
          ...(pick([0, 0, 1]) === 0 ? {} : { to: pick(orders) }),
          ...(pick([0, 1]) === 0 ? {} : { before: { order: pick(orders), id: `o${uniformInt(random, 0, 150)}` } }),
        };
        const expected = lookedThrough(documents, query);
        expect(ids(await models.list(query)), `seed ${seed}, ${JSON.stringify(query)}`).toEqual(ids(expected));
      }
    }
  });
}

/** The definition once more, as plainly as possible. */
function lookedThrough(documents: readonly MergedDocument[], query: MergedList): MergedDocument[] {
  const { index, equals, from = '', to, before, limit } = query;
  const valueAt = ({ id, parts }: MergedDocument, path: string | null): unknown => {
    if (path === null) return id;
    const [name = '', ...fields] = path.split('.');
    return fields.reduce<unknown>((value, field) => (value as Record<string, unknown> | null | undefined)?.[field], parts[name]?.fields); // prettier-ignore
  };
  const order = (each: MergedDocument): string => valueAt(each, index.order) as string;
  return documents
    .filter(
      (each) => typeof order(each) === 'string' && (index.equals === null || valueAt(each, index.equals) === equals),
    )
    .filter((each) => compareUtf8(order(each), from) >= 0 && (to === undefined || compareUtf8(order(each), to) < 0))
    .filter((each) => {
      const behind = before === undefined ? -1 : compareUtf8(order(each), before.order);
      return behind < 0 || (behind === 0 && compareUtf8(each.id, before?.id ?? '') < 0);
    })
    .sort((a, b) => compareUtf8(order(b), order(a)) || compareUtf8(b.id, a.id))
    .slice(0, limit);
}
