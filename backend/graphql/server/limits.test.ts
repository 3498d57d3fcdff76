/** Clients that mean harm: what they ask is refused, and the server goes on. */
import { getIntrospectionQuery } from 'graphql';
import { afterEach, describe, expect, it } from 'vitest';
import { ask, Peer, serve, type Answer, type Served } from './api-test-kit.ts';
import type { ApiOptions, ApiRequest } from './server.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) {
    await close();
  }
});

/** Serves; whatever the test did to it, in the end it must still answer. */
async function served(options?: Partial<ApiOptions<ApiRequest>>): Promise<Served> {
  const all = await serve(options);
  closing.push(async () => {
    try {
      expect(await ask(all.api.url, '{ hello(name: "still") }')).toMatchObject({ data: { hello: 'hello still' } });
    } finally {
      await all.api.close();
    }
  });
  return all;
}

/** The code of the first error, over HTTP and over a socket. */
async function codes({ api, socketUrl }: Served, query: string): Promise<unknown[]> {
  const { errors } = await ask(api.url, query);
  const peer = await Peer.open(socketUrl);
  peer.subscribe('1', query);
  const { type, payload } = await peer.answer('1');
  peer.socket.close();
  const onSocket = type === 'error' ? payload : payload?.errors;
  return [errors?.[0]?.extensions['code'], onSocket?.[0]?.extensions['code']];
}

const nested = (levels: number): string => `{ node ${'{ self '.repeat(levels)}{ name }${' }'.repeat(levels)} }`;
const aliases = (count: number): string =>
  `{ ${Array.from({ length: count }, (_, index) => `a${index}: hello(name: "x")`).join(' ')} }`;

const THROUGH_FRAGMENTS = `
  { node { ...A } }
  fragment A on Node { self { ...B } }
  fragment B on Node { self { self { self { self { self { self { self { self { self { name } } } } } } } } } }`;
/** Each level has the one below it twice. */
const DOUBLING = `{ node { ...F0 } } ${Array.from(
  { length: 9 },
  (_, index) => `fragment F${index} on Node { self { ...F${index + 1} } again: self { ...F${index + 1} } }`,
).join(' ')} fragment F9 on Node { name }`;
const CIRCLE = '{ node { ...A } } fragment A on Node { self { ...B } } fragment B on Node { self { ...A } }';
const BOMB = `{ __schema { types { fields { type { fields { type { fields { type { fields { type { fields { name
  } } } } } } } } } } } }`;

describe('a document', () => {
  it.each([
    ['deep', nested(30), 'LIMIT_EXCEEDED'],
    ['deep through fragments', THROUGH_FRAGMENTS, 'LIMIT_EXCEEDED'],
    ['in circles', CIRCLE, 'GRAPHQL_VALIDATION_FAILED'],
    ['doubling', DOUBLING, 'LIMIT_EXCEEDED'],
    ['aliased', aliases(31), 'LIMIT_EXCEEDED'],
    ['long', `{ ${'__typename '.repeat(3_000)} }`, 'GRAPHQL_PARSE_FAILED'],
    ['for too many', '{ node { many(first: 100000) { name self { name } } } }', 'LIMIT_EXCEEDED'],
    ['introspecting in depth', BOMB, 'GRAPHQL_VALIDATION_FAILED'],
  ])('that is %s is refused over both', async (_what, query, code) => {
    expect(await codes(await served(), query)).toEqual([code, code]);
  });

  it.each([
    ['as deep as it may be', nested(8)],
    ['with as many aliases as it may have', aliases(30)],
    [
      'that tools ask to know the schema',
      getIntrospectionQuery({
        descriptions: true,
        specifiedByUrl: true,
        directiveIsRepeatable: true,
        schemaDescription: true,
        inputValueDeprecation: true,
        oneOf: true,
      }),
    ],
  ])('%s is answered over both', async (_what, query) => {
    expect(await codes(await served(), query)).toEqual([undefined, undefined]);
  });
});

