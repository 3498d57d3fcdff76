import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MemoryModels, MemoryStore } from '../../projections/model/memory-models.ts';
import { systemClock } from '../ports/clock.ts';
import type { Flush, FlushOutcome, ReadModels } from '../ports/read-models.ts';
import { HeldModels, withFlush } from './hold.ts';

const flushOf = (collection: string, previous: number, position: number): Flush => ({
  collection,
  topic: 'orders',
  partition: 0,
  documents: [],
  parts: [],
  previous,
  position,
});

function heldModels(leader: { of: string | null }, models: ReadModels = new MemoryModels(new MemoryStore())) {
  const stopping = new AbortController();
  const held = new HeldModels({
    models,
    clock: systemClock,
    fresh: () => Promise.resolve(),
    leaderOf: (collection) => (collection === 'live' ? leader.of : null),
    stopping: stopping.signal,
  });
  const at = async (collection: string): Promise<number> => (await models.checkpoints([collection]))[0]?.position ?? -1;
  return { held, models, stopping, at };
}

/** Long enough for whatever does not wait to be done. */
async function aWhile(): Promise<void> {
  await systemClock.until(systemClock.now() + 30);
}

describe('a generation that is held behind another one', () => {
  it('stores a position when the other one has stored it, and not before', async () => {
    const { held, models, at } = heldModels({ of: 'next' });
    await models.flush([flushOf('next', -1, 4)]);
    const storing = held.models.flush([flushOf('live', -1, 5)]);
    await aWhile();
    expect(await at('live')).toBe(-1);
    await models.flush([flushOf('next', 4, 5)]);
    expect(await storing).toEqual(['stored']);
    expect(await at('live')).toBe(5);
  });

  it('goes on at once when it is no longer held', async () => {
    const leader: { of: string | null } = { of: 'next' };
    const { held, at } = heldModels(leader);
    const storing = held.models.flush([flushOf('live', -1, 5)]);
    await aWhile();
    expect(await at('live')).toBe(-1);
    leader.of = null;
    expect(await storing).toEqual(['stored']);
  });

  it('does not store what was held when the projector stops, but the rest', async () => {
    const { held, stopping, at } = heldModels({ of: 'next' });
    const storing = held.models.flush([flushOf('live', -1, 5), flushOf('other', -1, 7)]);
    await aWhile();
    stopping.abort();
    expect(await storing).toEqual(['rejected', 'stored']);
    expect([await at('live'), await at('other')]).toEqual([-1, 7]);
  });

  it('is looked at again when that changes while the positions are read', async () => {
    const leader: { of: string | null } = { of: 'first' };
    const store = new MemoryModels(new MemoryStore());
    await store.flush([flushOf('first', -1, 9)]);
    const reading = new Proxy(store, {
      get: (target, name) => {
        // By the time that the first leader's positions are known, there is another one.
        if (name === 'checkpoints') leader.of = 'second';
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    const { held } = heldModels(leader, reading);
    const storing = held.models.flush([flushOf('live', -1, 5)]);
    await aWhile();
    expect(await store.checkpoints(['live'])).toEqual([]);
    await store.flush([flushOf('second', -1, 5)]);
    expect(await storing).toEqual(['stored']);
  });

  it('has settled when what was on its way before has been stored', async () => {
    const store = new MemoryModels(new MemoryStore());
    let release: () => void = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const slow = withFlush(store, async (flushes): Promise<FlushOutcome[]> => {
      await gate;
      return store.flush(flushes);
    });
    const { held } = heldModels({ of: null }, slow);
    const storing = held.models.flush([flushOf('live', -1, 5)]);
    await turn();
    let settled = false;
    const settling = held.settled().then(() => (settled = true));
    await aWhile();
    expect(settled).toBe(false);
    release();
    await settling;
    expect(await storing).toEqual(['stored']);
  });
});
