/** The shop under seeded faults of its appends, kills and restarts: nothing acknowledged is lost, nothing is there twice. */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { describe, expect, it } from 'vitest';
import { ShopError } from '../ports/errors.ts';
import { faultyLog, randomFaults, randomPauses, type FaultyLog } from '../ports/faulty-log.ts';
import type { Command, Outcome } from './commands.ts';
import {
  eventsOf,
  listing,
  memoryWorld,
  openShopIn,
  order,
  ordersIn,
  project,
  receipt,
  unitsSold,
  verdicts,
  WORLDS,
  type World,
} from './shop-test-kit.ts';
import type { ShopService } from './shop.ts';

const SEEDS = 60;
const SEEDS_ON_DISK = 8;
const ROUNDS = 12;
/** Small, so that a batch is decided while the one before is being appended. */
const SMALL = { retryFirstMs: 0, batchCommandsMax: 5, earlyCommandsMin: 1 };
const PRODUCTS = ['P-1', 'P-2', 'P-3'];

interface Sent {
  readonly command: Command;
  /** Null when the shop gave no answer. */
  readonly outcome: Outcome | null;
}

/** One history of a shop, told by a seed. */
class History {
  readonly sent: Sent[] = [];
  readonly #world: World;
  readonly #random: (max: number) => number;
  readonly #seed: number;
  #log: FaultyLog;
  #shop: ShopService;
  #keys = 0;

  private constructor(world: World, seed: number, log: FaultyLog, shop: ShopService) {
    const random = xoroshiro128plus(seed);
    this.#random = (max) => uniformInt(random, 0, max - 1);
    this.#world = world;
    this.#seed = seed;
    this.#log = log;
    this.#shop = shop;
  }

  static async begin(world: World, seed: number): Promise<History> {
    const first = await openShopIn(world);
    await first.submit(PRODUCTS.flatMap((id) => [listing(id), receipt(id, 20)]));
    await first.close();
    const log = faultyLog(world.log, randomFaults(seed, 0.3), randomPauses(seed, 4));
    return new History(world, seed, log, await openShopIn(world, { log, ...SMALL }));
  }

