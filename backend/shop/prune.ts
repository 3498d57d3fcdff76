/** Keeps what the shop remembers of its latest orders and receipts as short as the read models allow. */
import { setTimeout as pause } from 'node:timers/promises';
import { partitionOf } from '../events/topics.ts';
import { ShopError } from '../ports/errors.ts';
import type { Checkpoint } from '../ports/read-models.ts';
import { isRefused, type Item } from './batch.ts';
import { PROJECTION_WAIT_MAX_MS, PRUNE_INTERVAL_MS, RECENT_WORTH_PRUNING } from './limits.ts';
import { namesIn, type Loaded, type LoadOptions } from './load.ts';
import { positionsOf } from './positions.ts';

const POLL_MS = 50;

export class Pruner {
  readonly #options: LoadOptions;
  /** By the machine's own running time, in ms: how often an engine is asked is no matter of the shop's clock. */
  #lookedAt = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  /**
   * Forgets what the read models have by now. When orders had to be forgotten before the read model had them, a
   * repeatable order waits here until it has; resolves to an error when that takes too long.
   */
  async catchUp(known: Loaded, items: readonly Item[]): Promise<ShopError | null> {
    known.orders.shrink();
    known.receipts.shrink();
    const remembered = known.orders.size + known.receipts.size;
    if (remembered > RECENT_WORTH_PRUNING && performance.now() - this.#lookedAt > PRUNE_INTERVAL_MS) {
      await this.#prune(known);
    }
    if (!isBlocked(known, items)) return null;
    this.#options.logger.warn({ remembered }, 'The read models are far behind; repeatable commands wait for them.');
    const { projectionWaitMaxMs = PROJECTION_WAIT_MAX_MS } = this.#options;
    const deadline = performance.now() + projectionWaitMaxMs;
    for (;;) {
      await this.#prune(known);
      if (!isBlocked(known, items)) return null;
      if (performance.now() > deadline) return tooFarBehind();
      await pause(POLL_MS);
    }
  }

  async #prune(known: Loaded): Promise<void> {
    const { models, collections } = this.#options;
    const { orders, stock } = namesIn(await collections());
    const checkpoints = await models.checkpoints([orders, stock]);
    const of = (collection: string): Checkpoint[] => checkpoints.filter((each) => each.collection === collection);
    known.orders.prune(positionsOf(of(orders), 'orders'));
    known.receipts.prune(positionsOf(of(stock), 'stock'));
    this.#lookedAt = performance.now();
  }
}

function tooFarBehind(): ShopError {
  return new ShopError(
    'UNAVAILABLE',
    'the read models are so far behind that the shop cannot tell whether an order was placed before; ' +
      'start npm run project, or wait until it has caught up',
  );
}

/** Whether one of the items might be known to the log, and neither to memory nor to the read model. */
function isBlocked({ orders, receipts }: Loaded, items: readonly Item[]): boolean {
  if (!orders.hasGaps && !receipts.hasGaps) return false;
  return items.some(({ ready, outcome }) => {
    if (outcome !== null || isRefused(ready) || !ready.repeatable) return false;
    return ready.command.type === 'PlaceOrder' ? orders.missing(partitionOf(ready.id)) : receipts.hasGaps;
  });
}
