import { afterEach, describe, expect, it } from 'vitest';
import { ask, Peer, serve, type Served } from './api-test-kit.ts';
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
    const { socketUrl, world } = await served();
    const peer = await Peer.open(socketUrl);
    peer.subscribe('s', 'subscription { tick }');
    await peer.until(() => peer.values('s').length === 1);
    world.ticker.set('1');
    await peer.until(() => peer.values('s').length === 2);
    expect(peer.values('s')).toEqual(['0', '1']);
    peer.send({ id: 's', type: 'complete' });
    await expect.poll(() => world.ticker.open).toBe(0);
  });
});
