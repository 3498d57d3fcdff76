/** A client that stops reading costs nobody else anything, and little memory. */
import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it } from 'vitest';
import { Peer, serve, type Served } from './api-test-kit.ts';
import type { Limits } from './server.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function served(limits: Partial<Limits>): Promise<Served> {
  const all = await serve({ limits });
  closing.push(() => all.api.close());
  return all;
}

/** A masked text frame of a client (RFC 6455), with a mask of zeros. */
function frame(text: string): Buffer {
  const payload = Buffer.from(text);
  const length =
    payload.length < 126 ? [0x80 | payload.length] : [0x80 | 126, payload.length >> 8, payload.length & 255];
  return Buffer.concat([Buffer.from([0x81, ...length, 0, 0, 0, 0]), payload]);
}

/** Speaks WebSocket by hand, and reads nothing after the handshake. */
async function deaf({ api }: Served, messages: readonly object[]): Promise<{ socket: Socket; gone: Promise<void> }> {
  const { hostname, port } = new URL(api.url);
  const socket = connect(Number(port), hostname);
  closing.push(() => void socket.destroy());
  socket.write(
    `GET /graphql HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n' +
      'Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n',
  );
  await new Promise((resolve) => socket.once('data', resolve));
  socket.pause();
  const gone = new Promise<void>((resolve) => {
    socket.on('error', () => {});
    socket.on('close', () => resolve());
  });
  for (const message of messages) socket.write(frame(JSON.stringify(message)));
  return { socket, gone };
}

const SUBSCRIBE = [
  { type: 'connection_init' },
  { id: 's', type: 'subscribe', payload: { query: 'subscription { tick }' } },
];
const FRAME_CHARS = 100_000;
const FRAMES = 300;
const PAD = 'x'.repeat(FRAME_CHARS);

describe('a client that does not read', () => {
  it('is closed, while 50 others get every last state', async () => {
    const all = await served({ stalledMs: 500 });
    const { api, socketUrl, world, logged } = all;
    const peers = await Promise.all(Array.from({ length: 50 }, () => Peer.open(socketUrl)));
    const newest = new Map<Peer, number>();
    for (const peer of peers) {
      peer.keeps = false;
      peer.socket.on('message', (data: Buffer) => newest.set(peer, numberOf(data)));
      peer.subscribe('s', 'subscription { tick }');
    }
    const { socket } = await deaf(all, SUBSCRIBE);
    await expect.poll(() => api.connections().subscriptions).toBe(51);
    for (let n = 1; n <= 100; n += 1) {
      world.ticker.set(`${n} ${PAD}`);
      // Each has it before the next is made, whatever the deaf one does.
      await Promise.all(peers.map((peer) => peer.until(() => newest.get(peer) === n)));
    }
    await expect.poll(() => api.connections().sockets, { timeout: 10_000 }).toBe(50);
    expect(api.connections().subscriptions).toBe(50);
    expect(logged.map(({ message }) => message)).toEqual(['A client that does not read was closed.']);
    socket.destroy();
  });

  it('costs a few frames of memory, however many it does not read', async () => {
    const all = await served({ stalledMs: 600_000, pingIntervalMs: 600_000 });
    const { api, socketUrl, world } = all;
    const witness = await Peer.open(socketUrl);
    witness.keeps = false;
    let newest = 0;
    witness.socket.on('message', (data: Buffer) => (newest = numberOf(data)));
    witness.subscribe('s', 'subscription { tick }');
    await deaf(all, SUBSCRIBE);
    await expect.poll(() => api.connections().subscriptions).toBe(2);
    const before = memory();
    for (let n = 1; n <= 1_000; n += 1) {
      world.ticker.set(`${n} ${PAD}`);
      await witness.until(() => newest === n);
    }
    // 100 MB were sent to the witness.
    expect(memory() - before).toBeLessThan(10_000_000);
    expect(api.connections().subscriptions).toBe(2);
  });

  it('skips frames while it is slow, and has the newest when it reads again', async () => {
    const all = await served({ stalledMs: 60_000 });
    const { socketUrl, world } = all;
    const peer = await Peer.open(socketUrl);
    const witness = await Peer.open(socketUrl);
    for (const each of [peer, witness]) each.subscribe('s', 'subscription { tick }');
    await Promise.all([peer, witness].map((each) => each.until(() => each.values('s').length === 1)));
    peer.socket.pause();
    for (let n = 1; n <= FRAMES; n += 1) {
      world.ticker.set(`${n} ${PAD}`);
      await witness.until(() => (witness.values('s').at(-1) as string).startsWith(`${n} `));
    }
    peer.socket.resume();
    await peer.until(() => (peer.values('s').at(-1) as string).startsWith(`${FRAMES} `));
    const got = peer.values('s').map((value) => Number.parseInt(value as string, 10));
    expect(got).toEqual([...got].sort((a, b) => a - b));
    expect(got.length).toBeLessThan(FRAMES);
    expect(witness.values('s')).toHaveLength(FRAMES + 1);
  });

  it('keeps the first frame for who is slow, as later ones build on it', async () => {
    const all = await served({ stalledMs: 60_000 });
    const { socketUrl, world } = all;
    const peer = await Peer.open(socketUrl);
    const witness = await Peer.open(socketUrl);
    for (const each of [peer, witness]) each.subscribe('s', 'subscription { tick }');
    witness.subscribe('c', 'subscription { change }');
    await witness.until(() => witness.values('c', 'change').length === 1);
    peer.socket.pause();
    for (let n = 1; n <= FRAMES; n += 1) {
      world.ticker.set(`${n} ${PAD}`);
      await witness.until(() => (witness.values('s').at(-1) as string).startsWith(`${n} `));
    }
    peer.subscribe('c', 'subscription { change }');
    await expect.poll(() => world.changes.begun).toBe(2);
    for (const change of ['1', '2', '3']) {
      world.changes.set(change);
      await witness.until(() => witness.values('c', 'change').at(-1) === change);
    }
    peer.socket.resume();
    await peer.until(() => peer.values('c', 'change').length === 2);
    expect(peer.values('c', 'change')).toEqual(['present 0', '3']);
  });

  it('is closed when answers pile up', async () => {
    const all = await served({ bufferedBytesMax: 1_000_000 });
    const large = Array.from({ length: 40 }, (_, id) => ({
      id: `${id}`,
      type: 'subscribe',
      payload: { query: '{ large(bytes: 1000000) }' },
    }));
    await deaf(all, [{ type: 'connection_init' }, ...large]);
    await expect.poll(() => all.logged.length).toBe(1);
    await expect.poll(() => all.api.connections().sockets, { timeout: 5_000 }).toBe(0);
  });

  it('is closed with 1013, which who reads late gets to see', async () => {
    const { api, socketUrl, logged } = await served({ bufferedBytesMax: 1_000_000 });
    const peer = await Peer.open(socketUrl);
    peer.socket.pause();
    for (let id = 0; id < 40; id += 1) peer.subscribe(`${id}`, '{ large(bytes: 1000000) }');
    await expect.poll(() => logged.length).toBe(1);
    peer.socket.resume();
    await peer.until(() => peer.closed !== null);
    expect(peer.closed?.code).toBe(1013);
    await expect.poll(() => api.connections().sockets).toBe(0);
  });

  it('is gone when it answers no ping', async () => {
    const all = await served({ pingIntervalMs: 50 });
    await deaf(all, [SUBSCRIBE[0]!]);
    const living = await Peer.open(all.socketUrl);
    await expect.poll(() => all.api.connections().sockets).toBe(1);
    expect(living.closed).toBeNull();
  });
});

/** Bytes in use, after what is not has been given back. */
function memory(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { external, heapUsed } = process.memoryUsage();
  return external + heapUsed;
}

/** What a frame of `tick` begins with. */
function numberOf(data: Buffer): number {
  return Number(/"tick":"(\d+)/.exec(data.subarray(0, 100).toString())?.[1]);
}
