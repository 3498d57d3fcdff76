import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ShopError } from '../ports/errors.ts';
import { silentLogger } from '../ports/logger.ts';
import type { Command, Outcome, Shop } from './commands.ts';
import { openShopClient, startShopServer, type ShopServer } from './endpoint.ts';
import { listing, memoryWorld, openShopIn, order, receipt, verdicts } from './shop-test-kit.ts';
import type { ShopService } from './shop.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(shop: Shop, port = 0): Promise<ShopServer> {
  const server = await startShopServer({ shop, port, logger: silentLogger });
  closing.push(() => server.close());
  return server;
}

async function served(): Promise<{ shop: ShopService; url: string }> {
  const shop = await openShopIn(await memoryWorld());
  closing.push(() => shop.close());
  await shop.submit([listing('P-1', 250), receipt('P-1', 10_000)]);
  return { shop, url: (await serve(shop)).url };
}

/** A shop that answers what the test says. */
function answering(submit: (commands: readonly Command[]) => Promise<Outcome[]>): Shop {
  return { submit, catalogue: () => Promise.resolve([]) };
}

const post = (url: string, body: string, type = 'application/json'): Promise<Response> =>
  fetch(`${url}/commands`, { method: 'POST', body, headers: { 'content-type': type } });

describe('the endpoint', () => {
  it('answers as the shop does', async () => {
    const { shop, url } = await served();
    const client = openShopClient(`${url}/`);
    expect(await client.catalogue()).toEqual(await shop.catalogue());
    const keyed = order('P-1', 2, { key: 'å/1' });
    const outcomes = await client.submit([keyed, order('P-2'), order('P-1')]);
    expect(verdicts(outcomes)).toEqual(['accepted', 'UNKNOWN_PRODUCT', 'accepted']);
    expect(await client.submit([keyed])).toEqual([{ ...outcomes[0], status: 'duplicate' }]);
    expect((await client.catalogue())[0]?.available).toBe(10_000 - 3);
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ ok: true });
  });

  it('takes more than fits into one request, in order', async () => {
    const { url } = await served();
    const name = 'å'.repeat(500);
    const commands = Array.from({ length: 10_050 }, (_, index) =>
      order('', 1, { lines: [{ productId: index === 10_049 ? 'P-9' : 'P-1', quantity: 1, name }] }),
    );
    const outcomes = await openShopClient(url).submit(commands);
    expect(new Set(verdicts(outcomes.slice(0, 10_000)))).toEqual(new Set(['accepted']));
    expect(verdicts(outcomes.slice(10_000))).toEqual([
      ...Array.from({ length: 49 }, () => 'SOLD_OUT'),
      'UNKNOWN_PRODUCT',
    ]);
  });

  it.each([
    ['not JSON', '{"a":', 'application/json', 400],
    ['not an array', '{"type":"PlaceOrder"}', 'application/json', 400],
    ['not an array of objects', '[1]', 'application/json', 400],
    ['too many', `[${'{},'.repeat(10_000)}{}]`, 'application/json', 400],
    ['text', '[]', 'text/plain', 400],
    ['of another type', '[]', 'application/xml', 415],
    ['too large', `["${'x'.repeat(9_000_000)}"]`, 'application/json', 413],
  ])('refuses a body that is %s, in one line', async (_what, body, type, status) => {
    const { url } = await served();
    const response = await post(url, body, type);
    expect(response.status).toBe(status);
    const { error } = (await response.json()) as { error: string };
    expect(error).toMatch(/^[^\n]+$/);
  });

  it('leaves it to the shop whether a command is valid', async () => {
    const { url } = await served();
    const response = await post(url, '[{"type":"PlaceOrder"},{}]');
    expect(verdicts((await response.json()) as Outcome[])).toEqual(['INVALID', 'INVALID']);
  });

  it('serves what the owner of the process adds', async () => {
    const shop = answering(() => Promise.resolve([]));
    const server = await startShopServer({
      shop,
      port: 0,
      logger: silentLogger,
      extraRoutes: (fastify) => {
        fastify.get('/extra', () => ({ here: true }));
        return Promise.resolve();
      },
    });
    closing.push(() => server.close());
    expect(await (await fetch(`${server.url}/extra`)).json()).toEqual({ here: true });
  });

  it('says in one line that its port is in use', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => other.close(() => resolve())));
    const { port } = other.address() as { port: number };
    const starting = startShopServer({ shop: answering(() => Promise.resolve([])), port, logger: silentLogger });
    await expect(starting).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringContaining(`${port}`) as string,
    });
  });
});

describe('the client', () => {
  it('says which shop does not answer', async () => {
    const { url, close } = await serve(answering(() => Promise.resolve([])));
    await close();
    const failing = openShopClient(url).submit([order('P-1')]);
    await expect(failing).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(url) as string,
    });
  });

  it('sends again what counts once, and nothing else', async () => {
    let failures = 0;
    let asked = 0;
    const shop = answering((commands) => {
      asked += 1;
      if (failures-- > 0) return Promise.reject(new ShopError('UNKNOWN_OUTCOME', 'the answer was lost'));
      return Promise.resolve(commands.map(() => ({ status: 'duplicate', id: 'O', at: '', position: null })));
    });
    const client = openShopClient((await serve(shop)).url);
    const keyed = [order('P-1', 1, { key: 'k' }), receipt('P-1', 1, { key: 'r' }), listing('P-1')];
    failures = 2;
    expect(verdicts(await client.submit(keyed))).toEqual(['duplicate', 'duplicate', 'duplicate']);
    expect(asked).toBe(3);
    for (const unkeyed of [order('P-1'), receipt('P-1', 1)]) {
      failures = 1;
      asked = 0;
      await expect(client.submit([...keyed, unkeyed])).rejects.toMatchObject({ code: 'UNKNOWN_OUTCOME' });
      expect(asked).toBe(1);
    }
  });

  it('says that the outcome is unknown when the connection breaks before the answer', async () => {
    const breaking = createServer((socket) => socket.once('data', () => socket.destroy()));
    await new Promise<void>((resolve) => breaking.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => breaking.close(() => resolve())));
    const { port } = breaking.address() as { port: number };
    const client = openShopClient(`http://127.0.0.1:${port}`);
    await expect(client.submit([order('P-1')])).rejects.toMatchObject({ code: 'UNKNOWN_OUTCOME' });
  });
});