describe('a request', () => {
  const post = async (url: string, body: string, headers: Record<string, string>): Promise<[number, string]> => {
    const response = await fetch(`${url}/graphql`, { method: 'POST', body, headers });
    return [response.status, await response.text()];
  };
  const json = { 'content-type': 'application/json' };

  it.each([
    ['with a body that is too large', JSON.stringify({ query: `{ a } #${'x'.repeat(300_000)}` }), json, 413],
    ['with a batch', '[{"query":"{ hello }"},{"query":"{ hello }"}]', json, 400],
    ['that is no JSON', '{"query"', json, 400],
    ['without a query', '{}', json, 400],
    ['that a page of any site may send as text', '{"query":"{ hello }"}', { 'content-type': 'text/plain' }, 400],
    ['that a form may send', 'query={hello}', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['of another type', '{ hello }', { 'content-type': 'application/graphql' }, 415],
  ])('%s is refused', async (_what, body, headers, status) => {
    const { api } = await served();
    const [got, text] = await post(api.url, body, headers);
    expect(got).toBe(status);
    const { errors } = JSON.parse(text) as Answer;
    expect(errors![0]!.extensions['code']).toMatch(/^(BAD_REQUEST|LIMIT_EXCEEDED)$/);
    expect(errors![0]!.message).not.toMatch(/node_modules/);
  });

  it('by GET needs a header that no page of another site can send, and changes nothing', async () => {
    const { api } = await served();
    const get = async (query: string, headers = {}): Promise<number> =>
      (await fetch(`${api.url}/graphql?query=${encodeURIComponent(query)}`, { headers })).status;
    expect(await get('{ hello }')).toBe(400);
    const asked = { 'apollo-require-preflight': 'true' };
    expect(await get('{ hello }', asked)).toBe(200);
    expect(await get('mutation { twice(value: 1) }', asked)).toBe(405);
  });

  it('cannot subscribe over HTTP', async () => {
    const { api, world } = await served();
    const { status, errors } = await ask(api.url, 'subscription { tick }');
    expect([status, errors?.[0]?.message]).toEqual([400, expect.stringContaining('WebSocket')]);
    expect(world.executed).toBe(0);
  });

  it('that names another host is refused over both', async () => {
    const { api, socketUrl } = await served();
    const { port } = new URL(api.url);
    const { request } = await import('node:http');
    const statusOf = (host: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const sent = request(`${api.url}/health`, { headers: { host } }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        sent.on('error', reject).end();
      });
    expect(await statusOf(`localhost:${port}`)).toBe(200);
    expect(await statusOf(`rebound.example:${port}`)).toBe(403);
    const peer = new Peer(socketUrl, { headers: { host: `rebound.example:${port}` } });
    await peer.until(() => peer.refused !== null);
    expect(peer.refused).toBe(403);
  });
});

describe('a socket', () => {
  it('of a page of another origin is refused, unless that is allowed', async () => {
    const { api, socketUrl } = await served({ allowedOrigins: ['http://allowed.example'] });
    for (const origin of ['http://evil.example', 'null']) {
      const peer = new Peer(socketUrl, { origin });
      await peer.until(() => peer.refused !== null);
      expect(peer.refused).toBe(403);
    }
    for (const origin of [api.url, 'http://allowed.example']) await Peer.open(socketUrl, undefined, { origin });
    expect(api.connections().sockets).toBe(2);
  });

  it('is opened at /graphql alone, and speaks graphql-transport-ws', async () => {
    const { socketUrl } = await served();
    const elsewhere = new Peer(socketUrl.replace('/graphql', '/other'));
    await elsewhere.until(() => elsewhere.refused !== null);
    expect(elsewhere.refused).toBe(404);
    const old = new Peer(socketUrl, {}, 'graphql-ws');
    await old.until(() => old.closed !== null || old.refused !== null);
    expect(old.messages).toEqual([]);
  });

  it('is closed when it does not introduce itself', async () => {
    const { socketUrl } = await served({ limits: { initWaitMs: 100 } });
    const silent = new Peer(socketUrl);
    await silent.until(() => silent.closed !== null);
    expect(silent.closed?.code).toBe(4408);
    const hasty = new Peer(socketUrl);
    await hasty.until(() => hasty.socket.readyState === hasty.socket.OPEN);
    hasty.subscribe('1', '{ hello }');
    await hasty.until(() => hasty.closed !== null);
    expect(hasty.closed?.code).toBe(4401);
  });

  it.each([
    ['no JSON', '{', 4400],
    ['no message of the protocol', '{"type":"next"}', 4400],
    ['too large', `{"type":"ping","payload":{"x":"${'x'.repeat(300_000)}"}}`, 1009],
  ])('that sends what is %s is closed', async (_what, message, code) => {
    const { socketUrl } = await served();
    const peer = await Peer.open(socketUrl);
    peer.send(message);
    await peer.until(() => peer.closed !== null);
    expect(peer.closed?.code).toBe(code);
  });

  it('has so many operations at once, and is told so', async () => {
    const { api, socketUrl, world } = await served();
    const peer = await Peer.open(socketUrl);
    const asked = 10_000;
    for (let id = 0; id < asked; id += 1) peer.subscribe(`${id}`, 'subscription { tick }');
    const refused = (): number => peer.messages.filter(({ type }) => type === 'error').length;
    await peer.until(() => refused() === asked - 50 || peer.closed !== null);
    expect(peer.closed).toBeNull();
    expect(JSON.stringify(peer.messages.at(-1))).toContain('LIMIT_EXCEEDED');
    expect([api.connections().subscriptions, world.ticker.begun]).toEqual([50, 1]);
    // Those that it has go on.
    world.ticker.set('1');
    await peer.until(() => peer.values('49').at(-1) === '1');
  });

  it('of which there are too many is refused', async () => {
    const { socketUrl } = await served({ limits: { socketsMax: 2 } });
    await Peer.open(socketUrl);
    const second = await Peer.open(socketUrl);
    const third = new Peer(socketUrl);
    await third.until(() => third.refused !== null);
    expect(third.refused).toBe(503);
    second.socket.terminate();
    // The place is free as soon as the server has seen it go.
    await expect
      .poll(async () => {
        const next = new Peer(socketUrl);
        await next.until(() => next.refused !== null || next.socket.readyState === next.socket.OPEN);
        return next.refused;
      })
      .toBeNull();
  });

  it('asks so many different things together with the others, and no more', async () => {
    const { socketUrl, world } = await served({ limits: { executionsMax: 5 } });
    const peer = await Peer.open(socketUrl);
    for (let id = 0; id < 10; id += 1) {
      peer.subscribe(`${id}`, 'subscription ($tag: String) { tick(tag: $tag) }', { variables: { tag: `${id}` } });
    }
    const { payload } = await peer.answer('9');
    expect(payload?.errors?.[0]?.extensions['code']).toBe('LIMIT_EXCEEDED');
    await expect.poll(() => world.ticker.begun).toBe(5);
  });
});
