import { afterEach, describe, expect, it } from 'vitest';
import { MemoryLog } from '../adapters/memory/memory-log.ts';
import { MemoryStore } from '../adapters/memory/memory-store.ts';
import { ManualClock } from '../ports/clock.ts';
import { silentLogger } from '../ports/logger.ts';
import type { SimulatorSettings } from './live.ts';
import { changeConfiguration, DEFAULT_CONFIGURATION, followConfiguration, readConfiguration } from './settings.ts';

const NOW = '2026-11-22T14:00:00.000Z';

let unfollow: (() => Promise<void>) | null = null;
afterEach(async () => unfollow?.());

async function stage() {
  const log = new MemoryLog(new MemoryStore(1));
  await log.ensureTopics();
  return { log, clock: new ManualClock(NOW) };
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
};

describe("the simulator's settings", () => {
  it('are what the log said last; what was not said stays', async () => {
    const { log, clock } = await stage();
    expect(await readConfiguration(log)).toBeNull();
    await changeConfiguration(log, clock, { ordersPerSecond: 7, handling: { chance: 0.5 } });
    await changeConfiguration(log, clock, { paused: true });
    expect(await readConfiguration(log)).toEqual({
      at: NOW,
      configuration: {
        ordersPerSecond: 7,
        handling: { ...DEFAULT_CONFIGURATION.handling, chance: 0.5 },
        paused: true,
        burst: null,
      },
    });
  });

  it.each([
    { ordersPerSecond: -1 },
    { ordersPerSecond: Number.NaN },
    { handling: { chance: 1.1 } },
    { handling: { delayMs: -1 } },
    { handling: { attempts: 0 } },
    { burst: { ordersPerSecond: 5, seconds: 0 } },
    { burst: { ordersPerSecond: 1e9, seconds: 5 } },
  ])('refuse %j and stay as they are', async (change) => {
    const { log, clock } = await stage();
    await expect(changeConfiguration(log, clock, change)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect(await readConfiguration(log)).toBeNull();
  });

  it('reach the simulator, which comes back from a burst by itself', async () => {
    const { log, clock } = await stage();
    const seen: SimulatorSettings[] = [];
    const simulator = { configure: (settings: SimulatorSettings) => void seen.push(settings) };
    const options = { log, clock, logger: silentLogger, simulator, initial: DEFAULT_CONFIGURATION, group: 'own' };
    unfollow = await followConfiguration(options);
    const last = async (): Promise<SimulatorSettings | undefined> => {
      await settled();
      return seen.at(-1);
    };
    expect(await last()).toMatchObject({ ratePerSecond: 2, paused: false });
    await changeConfiguration(log, clock, { ordersPerSecond: 9, burst: { ordersPerSecond: 300, seconds: 10 } });
    expect(await last()).toMatchObject({ ratePerSecond: 300, flat: true });
    clock.advance(9_000);
    expect(await last()).toMatchObject({ ratePerSecond: 300, flat: true });
    clock.advance(1_000);
    expect(await last()).toMatchObject({ ratePerSecond: 9, flat: null });
    await changeConfiguration(log, clock, { paused: true });
    expect(await last()).toMatchObject({ ratePerSecond: 9, paused: true });
  });
});
