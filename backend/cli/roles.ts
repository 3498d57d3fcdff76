/** The roles: what runs for long, in one process or in many. */
import path from 'node:path';
import type { FastifyPluginAsync } from 'fastify';
import { PROJECTIONS } from '../../projections/index.ts';
import type { Projection } from '../../projections/projection.ts';
import { recordDeadLetters } from '../dead-letters/dead-letters.ts';
import type { HandlingPolicy } from '../events/events.ts';
import { startHandler } from '../handler/handler.ts';
import { clearFailure, noteFailure } from '../live/failures.ts';
import { startMailer } from '../mailer/mailer.ts';
import type { Clock } from '../ports/clock.ts';
import { ShopError } from '../ports/errors.ts';
import type { Logger } from '../ports/logger.ts';
import { Following, type FollowOptions } from '../replay/follow.ts';
import { Replays } from '../replay/replays.ts';
import { startReporter, type Reporter, type ReporterOptions } from '../reporter/reporter.ts';
import type { Shop } from '../shop/commands.ts';
import { startShopServer } from '../shop/endpoint.ts';
import { openShop, type ShopService } from '../shop/shop.ts';
import { loadCatalogue } from '../simulator/catalogue.ts';
import { startSimulator } from '../simulator/live.ts';
import {
  followConfiguration,
  readConfiguration,
  writeConfiguration,
  type SimulatorConfiguration,
} from '../simulator/settings.ts';
import { followedBy, liveCollections, rememberedCollections } from './collections.ts';
import { ownGroup, type Connection } from './connect.ts';
import type { Settings } from './settings.ts';

/** Something that runs until it is stopped, or fails. */
export interface Role {
  readonly name: string;
  /** Resolves after stop(); rejects when it can't go on. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export interface RoleContext {
  readonly settings: Settings;
  readonly connection: Connection;
  readonly logger: Logger;
  /** The time that orders bear, days end by and figures are of. */
  readonly clock: Clock;
}

/** Picks projections by name; all of them without names. Throws BAD_INPUT, naming what there is. */
export function projectionsNamed(names: readonly string[]): readonly Projection[] {
  if (names.length === 0) return PROJECTIONS;
  return [...new Set(names)].map((name) => {
    const found = PROJECTIONS.find((each) => each.name === name);
    if (found !== undefined) return found;
    const known = PROJECTIONS.map((each) => each.name).join(', ');
    throw new ShopError('BAD_INPUT', `there is no projection "${name}"; there are ${known}`);
  });
}

export interface Projecting extends Role {
  readonly following: Following;
}

/**
 * Folds the projections: the statistics share one reading of the log, the orders (one document for each) have
 * their own, so that they never hold the statistics up. What is being rebuilt is folded beside.
 */
export async function startProjecting(
  { connection, logger, clock }: RoleContext,
  projections: readonly Projection[],
): Promise<Projecting> {
  const { log, models } = connection;
  const deadLetters: FollowOptions['deadLetters'] = (records) => recordDeadLetters(log, records);
  const following = new Following({
    log,
    models,
    clock,
    logger,
    projections,
    deadLetters,
    announce: (updates) => connection.announcements.announce(updates),
    failed: ({ collection, error }) => {
      noteFailure(models, collection, error.message).catch((cause: unknown) =>
        logger.warn({ cause, collection }, 'The read models could not be told that this projection has stopped.'),
      );
    },
  });
  try {
    // Whoever starts anew tries again; what cannot be folded is found out at once.
    for (const { collection } of await followedBy(models, projections)) await clearFailure(models, collection);
    await following.start();
  } catch (error) {
    await following.stop();
    throw error;
  }
  return { name: 'project', following, ended: following.ended, stop: () => following.stop() };
}

/**
 * The rebuilds of projections, as this process sees and starts them. `projecting` is told at once of what it has to
 * fold; without it, whoever projects elsewhere finds out within a second.
 */
export async function openReplays(
  { connection, logger, clock }: RoleContext,
  projecting: Projecting | null,
): Promise<Replays> {
  const { log, models, mode } = connection;
  // Embedded, the owner is the only one who projects.
  const sole = mode === 'embedded';
  const told = async (): Promise<void> => projecting?.following.look();
  const hold = sole && projecting !== null ? { holdMs: 0 } : {};
  const replays = new Replays({ log, models, clock, logger, projections: PROJECTIONS, sole, told, ...hold });
  await replays.open();
  return replays;
}

/** Projects, and goes on with rebuilds that were left unfinished. */
export async function startProjectingAndRebuilding(
  context: RoleContext,
  projections: readonly Projection[],
): Promise<Projecting & { readonly replays: Replays }> {
  const projecting = await startProjecting(context, projections);
  try {
    const replays = await openReplays(context, projecting);
    replays.resume();
    const stop = async (): Promise<void> => {
      await replays.stop();
      await projecting.stop();
    };
    return { ...projecting, replays, stop };
  } catch (error) {
    await projecting.stop();
    throw error;
  }
}

export interface RunningShop extends Role {
  readonly shop: ShopService;
  readonly url: string;
}

