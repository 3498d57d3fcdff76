/**
 * Projects, takes orders and rebuilds everything again and again, on embedded data, until it is killed. For tests.
 * Its clock runs many times as fast as the machine's, so that the time for which a former generation stays is over
 * soon.
 *
 *     rebuilder.ts DIR ZERO ROUND      ZERO: see fastClock
 *
 * It prints each phase as it begins, `over STATE` at the end of each rebuild, and `idle` when the former generations
 * have been dropped.
 */
import type { Generations } from '../projections/generations.ts';
import { PROJECTIONS } from '../projections/index.ts';
import { openEmbedded } from '../backend/adapters/lmdb/embedded.ts';
import { orderEvents } from '../backend/cli/bench/dataset.ts';
import { encode } from '../backend/events/codec.ts';
import type { OrderId } from '../backend/events/events.ts';
import { isShopError } from '../backend/ports/errors.ts';
import { silentLogger } from '../backend/ports/logger.ts';
import type { ReadModels } from '../backend/ports/read-models.ts';
import { Following } from '../backend/replay/follow.ts';
import { isOver } from '../backend/replay/rebuild.ts';
import { Replays } from '../backend/replay/replays.ts';
import { fastClock, phaseOf } from './rebuilding.ts';

const ORDERS_AT_ONCE = 2;
const PLACE_EVERY_MS = 500;
const LOOK_EVERY_MS = 100;

const [dir = '', zero = '', round = ''] = process.argv.slice(2);
const clock = fastClock(Number(zero));
const print = (text: string): boolean => process.stdout.write(`${text}\n`);
const pause = (ms: number): Promise<void> => clock.until(clock.now() + ms);
let phase = '';

const embedded = await openEmbedded({ dir, logger: silentLogger, mode: 'own' });
const { log } = embedded;
const models = telling(embedded.models);
const base = { log, models, clock, logger: silentLogger, projections: PROJECTIONS };
const following = new Following({ ...base, deadLetters: () => Promise.reject(new Error('nothing is undecodable')) });
await following.start();
const replays = new Replays({ ...base, sole: true, told: () => following.look(), holdMs: 0 });
await replays.open();
replays.resume();
await Promise.all([following.ended, place(), rebuild()]);

/** Tells the phase whenever the pointer has changed. */
function telling(store: ReadModels): ReadModels {
  const putMeta: ReadModels['putMeta'] = async (name, value, previous) => {
    const isPut = await store.putMeta(name, value, previous);
    const now = phaseOf(value as unknown as Generations) ?? 'idle';
    if (isPut && name === 'generations' && now !== phase) print((phase = now));
    return isPut;
  };
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'putMeta') return putMeta;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

async function place(): Promise<void> {
  const events = orderEvents(Number.MAX_SAFE_INTEGER);
  let placed = 0;
  for (;;) {
    const orders = [];
    while (orders.length < ORDERS_AT_ONCE) {
      const next = await events.next();
      if (next.done === true) throw new Error('there are no more orders');
      const orderId = `round-${round}-${placed++}` as OrderId;
      orders.push(encode({ ...next.value, orderId, id: `${orderId}/placed`, at: new Date().toISOString() }));
    }
    await log.append(orders);
    await pause(PLACE_EVERY_MS);
  }
}

async function rebuild(): Promise<void> {
  for (;;) {
    // What was left unfinished is gone on with at first; then this is refused.
    await replays.start('all').catch((error: unknown) => {
      if (!isShopError(error, 'BAD_INPUT')) throw error;
    });
    while (!replays.list().every(isOver)) await pause(LOOK_EVERY_MS);
    print(`over ${[...new Set(replays.list().map(({ state }) => state))].join()}`);
    while (phase !== 'idle') await pause(LOOK_EVERY_MS);
  }
}