  /** Several senders at once; afterwards the shop may be killed, and the projectors may have caught up. */
  async round(index: number): Promise<void> {
    const senders = 1 + this.#random(4);
    const answers = Promise.all(Array.from({ length: senders }, () => this.#send(this.#commands())));
    if (this.#random(4) === 0) {
      for (let turns = this.#random(8); turns >= 0; turns--) await new Promise((resolve) => setImmediate(resolve));
      this.#log.kill();
      await answers;
      await this.#shop.close();
      this.#log = faultyLog(
        this.#world.log,
        randomFaults(this.#seed * 1_000 + index, 0.3),
        randomPauses(this.#seed, 4),
      );
      this.#shop = await openShopIn(this.#world, { log: this.#log, ...SMALL });
    }
    await answers;
    if (this.#random(3) === 0) await project(this.#world);
  }

  async end(): Promise<void> {
    await this.#shop.close();
  }

  async #send(commands: readonly Command[]): Promise<void> {
    let outcomes: Outcome[] | null = null;
    try {
      outcomes = await this.#shop.submit(commands);
    } catch (error) {
      expect(error).toBeInstanceOf(ShopError);
    }
    commands.forEach((command, index) => this.sent.push({ command, outcome: outcomes?.[index] ?? null }));
  }

  #commands(): Command[] {
    return Array.from({ length: 1 + this.#random(5) }, () => this.#command());
  }

  #command(): Command {
    const product = PRODUCTS[this.#random(PRODUCTS.length)] ?? '';
    const quantity = 1 + this.#random(3);
    switch (this.#random(6)) {
      case 0:
        return receipt(product, quantity, { key: `receipt-${this.#random(10)}` });
      case 1:
        return listing(product, this.#random(3));
      case 2:
        return order(product, quantity, { key: `new-${this.#keys++}` });
      case 3: {
        // Often a key that was used before, with the same content or another.
        const key = this.#random(8);
        return order(PRODUCTS[key % 3] ?? '', 1 + (this.#random(4) % 2), { key: `again-${key}` });
      }
      default:
        return order(product, quantity);
    }
  }
}

async function judge(world: World, sent: readonly Sent[]): Promise<void> {
  const orders = await ordersIn(world.log);
  const stock = await eventsOf(world.log, 'stock');
  const ids = orders.map(({ event }) => event.orderId);
  expect(new Set(ids).size, 'no order is there twice').toBe(ids.length);
  const eventIds = stock.map(({ event }) => event.id);
  expect(new Set(eventIds).size, 'no receipt is there twice').toBe(eventIds.length);
  const all = [...orders, ...stock];
  const claimed = new Set<string>();
  for (const { command, outcome } of sent) {
    if (outcome === null || outcome.status === 'refused' || outcome.position === null) continue;
    const { topic, partition, offset } = outcome.position;
    const found = all.find((each) => each.topic === topic && each.partition === partition && each.offset === offset);
    expect(found?.event.at, 'what was acknowledged is where it was said to be').toBe(outcome.at);
    const name = `${topic}/${partition}/${offset}`;
    if (outcome.status === 'accepted') {
      expect(claimed.has(name), 'no event answers two commands').toBe(false);
      claimed.add(name);
    }
    if (found?.event.type === 'OrderPlaced' && command.type === 'PlaceOrder') {
      expect(found.event.orderId).toBe(outcome.id);
      expect(found.event.lines).toMatchObject(command.lines);
    }
  }
  const judged = await openShopIn(world);
  for (const { productId, available } of await judged.catalogue()) {
    let received = 0;
    for (const { event } of stock) {
      if (event.type === 'StockReceived' && event.productId === productId) received += event.quantity;
    }
    expect(received - unitsSold(orders, productId), `${productId} is not oversold`).toBe(available);
    expect(available).toBeGreaterThanOrEqual(0);
  }
  await judged.close();
}

async function live(world: World, seed: number): Promise<readonly Sent[]> {
  const history = await History.begin(world, seed);
  for (let round = 0; round < ROUNDS; round++) await history.round(round);
  await history.end();
  return history.sent;
}

describe.each(WORLDS)('with failing appends, kills and restarts, on $engine', ({ engine, openWorld }) => {
  // The log in memory is for the many; the engine that people run is for a few.
  const seeds = Array.from({ length: engine === 'memory' ? SEEDS : SEEDS_ON_DISK }, (_, index) => index + 1);

  it.each(seeds)('loses nothing, seed %i', async (seed) => {
    const world = await openWorld();
    await judge(world, await live(world, seed));
  });
});

describe('these histories', () => {
  it('have every kind of answer in them', async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 10; seed++) {
      for (const { outcome } of await live(await memoryWorld(), seed))
        seen.add(outcome === null ? 'none' : (verdicts([outcome])[0] ?? ''));
    }
    expect([...seen].sort()).toEqual(['CONFLICT', 'SOLD_OUT', 'accepted', 'duplicate', 'none']);
  });
});

describe('when the log is gone after an append', () => {
  it('does not say that nothing was appended, and goes on when it is back', async () => {
    const world = await memoryWorld();
    let isGone = false;
    const faulty = faultyLog(world.log, ({ index }) => {
      isGone = index === 2;
      return isGone ? 'lost-answer' : null;
    });
    const unavailable = (): Promise<never> => Promise.reject(new ShopError('UNAVAILABLE', 'the log does not answer'));
    const log = { ...faulty, writer: (name: string) => (isGone ? unavailable() : faulty.writer(name)) };
    const shop = await openShopIn(world, { log, retryFirstMs: 0 });
    await shop.submit([listing('P-1'), receipt('P-1', 5)]);
    await shop.submit([order('P-1')]);
    const lost = order('P-1', 4, { key: 'k' });
    await expect(shop.submit([lost])).rejects.toMatchObject({ code: 'UNKNOWN_OUTCOME' });
    await expect(shop.submit([order('P-1')])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    isGone = false;
    expect(verdicts(await shop.submit([order('P-1'), lost]))).toEqual(['SOLD_OUT', 'duplicate']);
    await shop.close();
  });
});

describe('when there is no space', () => {
  it('tells the senders, and goes on when there is', async () => {
    const world = await memoryWorld();
    let full = false;
    const log = faultyLog(world.log, () => (full ? 'storage' : null));
    const shop = await openShopIn(world, { log, retryFirstMs: 0 });
    await shop.submit([listing('P-1'), receipt('P-1', 5)]);
    full = true;
    await expect(shop.submit([order('P-1', 5)])).rejects.toMatchObject({ code: 'STORAGE' });
    await expect(shop.submit([receipt('P-1', 5)])).rejects.toMatchObject({ code: 'STORAGE' });
    full = false;
    expect(verdicts(await shop.submit([order('P-1', 6), order('P-1', 5)]))).toEqual(['SOLD_OUT', 'accepted']);
    await shop.close();
    expect(await ordersIn(world.log)).toHaveLength(1);
  });
});
