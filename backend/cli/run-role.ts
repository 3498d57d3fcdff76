/** Runs one role as a process of its own: connect, start, wait, stop, close. */
import { systemClock } from '../ports/clock.ts';
import { ShopError } from '../ports/errors.ts';
import { assertZoneOf } from '../reporter/zone.ts';
import { connect, isEnginesMode } from './connect.ts';
import type { Role, RoleContext } from './roles.ts';
import { runUntil, stopSignal } from './run-until.ts';
import { readSettings } from './settings.ts';
import { createLogger } from './terminal.ts';

export interface RunRoleOptions {
  /** Whether the role writes or shows anything by the shop's days: then TIME_ZONE must be that of the reports. */
  readonly usesDays?: boolean;
}

export async function runRole(
  name: string,
  doing: string,
  start: (context: RoleContext) => Promise<Role>,
  { usesDays = false }: RunRoleOptions = {},
): Promise<void> {
  const settings = readSettings(process.env);
  if (!isEnginesMode(settings)) {
    throw new ShopError(
      'BAD_INPUT',
      `embedded, every role runs in the one process of "npm start"; to run "${name}" by itself set KAFKA_BROKERS and MONGODB_URI (see npm run engines)`,
    );
  }
  const logger = createLogger(settings.logLevel, name);
  const signal = stopSignal();
  const connection = await connect(settings, 'own', logger);
  try {
    if (usesDays) await assertZoneOf(connection.log, settings.timeZone);
    const role = await start({ settings, connection, logger, clock: systemClock });
    logger.info({ on: connection.description }, `Running: ${doing}. Ctrl-C stops it.`);
    await runUntil(signal, [role], logger);
    logger.info({}, 'Stopped.');
  } finally {
    await connection.close();
  }
}
