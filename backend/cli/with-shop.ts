/**
 * For verbs that write: a shop to talk to, wherever it is. In engines mode and beside an owner of the
 * embedded data that is its endpoint; where nobody owns the data this process does, for as long as it takes,
 * and folds and handles what it writes.
 */
import { caughtUp, endsOf } from '../../projections/caught-up.ts';
import { PROJECTIONS } from '../../projections/index.ts';
import { minorDigits } from '../domain/money.ts';
import { systemClock } from '../ports/clock.ts';
import { isShopError } from '../ports/errors.ts';
import type { Logger } from '../ports/logger.ts';
import { assertZoneOf } from '../reporter/zone.ts';
import type { Shop } from '../shop/commands.ts';
import { openShopClient } from '../shop/endpoint.ts';
import { followedBy } from './collections.ts';
import { connect, isEnginesMode, ownerUrl, type Connection } from './connect.ts';
import { DEFAULT_CURRENCY } from './log-identity.ts';
import { openShopService, startHandling, startProjecting, type Role } from './roles.ts';
import { stopAll } from './run-until.ts';
import type { Settings } from './settings.ts';
import type { Progress } from './terminal.ts';

export interface ShopAccess {
  readonly shop: Shop;
  readonly connection: Connection;
  /**
   * Waits until the read models have everything that was written. False when nothing moves any more: no
   * projector is running.
   */
  readonly settled: (progress: Progress, signal: AbortSignal) => Promise<boolean>;
}

/** Without any progress for so long nobody is folding. */
const STALLED_MS = 10_000;

export interface WithShopOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly currency?: string | null;
  /** Whether what is written goes by the shop's days: then TIME_ZONE must be that of the reports. */
  readonly usesDays: boolean;
}

export async function withShop<T>(options: WithShopOptions, use: (access: ShopAccess) => Promise<T>): Promise<T> {
  const { settings, logger } = options;
  const currency = options.currency ?? settings.currency;
  const url = isEnginesMode(settings) ? settings.shopUrl.href : await ownerUrl(settings);
  // Before a log is looked for, which would make one where there is none.
  if (url !== null) await openShopClient(url).catalogue();
  const connection = await connect(settings, url === null ? 'own' : 'read', logger, currency);
  const roles: Role[] = [];
  try {
    if (options.usesDays) await assertZoneOf(connection.log, settings.timeZone);
    let shop: Shop;
    if (url === null) {
      const context = { settings, connection, logger, clock: systemClock };
      const service = await openShopService(context);
      shop = service;
      roles.push({ name: 'shop', ended: service.ended, stop: () => service.close() });
      roles.push(await startHandling(context), await startProjecting(context, PROJECTIONS));
    } else shop = openShopClient(url);
    return await use({ shop, connection, settled: (progress, signal) => settled(connection, progress, signal) });
  } finally {
    await stopAll(roles, logger);
    await connection.close();
  }
}

/**
 * The unit of the amounts in the log, or of one that would be made now, where there is none. Writes nothing, and refuses
 * what `withShop` would refuse with the same options.
 */
export async function unitOfLog({
  settings,
  logger,
  currency = settings.currency,
  usesDays,
}: WithShopOptions): Promise<Pick<Connection, 'currency' | 'minorDigits'>> {
  if (isEnginesMode(settings)) await openShopClient(settings.shopUrl.href).catalogue();
  try {
    const connection = await connect(settings, 'read', logger, currency);
    try {
      if (usesDays) await assertZoneOf(connection.log, settings.timeZone);
      return connection;
    } finally {
      await connection.close();
    }
  } catch (error) {
    if (isEnginesMode(settings) || !isShopError(error, 'UNAVAILABLE')) throw error;
    const made = currency ?? DEFAULT_CURRENCY;
    return { currency: made, minorDigits: minorDigits(made) };
  }
}

async function settled({ log, models }: Connection, progress: Progress, signal: AbortSignal): Promise<boolean> {
  const topics = PROJECTIONS.flatMap((each) => each.topics);
  // Handling adds to the log while it is being folded: it is settled when the ends stand still.
  for (let before = ''; ;) {
    const ends = await endsOf(log, topics);
    const followed = await followedBy(models, PROJECTIONS);
    let most = 0;
    const reached = await caughtUp({
      models,
      clock: systemClock,
      followed,
      ends,
      signal,
      stalledMs: STALLED_MS,
      onProgress: (behind) => {
        most = Math.max(most, behind);
        progress.update(most - behind, most);
      },
    });
    if (!reached) return false;
    const now = JSON.stringify([...ends]);
    if (now === before) return true;
    before = now;
    await systemClock.until(systemClock.now() + SETTLE_MS, signal);
  }
}

/** Longer than the handler gathers what it appends. */
const SETTLE_MS = 200;
