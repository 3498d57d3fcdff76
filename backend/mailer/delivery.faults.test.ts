/** What is put aside through crashes, failing stores and two mailers at once; the mail server is an interface here. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { MemoryModels, MemoryStore as ModelStore } from '../../projections/model/memory-models.ts';
import { Environment } from '../adapters/lmdb/environment.ts';
import { LmdbLog } from '../adapters/lmdb/lmdb-log.ts';
import { LmdbModels } from '../adapters/lmdb/lmdb-models.ts';
import { MemoryLog } from '../adapters/memory/memory-log.ts';
import { MemoryStore as LogStore } from '../adapters/memory/memory-store.ts';
import { encode } from '../events/codec.ts';
import { ManualClock } from '../ports/clock.ts';
import { ShopError } from '../ports/errors.ts';
import type { EventLog } from '../ports/event-log.ts';
import { silentLogger } from '../ports/logger.ts';
import type { MergedList, ReadModels } from '../ports/read-models.ts';
import { deliver, startRetrying, type DeliveryOptions } from './delivery.ts';
import { follow } from './follow.ts';
import { asideIn, meanwhile, ordersFor, pass } from './mailer-test-kit.ts';
import { DELIVERY_COLLECTION, PUT_ASIDE_COLLECTION } from './put-aside.ts';
import type { Answer, MailServer } from './smtp.ts';

const AT = Date.parse('2026-11-22T14:00:00.000Z');
const HOUR = 3_600_000;
const LATER: Answer = { kind: 'refused', reason: '451 later', permanent: false };
const TAKEN: Answer = { kind: 'taken' };
const names = (count: number, letter = 'n'): string[] =>
  Array.from({ length: count }, (_, n) => `${letter}${n}@e.test`);

/** A server that answers at once, and remembers. `say`: to the nth try for an address, from 1. */
class Server implements MailServer {
  answered = 0;
  readonly tries = new Map<string, number>();
  readonly taken: string[] = [];
  readonly #say: (to: string, nth: number) => Answer;

  constructor(say: (to: string, nth: number) => Answer) {
    this.#say = say;
  }

  send(_: object, to: string): Promise<Answer> {
    const nth = (this.tries.get(to) ?? 0) + 1;
    this.tries.set(to, nth);
    this.answered += 1;
    const answer = this.#say(to, nth);
    if (answer.kind === 'taken') this.taken.push(to);
    return Promise.resolve(answer);
  }

  stopWaiting(): void {}
  close(): void {}
}

interface Sending {
  stop(): Promise<void>;
}

/** The half of a mailer that sends. */
async function send(options: DeliveryOptions): Promise<Sending> {
  const retrying = await startRetrying(options);
  const act = (orders: Parameters<typeof deliver>[0], signal: AbortSignal): Promise<boolean> =>
    deliver(orders, options, signal);
  const more = { group: 'test', collection: DELIVERY_COLLECTION, since: [], runMax: 10, wanted: () => true, act };
  const follower = await follow({ ...options, ...more });
  return { stop: () => Promise.all([retrying.stop(), follower.stop()]).then(() => {}) };
}

function world(say: (to: string, nth: number) => Answer) {
  const store = new ModelStore();
  const log = new MemoryLog(new LogStore());
  const server = new Server(say);
  const clock = new ManualClock(AT);
  const options = { log, models: new MemoryModels(store), clock, logger: silentLogger, server };
  return { log, server, clock, store, options, models: options.models };
}

const put = (log: EventLog, addresses: readonly string[]): Promise<void> =>
  log.append(ordersFor(addresses, AT).map(encode));

/** As `models`, but for `before`, which gets each call's name and first argument, and may keep it from happening. */
function through(models: ReadModels, before: (name: string, given: unknown) => Promise<void>): ReadModels {
  return new Proxy(models, {
    get: (target, name: keyof ReadModels) => {
      const value = target[name] as unknown;
      if (typeof value !== 'function' || name.startsWith('scan')) return value;
      return async (...given: unknown[]): Promise<unknown> => {
        await before(name, given[0]);
        return (value as (...of: unknown[]) => unknown).apply(target, given);
      };
    },
  });
}