/** The shop and its endpoint. */
export async function startShop(
  context: RoleContext,
  at: { readonly host: string; readonly port: number },
  extraRoutes?: FastifyPluginAsync,
): Promise<RunningShop> {
  const { connection, logger } = context;
  const shop = await openShopService(context);
  try {
    const extra = extraRoutes === undefined ? {} : { extraRoutes };
    const server = await startShopServer({ shop, ...at, logger, ...extra });
    await connection.announce(server.url);
    return {
      name: 'shop',
      shop,
      url: server.url,
      ended: shop.ended,
      stop: async () => {
        await server.close();
        await shop.close();
      },
    };
  } catch (error) {
    await shop.close();
    throw error;
  }
}

export function openShopService({ connection, logger, clock }: RoleContext): Promise<ShopService> {
  return openShop({
    log: connection.log,
    models: connection.models,
    clock,
    logger,
    currency: connection.currency,
    collections: rememberedCollections(connection.models, clock),
  });
}

export async function startHandling({ connection, logger, clock }: RoleContext): Promise<Role> {
  const handler = await startHandler({ log: connection.log, models: connection.models, clock, logger });
  return { name: 'handle', ended: handler.ended, stop: () => handler.stop() };
}

export async function startMailing(
  { connection, logger, settings, clock }: RoleContext,
  mailHistory: boolean,
): Promise<Role> {
  const mailer = await startMailer({
    log: connection.log,
    models: connection.models,
    clock,
    logger,
    mailbox: settings.mailboxDir,
    timeZone: settings.timeZone,
    minorDigits: connection.minorDigits,
    mailHistory,
    ...(settings.smtpUrl === null ? {} : { smtpUrl: settings.smtpUrl }),
  });
  return { name: 'mail', ended: mailer.ended, stop: () => mailer.stop() };
}

export interface RunningReporter extends Role {
  readonly reporter: Reporter;
}

export async function startReporting(context: RoleContext): Promise<RunningReporter> {
  const reporter = await startReporter(reporterOptions(context));
  return { name: 'report', reporter, ended: reporter.ended, stop: () => reporter.stop() };
}

export function reporterOptions({ connection, logger, settings, clock }: RoleContext): ReporterOptions {
  return {
    log: connection.log,
    models: connection.models,
    clock,
    logger,
    timeZone: settings.timeZone,
    collections: () => liveCollections(connection.models),
    reportsDir: settings.reportsDir,
    graceMs: settings.reportGraceMs,
    currency: connection.currency,
    minorDigits: connection.minorDigits,
  };
}

export interface SimulatorChoice {
  /** Orders a second, on the average of a day. */
  readonly rate: number;
  readonly handling: HandlingPolicy;
  readonly seed: number;
  /** The same rate at any time of day. */
  readonly flat: boolean;
  readonly catalogue: string | null;
  /**
   * `own`: as told here, whatever the log says. `told`: what is told here goes into the log, and is followed there
   * from then on. `known`: what is in the log goes before what is told here.
   */
  readonly configuration: 'own' | 'told' | 'known';
}

export async function startSimulating(context: RoleContext, shop: Shop, choice: SimulatorChoice): Promise<Role> {
  const { connection, logger, settings, clock } = context;
  const { log } = connection;
  const simulator = startSimulator({
    shop,
    clock,
    logger,
    catalogue: await catalogueAt(choice.catalogue),
    currency: connection.currency,
    seed: choice.seed,
    ratePerSecond: choice.rate,
    timeZone: settings.timeZone,
    handling: choice.handling,
    flat: choice.flat,
    // Nobody comes before it is known how many.
    paused: choice.configuration !== 'own',
  });
  const role = { name: 'simulate', ended: simulator.ended };
  if (choice.configuration === 'own') return { ...role, stop: () => simulator.stop() };
  try {
    const initial = await configurationFor(context, choice);
    const unfollow = await followConfiguration({
      log,
      clock,
      logger,
      simulator,
      initial,
      group: ownGroup('simulator'),
    });
    const stop = async (): Promise<void> => {
      await unfollow();
      await simulator.stop();
    };
    return { ...role, stop };
  } catch (error) {
    await simulator.stop();
    throw error;
  }
}

/** What the simulator begins with. The log has it by then, so that whoever asks is told the truth. */
async function configurationFor(
  { connection: { log }, clock }: RoleContext,
  { rate, handling, configuration }: SimulatorChoice,
): Promise<SimulatorConfiguration> {
  const known = (await readConfiguration(log))?.configuration ?? null;
  if (known !== null && configuration === 'known') return known;
  const told = { ordersPerSecond: rate, handling, paused: false, burst: null };
  await writeConfiguration(log, clock, told);
  return told;
}

export function catalogueAt(file: string | null): ReturnType<typeof loadCatalogue> {
  return file === null ? loadCatalogue() : loadCatalogue(path.resolve(file));
}

/** The port of the shop's endpoint: as told, or that of SHOP_URL. */
export function shopPort(settings: Settings, told: number | undefined): number {
  if (told !== undefined) return told;
  if (settings.shopUrl.port !== '') return Number(settings.shopUrl.port);
  return settings.shopUrl.protocol === 'https:' ? 443 : 80;
}
