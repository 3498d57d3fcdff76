/**
 * The simulator's settings: events in the log, so that whoever asks and whoever simulates agree, in one process or
 * in many. The last one counts.
 */
import { randomUUID } from 'node:crypto';
import { encode } from '../events/codec.ts';
import type { HandlingPolicy, SimulatorConfigured } from '../events/events.ts';
import { eventsIn } from '../events/record.ts';
import type { Clock } from '../ports/clock.ts';
import { ShopError } from '../ports/errors.ts';
import type { Batch, EventLog } from '../ports/event-log.ts';
import type { Logger } from '../ports/logger.ts';
import { eventsOf } from '../ports/read-events.ts';
import type { Simulator } from './live.ts';

export interface SimulatorConfiguration {
  /** On the average of a day. */
  readonly ordersPerSecond: number;
  readonly handling: HandlingPolicy;
  readonly paused: boolean;
  /** `until` is ISO 8601. */
  readonly burst: { readonly ordersPerSecond: number; readonly until: string } | null;
}

/** What is absent stays as it is. */
export interface ConfigurationChange {
  readonly ordersPerSecond?: number;
  readonly handling?: Partial<HandlingPolicy>;
  readonly paused?: boolean;
  readonly burst?: { readonly ordersPerSecond: number; readonly seconds: number };
}

export const DEFAULT_CONFIGURATION: SimulatorConfiguration = {
  ordersPerSecond: 2,
  handling: { chance: 0.8, delayMs: 120_000, attempts: 1 },
  paused: false,
  burst: null,
};

const ORDERS_PER_SECOND_MAX = 10_000;
const BURST_SECONDS_MAX = 3_600;
const DELAY_MS_MAX = 31_536_000_000;
const ATTEMPTS_MAX = 1_000;

/** The last configuration in the log, and when it was made; null when there is none. Rejects with UNAVAILABLE. */
export async function readConfiguration(
  log: EventLog,
): Promise<{ readonly at: string; readonly configuration: SimulatorConfiguration } | null> {
  let last: SimulatorConfigured | null = null;
  for await (const { event } of eventsOf(log, 'settings')) if (event.type === 'SimulatorConfigured') last = event;
  return last === null ? null : { at: last.at, configuration: configurationOf(last) };
}

/** Writes a changed configuration. Throws BAD_INPUT, naming what cannot be. */
export async function changeConfiguration(
  log: EventLog,
  clock: Clock,
  change: ConfigurationChange,
): Promise<{ readonly at: string; readonly configuration: SimulatorConfiguration }> {
  const present = (await readConfiguration(log))?.configuration ?? DEFAULT_CONFIGURATION;
  const configuration = changed(present, change, clock.now());
  return { at: await writeConfiguration(log, clock, configuration), configuration };
}

/** Writes a configuration as it is; resolves to its instant. */
export async function writeConfiguration(
  log: EventLog,
  clock: Clock,
  configuration: SimulatorConfiguration,
): Promise<string> {
  const { burst, ...rest } = configuration;
  const at = new Date(clock.now()).toISOString();
  const event: SimulatorConfigured = {
    type: 'SimulatorConfigured',
    version: 1,
    id: randomUUID(),
    at,
    source: 'live',
    ...rest,
    ...(burst === null ? {} : { burst }),
  };
  await log.append([encode(event)]);
  return at;
}

function changed(
  present: SimulatorConfiguration,
  { ordersPerSecond, handling, paused, burst }: ConfigurationChange,
  now: number,
): SimulatorConfiguration {
  const policy = { ...present.handling, ...handling };
  within('ordersPerSecond', ordersPerSecond ?? 0, 0, ORDERS_PER_SECOND_MAX);
  within('chance', policy.chance, 0, 1);
  within('delayMs', policy.delayMs, 0, DELAY_MS_MAX);
  within('attempts', policy.attempts, 1, ATTEMPTS_MAX);
  if (burst !== undefined) {
    within('ordersPerSecond of the burst', burst.ordersPerSecond, 0, ORDERS_PER_SECOND_MAX);
    within('seconds of the burst', burst.seconds, 1, BURST_SECONDS_MAX);
  }
  const until = (seconds: number): string => new Date(now + seconds * 1_000).toISOString();
  return {
    ordersPerSecond: ordersPerSecond ?? present.ordersPerSecond,
    handling: policy,
    paused: paused ?? present.paused,
    burst:
      burst === undefined ? present.burst : { ordersPerSecond: burst.ordersPerSecond, until: until(burst.seconds) },
  };
}

function within(name: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  throw new ShopError('BAD_INPUT', `${name} is ${value}; it must be from ${least} to ${most}`);
}

export interface FollowConfigurationOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly simulator: Pick<Simulator, 'configure'>;
  readonly initial: SimulatorConfiguration;
  /** A consumer group of this process alone. */
  readonly group: string;
}

/** Keeps a simulator as it is configured in the log. Resolves to what ends that. */
export async function followConfiguration(options: FollowConfigurationOptions): Promise<() => Promise<void>> {
  const { log, clock, logger, simulator, group } = options;
  const stopping = new AbortController();
  let present = options.initial;
  let timer = new AbortController();
  const apply = (): void => {
    timer.abort();
    const { ordersPerSecond, burst, handling, paused } = present;
    const left = burst === null ? 0 : Date.parse(burst.until) - clock.now();
    const bursting = burst !== null && left > 0;
    // A burst is what it says at any time of day: an advertisement at night brings as many as one at noon.
    simulator.configure({
      ratePerSecond: bursting ? burst.ordersPerSecond : ordersPerSecond,
      handling,
      paused,
      flat: bursting ? true : null,
    });
    if (!bursting) return;
    const own = (timer = new AbortController());
    const signal = AbortSignal.any([own.signal, stopping.signal]);
    void clock.until(Date.parse(burst.until), signal).then(() => {
      if (!signal.aborted) apply();
    });
  };
  apply();
  const subscription = await log.subscribe({
    group,
    topics: ['settings'],
    // The topic is short, and what was configured while the subscription began must not be missed.
    assigned: async ({ partition }) => (await log.bounds('settings'))[partition]?.low ?? 0,
    revoked: () => {},
    batch: (batch) => {
      const last = lastConfigured(batch);
      if (last !== null) {
        present = configurationOf(last);
        logger.debug({ configuration: present }, 'The simulator was configured.');
        apply();
      }
      return Promise.resolve();
    },
  });
  subscription.ended.catch((error: unknown) =>
    logger.warn({ error }, 'The simulator goes on as it is: its settings can no longer be followed.'),
  );
  return async () => {
    stopping.abort();
    await subscription.stop();
  };
}

function lastConfigured(batch: Batch): SimulatorConfigured | null {
  const events = eventsIn(batch).map(({ event }) => event);
  return events.findLast((event) => event.type === 'SimulatorConfigured') ?? null;
}

function configurationOf({ ordersPerSecond, handling, paused, burst }: SimulatorConfigured): SimulatorConfiguration {
  return { ordersPerSecond, handling, paused, burst: burst ?? null };
}