describe('what is put aside', { timeout: 60_000 }, () => {
  it('is neither lost nor sent beyond need when the process dies at any access to the store', async () => {
    const addresses = [...names(3, 'grey'), ...names(22)];
    let lastAccess = 0;
    for (let died = true; died; lastAccess++) {
      const { log, server, clock, options, models } = world((to, nth) => (to.startsWith('grey') && nth < 3 ? LATER : TAKEN)); // prettier-ignore
      await put(log, addresses);
      let accesses = 0;
      died = false;
      const dying = through(models, () => {
        died ||= accesses++ >= lastAccess;
        // Whoever is dead never gets an answer.
        return died ? new Promise(() => {}) : Promise.resolve();
      });
      const first = send({ ...options, models: dying });
      const isDone = async (): Promise<boolean> =>
        server.taken.length >= addresses.length && (await asideIn(models)).length === 0;
      await pass(clock, async () => died || (await isDone()));
      const takenBefore = server.taken.length;
      if (!died) await (await first).stop();
      const second = await send(options);
      await pass(clock, async () => new Set(server.taken).size === addresses.length && (await isDone()));
      await second.stop();
      const twice = server.taken.length - addresses.length;
      // Of the run that was under way, or of the two retries.
      expect(twice, `dead at access ${lastAccess}, ${takenBefore} taken`).toBeLessThanOrEqual(10);
      if (!died) expect(twice).toBe(0);
    }
    expect(lastAccess).toBeGreaterThan(40);
  });

  it('waits for the retry through the end of the process, in LMDB', async () => {
    const dir = await mkdtemp(path.join(os.tmpdir(), 'shopstream-mailer-'));
    const { server, clock } = world((_, nth) => (nth < 2 ? LATER : TAKEN));
    let environment = await Environment.open(dir, 'own');
    try {
      const open = () => ({ log: new LmdbLog(environment), models: new LmdbModels(environment) });
      const before = open();
      await put(before.log, names(5));
      const first = await send({ ...before, clock, logger: silentLogger, server });
      await meanwhile(clock, async () => (await asideIn(before.models)).length === 5);
      const aside = await asideIn(before.models);
      await first.stop();
      await environment.close();
      environment = await Environment.open(dir, 'own');
      const after = open();
      expect(await asideIn(after.models)).toEqual(aside);
      expect(server.taken).toEqual([]);
      const second = await send({ ...after, clock, logger: silentLogger, server });
      await pass(clock, async () => (await asideIn(after.models)).length === 0);
      await second.stop();
      expect(server.taken.toSorted()).toEqual(names(5));
    } finally {
      await environment.close();
      await rm(dir, { recursive: true, force: true });
    }
  });

  it('is tried by one of two mailers each time', async () => {
    const addresses = names(60);
    const { log, server, clock, options, models, store } = world((_, nth) => (nth < 3 ? LATER : TAKEN));
    await put(log, addresses);
    const first = await send(options);
    await meanwhile(clock, async () => (await asideIn(models)).length === addresses.length);
    const second = await startRetrying({ ...options, models: new MemoryModels(store) });
    await pass(clock, async () => (await asideIn(models)).length === 0);
    await Promise.all([first.stop(), second.stop()]);
    expect(server.taken.toSorted()).toEqual(addresses.toSorted());
    expect(new Set(server.tries.values())).toEqual(new Set([3]));
  });

  it('is left alone while the run that it comes from is not done, which would send it again', async () => {
    const { log, server, clock, options, models } = world((_, nth) => (nth < 2 ? LATER : TAKEN));
    await put(log, names(1));
    await models.ensureCollection(PUT_ASIDE_COLLECTION);
    const first = await follow({
      ...options,
      group: 'test',
      collection: DELIVERY_COLLECTION,
      since: [],
      runMax: 10,
      wanted: () => true,
      // Put aside, and then the process ends before the checkpoint.
      act: (orders, signal) => deliver(orders, options, signal).then(() => false),
    });
    await meanwhile(clock, async () => (await asideIn(models)).length === 1);
    await first.stop();
    const retrying = await startRetrying(options);
    const until = clock.now() + HOUR;
    await pass(clock, () => clock.now() > until);
    expect(server.tries.get('n0@e.test')).toBe(1);
    await retrying.stop();
    const second = await send(options);
    await pass(clock, async () => (await asideIn(models)).length === 0);
    await second.stop();
    expect([server.taken, server.tries.get('n0@e.test')]).toEqual([['n0@e.test'], 2]);
  });

  it('is not sent again where the store fails just after the server took it', async () => {
    const { log, server, clock, options, models } = world((_, nth) => (nth < 2 ? LATER : TAKEN));
    await put(log, names(1));
    let failures = 0;
    const failing = through(models, (name) => {
      if (name !== 'putMerged' || server.taken.length === 0 || failures === 5) return Promise.resolve();
      failures += 1;
      return Promise.reject(new ShopError('UNAVAILABLE', 'no answer'));
    });
    const sending = await send({ ...options, models: failing });
    await pass(clock, async () => server.taken.length > 0 && (await asideIn(models)).length === 0);
    const until = clock.now() + HOUR;
    await pass(clock, () => clock.now() > until);
    await sending.stop();
    expect([failures, server.taken]).toEqual([5, ['n0@e.test']]);
  });

  it('is held twenty at a time, however much a whole domain puts off', async () => {
    const addresses = names(400);
    const { log, server, clock, options, models } = world((_, nth) => (nth < 2 ? LATER : TAKEN));
    await put(log, addresses);
    let open = 0;
    let most = 0;
    const counting: MailServer = {
      answered: 0,
      stopWaiting: () => {},
      close: () => {},
      send: async (event, to) => {
        most = Math.max(most, ++open);
        await new Promise((resolve) => setImmediate(resolve));
        open -= 1;
        return server.send(event, to);
      },
    };
    const limits = new Set<number>();
    const watched = through(models, (name, query) => {
      if (name === 'list') limits.add((query as MergedList).limit);
      return Promise.resolve();
    });
    const sending = await send({ ...options, server: counting, models: watched });
    await meanwhile(clock, async () => (await asideIn(models)).length === addresses.length);
    expect(most).toBe(10);
    most = 0;
    await pass(clock, async () => (await asideIn(models)).length === 0);
    await sending.stop();
    expect([most, [...limits]]).toEqual([2, [20]]);
    expect(server.taken.toSorted()).toEqual(addresses.toSorted());
  });
});
