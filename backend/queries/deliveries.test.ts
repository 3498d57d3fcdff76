import { describe, expect, it } from 'vitest';
import { MemoryModels, MemoryStore } from '../../projections/model/memory-models.ts';
import { orders } from '../../projections/orders.ts';
import type { OrderPlaced } from '../events/events.ts';
import { partitionOf } from '../events/topics.ts';
import {
  DELIVERY_COLLECTION,
  DELIVERY_META,
  PUT_ASIDE_COLLECTION,
  putAside,
  replacePutAside,
  type PutAside,
} from '../mailer/put-aside.ts';
import { readDeliveries, readUndelivered } from './deliveries.ts';
import { readOrder } from './orders.ts';
import { foldMerged, handled, placed, Recorder } from './testing.ts';

const START = Date.UTC(2026, 10, 22, 12);
const PARTITION = partitionOf('o-1');

/** An order whose OrderHandled lies at `offset`, with a mailer that began behind `since` and has come to `reached`. */
async function world(
  { since = -1, reached = -1, offset = 0 }: { since?: number | null; reached?: number; offset?: number },
  more: Partial<OrderPlaced> = {},
) {
  const models = new MemoryModels(new MemoryStore());
  const placing = placed('o-1', START, more);
  const { source, customer } = placing;
  const closing = { ...new Recorder().record(handled('o-1', START + 1, { source, customer })), offset };
  await foldMerged(models, orders, 'orders', [new Recorder().record(placing), closing]);
  await models.ensureCollection(PUT_ASIDE_COLLECTION);
  if (since !== null) await models.putMeta(DELIVERY_META, { since: Array.from({ length: 6 }, () => since) }, null);
  const place = { collection: DELIVERY_COLLECTION, topic: 'handled-orders' as const, partition: PARTITION };
  if (reached >= 0) await models.flush([{ ...place, documents: [], parts: [], previous: -1, position: reached }]);
  const states = async (): Promise<string[]> => {
    const order = await readOrder(models, { orders: 'orders' }, 'o-1');
    return order === null ? [] : (await readDeliveries(models, order)).map(({ to, state }) => `${to} ${state}`);
  };
  return { models, states };
}

const aside = (recipient: number, to: string, permanent: boolean, offset = 4): PutAside =>
  putAside(
    { orderId: 'o-1', recipient, to, partition: PARTITION, offset },
    { reason: 'said the server', permanent },
    START + 1_000,
    null,
  );

describe('how far a mail got', () => {
  it('follows from the mailer’s checkpoint, while nothing is put aside', async () => {
    expect(await (await world({ offset: 4, reached: 3 })).states()).toEqual(['asa@example.com queued']);
    expect(await (await world({ offset: 4, reached: 4 })).states()).toEqual(['asa@example.com delivered']);
  });

  it('is of no concern where nothing is to be sent', async () => {
    expect(await (await world({ since: null, reached: 4 })).states()).toEqual([]);
    expect(await (await world({ since: 4, offset: 4, reached: 4 })).states()).toEqual([]);
    expect(await (await world({ reached: 4 }, { source: 'history' })).states()).toEqual([]);
    expect(await (await world({ since: 3, offset: 4, reached: 4 })).states()).toEqual(['asa@example.com delivered']);
  });

  it('is told for each recipient', async () => {
    const customer = { id: 'c', name: 'Three', email: 'a@e.test, b@e.test, c@e.test', country: '' };
    const { models, states } = await world({ offset: 4, reached: 4 }, { customer });
    await replacePutAside(models, null, aside(1, 'b@e.test', false));
    await replacePutAside(models, null, aside(2, 'c@e.test', true));
    expect(await states()).toEqual(['a@e.test delivered', 'b@e.test waiting', 'c@e.test given-up']);
  });

  it('is listed while it is put aside, in pages', async () => {
    const { models } = await world({});
    const waiting = Array.from({ length: 5 }, (_, n) => ({
      ...aside(0, `w${n}@e.test`, false),
      orderId: `w-${n}`,
      at: new Date(START + n).toISOString(),
    }));
    for (const mail of [...waiting, aside(0, 'never@e.test', true)]) await replacePutAside(models, null, mail);
    const first = await readUndelivered(models, 'waiting', { first: 3 });
    const second = await readUndelivered(models, 'waiting', { first: 3, after: first.endCursor ?? '' });
    const seen = [...first.items, ...second.items].map(({ item }) => item.to);
    expect([seen, second.hasNextPage]).toEqual([waiting.map(({ to }) => to).reverse(), false]);
    const givenUp = await readUndelivered(models, 'given-up', { first: 3 });
    expect(givenUp.items.map(({ item }) => item)).toEqual([aside(0, 'never@e.test', true)]);
  });
});
