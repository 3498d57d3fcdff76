import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ask, Peer, serve, TOKEN, type Answer, type Served } from './api-test-kit.ts';
import type { ApiOptions, ApiRequest } from './server.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function served(options?: Partial<ApiOptions<ApiRequest>>): Promise<Served> {
  const all = await serve(options);
  closing.push(() => all.api.close());
  return all;
}

/** Asks over both transports. */
async function asked({ api, socketUrl }: Served, query: string, variables: object = {}): Promise<[Answer, Answer]> {
  const { status: _status, ...http } = await ask(api.url, query, { variables });
  const peer = await Peer.open(socketUrl);
  peer.subscribe('1', query, { variables });
  const { type, payload } = await peer.answer('1');
  peer.socket.close();
  return [http, type === 'error' ? { errors: payload as unknown as NonNullable<Answer['errors']> } : payload!];
}

describe('the API', () => {
  it('answers over HTTP and over a socket', async () => {
    const { api, socketUrl } = await served();
    expect(await ask(api.url, '{ hello(name: "you") }')).toEqual({ status: 200, data: { hello: 'hello you' } });
    const peer = await Peer.open(socketUrl);
    peer.subscribe('1', 'query ($name: String) { hello(name: $name) }', { variables: { name: 'you' } });
    expect(await peer.answer('1')).toEqual({ type: 'next', id: '1', payload: { data: { hello: 'hello you' } } });
    peer.subscribe('2', 'mutation { twice(value: 21) }');
    expect((await peer.answer('2')).payload).toEqual({ data: { twice: 42 } });
    expect(await (await fetch(`${api.url}/health`)).json()).toEqual({ ok: true });
  });

  it('sends the present first, then what is newer', async () => {
    const { api, socketUrl, world } = await served();
    const peer = await Peer.open(socketUrl);
    peer.subscribe('s', 'subscription { tick }');
    await peer.until(() => peer.values('s').length === 1);
    world.ticker.set('1');
    await peer.until(() => peer.values('s').length === 2);
    expect(peer.values('s')).toEqual(['0', '1']);
    expect(api.connections()).toEqual({ sockets: 1, subscriptions: 1 });
    peer.send({ id: 's', type: 'complete' });
    await expect.poll(() => world.ticker.open).toBe(0);
    expect(api.connections()).toEqual({ sockets: 1, subscriptions: 0 });
    peer.socket.terminate();
    await expect.poll(() => api.connections().sockets).toBe(0);
  });

  it('executes a subscription once for all sockets, and for each that differs', async () => {
    const { api, socketUrl, world } = await served({ operatorToken: TOKEN });
    const operator = await Peer.open(socketUrl, `Bearer ${TOKEN}`);
    const peers = await Promise.all(Array.from({ length: 20 }, () => Peer.open(socketUrl)));
    for (const peer of peers) peer.subscribe('s', 'subscription { tick }');
    await Promise.all(peers.map((peer) => peer.until(() => peer.values('s').length === 1)));
    world.executed = 0;
    world.ticker.set('1');
    await Promise.all(peers.map((peer) => peer.until(() => peer.values('s').at(-1) === '1')));
    expect([world.ticker.begun, world.executed]).toEqual([1, 1]);
    peers[0]!.subscribe('other', 'subscription ($tag: String) { tick(tag: $tag) }', { variables: { tag: 'x' } });
    operator.subscribe('s', 'subscription { tick }');
    await peers[0]!.until(() => peers[0]!.values('other').length === 1);
    await operator.until(() => operator.values('s').length === 1);
    expect(world.ticker.begun).toBe(3);
    expect(api.connections().subscriptions).toBe(22);
    for (const peer of [operator, ...peers]) peer.socket.close();
    await expect.poll(() => world.ticker.open).toBe(0);
    expect(api.connections()).toEqual({ sockets: 0, subscriptions: 0 });
  });

  it('gives who comes later the present where a field says that its frames are changes', async () => {
    const { socketUrl, world } = await served();
    const [early, late] = [await Peer.open(socketUrl), await Peer.open(socketUrl)];
    early.subscribe('c', 'subscription { change }');
    await early.until(() => early.values('c', 'change').length === 1);
    world.changes.set('1');
    await early.until(() => early.values('c', 'change').length === 2);
    late.subscribe('c', 'subscription { change }');
    await late.until(() => late.values('c', 'change').length === 1);
    world.changes.set('2');
    await late.until(() => late.values('c', 'change').at(-1) === '2');
    await early.until(() => early.values('c', 'change').at(-1) === '2');
    expect(early.values('c', 'change')).toEqual(['present 0', '1', '2']);
    expect(late.values('c', 'change')).toEqual(['present 1', '2']);
  });

  it.each([
    ['{ badInput }', {}, 'BAD_INPUT', 'no such day; write it like 2026-11-22'],
    ['{ unavailable }', {}, 'UNAVAILABLE', /^the read models do not answer$/],
    ['{ storage }', {}, 'STORAGE', /^something went wrong in the server; .* reference [0-9a-f]{8}$/],
    ['{ broken }', {}, 'INTERNAL', /^something went wrong in the server; .* reference [0-9a-f]{8}$/],
    ['{ nothing }', {}, 'GRAPHQL_VALIDATION_FAILED', /Cannot query field/],
    ['{ hello', {}, 'GRAPHQL_PARSE_FAILED', /Syntax Error/],
    ['query ($n: Int!) { count(first: $n) }', { n: 'x' }, 'BAD_INPUT', /got invalid value/],
    ['query ($n: Int) { count(first: $n) }', { n: null }, 'BAD_INPUT', /must not be null/],
    ['query A { count } query B { count }', {}, /OPERATION_RESOLUTION_FAILURE|BAD_REQUEST/, /operation/],
  ])('says the same of %s over both', async (query, variables, code, message) => {
    const all = await served();
    for (const { errors } of await asked(all, query, variables)) {
      expect(errors).toHaveLength(1);
      expect(errors![0]!.message).toMatch(message);
      expect(errors![0]!.extensions['code']).toMatch(code);
      expect(JSON.stringify(errors)).not.toMatch(/secret|stack|node_modules|second line/);
    }
    // What is not told to the client is in the log, under the reference that it got.
    const hidden = all.logged.map(({ fields }) => fields as { reference: string; error: Error });
    expect(hidden).toHaveLength(['{ storage }', '{ broken }'].includes(query) ? 2 : 0);
    for (const { reference, error } of hidden) {
      expect(reference).toMatch(/^[0-9a-f]{8}$/);
      expect(error.message).toContain('/secret/place');
    }
  });

  it('says what is wrong with a subscription, and logs it once for all', async () => {
    const all = await served();
    const peers = await Promise.all(Array.from({ length: 3 }, () => Peer.open(all.socketUrl)));
    for (const peer of peers) peer.subscribe('f', 'subscription { failing }');
    for (const peer of peers) {
      expect((await peer.answer('f')).payload?.errors?.[0]).toMatchObject({
        message: 'the log does not answer; try again',
        extensions: { code: 'UNAVAILABLE' },
      });
    }
    for (const peer of peers) peer.subscribe('s', 'subscription { tick }');
    await Promise.all(peers.map((peer) => peer.until(() => peer.values('s').length === 1)));
    all.world.ticker.set('broken');
    for (const peer of peers) {
      await peer.until(() => peer.of('s').length === 2);
      expect(peer.of('s')[1]!.payload?.errors?.[0]?.extensions['code']).toBe('INTERNAL');
    }
    expect(all.logged).toHaveLength(1);
    // The next one is whole again.
    all.world.ticker.set('2');
    await peers[0]!.until(() => peers[0]!.values('s').at(-1) === '2');
  });

  it('knows the operator by the token over both', async () => {
    const { api, socketUrl } = await served({ operatorToken: TOKEN });
    const who = async (authorization?: string): Promise<unknown[]> => {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
      const peer = await Peer.open(socketUrl, authorization);
      peer.subscribe('1', '{ whoAmI }');
      return [
        (await ask(api.url, '{ whoAmI }', { headers })).data?.['whoAmI'],
        (await peer.answer('1')).payload?.data?.['whoAmI'],
      ];
    };
    expect(await who(`Bearer ${TOKEN}`)).toEqual(['operator over http', 'operator over websocket']);
    for (const wrong of [undefined, `Bearer ${TOKEN}x`, TOKEN]) {
      expect(await who(wrong)).toEqual(['visitor over http', 'visitor over websocket']);
    }
    const refused = await ask(api.url, 'mutation { twice(value: 1) }');
    expect(refused.errors?.[0]?.extensions['code']).toBe('FORBIDDEN');
  });

  it('takes everybody for the operator on a loopback address without a token, and is not started elsewhere', async () => {
    const { api } = await served();
    expect((await ask(api.url, '{ whoAmI }')).data).toEqual({ whoAmI: 'operator over http' });
    for (const operatorToken of [null, '']) {
      await expect(serve({ host: '0.0.0.0', operatorToken })).rejects.toMatchObject({
        code: 'BAD_INPUT',
        message: expect.stringMatching(/^[^\n]*OPERATOR_TOKEN[^\n]*$/) as string,
      });
    }
    const open = await served({ host: '0.0.0.0', operatorToken: TOKEN });
    const url = open.api.url.replace('0.0.0.0', '127.0.0.1');
    expect((await ask(url, '{ whoAmI }')).data).toEqual({ whoAmI: 'visitor over http' });
  });

  it('says in one line that its port is in use', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => other.close(() => resolve())));
    const { port } = other.address() as { port: number };
    await expect(serve({ port })).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringMatching(`port ${port} is in use; choose another with --port or PORT`) as string,
    });
  });

  it('says goodbye to sockets when it closes, and answers what is under way', async () => {
    // Nothing has to be cut off.
    const { api, socketUrl, world } = await served({ limits: { closeDeadlineMs: 600_000 } });
    const peers = await Promise.all(Array.from({ length: 5 }, () => Peer.open(socketUrl)));
    for (const peer of peers) peer.subscribe('s', 'subscription { tick }');
    await Promise.all(peers.map((peer) => peer.until(() => peer.values('s').length === 1)));
    const underWay = ask(api.url, '{ slow }');
    await expect.poll(() => world.slowAsked).toBe(1);
    const closed = api.close();
    await Promise.all(peers.map((peer) => peer.until(() => peer.closed !== null)));
    expect(peers.map((peer) => peer.closed?.code)).toEqual(peers.map(() => 1001));
    world.slow.set('done');
    expect((await underWay).data).toEqual({ slow: 'done' });
    await closed;
    expect(world.ticker.open).toBe(0);
    await expect(fetch(`${api.url}/health`)).rejects.toThrow();
    await api.close();
  });

  it('closes before a deadline, whoever does not let go', async () => {
    const { api, socketUrl, world } = await served({ limits: { closeDeadlineMs: 300 } });
    const peer = await Peer.open(socketUrl);
    peer.subscribe('1', '{ slow }');
    // It reads no more, and so does not answer the goodbye.
    peer.socket.pause();
    const hanging = ask(api.url, '{ slow }').catch((error: unknown) => error);
    await expect.poll(() => world.slowAsked).toBe(2);
    await api.close();
    expect(await hanging).toBeInstanceOf(Error);
    expect(api.connections().sockets).toBe(0);
    peer.socket.terminate();
  });
});
