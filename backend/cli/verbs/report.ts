/** `report`: waits for midnight and writes daily reports, writes one by hand, or restates all in another time zone. */
import { PROJECTIONS } from '../../../projections/index.ts';
import { systemClock } from '../../ports/clock.ts';
import { ShopError } from '../../ports/errors.ts';
import { issueReport } from '../../reporter/reporter.ts';
import { rezoneReports } from '../../reporter/rezone.ts';
import { assertZoneOf } from '../../reporter/zone.ts';
import { connect, isEnginesMode, ownerUrl, type Connection } from '../connect.ts';
import { reporterOptions, startProjecting, startReporting, type Role, type RoleContext } from '../roles.ts';
import { runRole } from '../run-role.ts';
import { stopAll, stopSignal } from '../run-until.ts';
import { readSettings, type Settings } from '../settings.ts';
import { createLogger, progressBar } from '../terminal.ts';

export async function run({ day, rezone }: { day?: string; rezone: boolean }): Promise<void> {
  if (day !== undefined && rezone) throw new ShopError('BAD_INPUT', 'give either --day or --rezone');
  if (day === undefined && !rezone) {
    await runRole('report', 'writing a report for each day as it ends', startReporting, { usesDays: true });
    return;
  }
  const settings = readSettings(process.env);
  const owner = isEnginesMode(settings) ? null : await ownerUrl(settings);
  if (day !== undefined) {
    await (owner === null ? writeOne(day, settings) : askOwner(owner, day, settings));
    return;
  }
  if (owner !== null) {
    throw new ShopError('BAD_INPUT', 'the shop is running: stop it, restate the reports, and start it again');
  }
  await restateAll(settings);
}

async function writeOne(day: string, settings: Settings): Promise<void> {
  const check = ({ log }: Connection): Promise<void> => assertZoneOf(log, settings.timeZone);
  await withReporting(settings, check, async (context) => {
    const { files } = await issueReport(day, reporterOptions(context));
    process.stdout.write(`${files.join('\n')}\n`);
  });
}

async function restateAll(settings: Settings): Promise<void> {
  const { timeZone } = settings;
  const signal = stopSignal();
  await withReporting(settings, null, async (context) => {
    const bar = progressBar('restating');
    const onProgress = (done: number, total: number): void => bar.update(done, total);
    const { days, restated, complete } = await rezoneReports(reporterOptions(context), { signal, onProgress }).finally(
      () => bar.stop(),
    );
    if (!complete) throw new ShopError('CLOSED', 'stopped before the end; the same command goes on with the rest');
    process.stdout.write(
      days === 0 ? 'There are no reports yet.\n' : `${days} reports are in ${timeZone}; ${restated} were restated.\n`,
    );
  });
}

async function withReporting(
  settings: Settings,
  check: ((connection: Connection) => Promise<void>) | null,
  act: (context: RoleContext) => Promise<void>,
): Promise<void> {
  const logger = createLogger('warn', 'report');
  const connection = await connect(settings, 'own', logger);
  const context: RoleContext = { settings, connection, logger, clock: systemClock };
  const roles: Role[] = [];
  try {
    await check?.(connection);
    // Nobody else folds the embedded data now.
    if (connection.mode === 'embedded') roles.push(await startProjecting(context, PROJECTIONS));
    await act(context);
  } finally {
    await stopAll(roles, logger);
    await connection.close();
  }
}

/** Only the owner of the embedded data writes to it. */
async function askOwner(url: string, day: string, settings: Settings): Promise<void> {
  const connection = await connect(settings, 'read', createLogger('warn', 'report'));
  await assertZoneOf(connection.log, settings.timeZone).finally(() => connection.close());
  const response = await fetch(new URL(`/reports/${day}`, url), { method: 'POST' });
  const body = (await response.json()) as { files?: string[]; error?: string };
  if (!response.ok)
    throw new ShopError(
      response.status === 400 ? 'BAD_INPUT' : 'UNAVAILABLE',
      body.error ?? 'the shop could not write the report',
    );
  process.stdout.write(`${(body.files ?? []).join('\n')}\n`);
}
