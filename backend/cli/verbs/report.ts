/** `report`: waits for midnight and writes daily reports, or writes one by hand. */
import { PROJECTIONS } from '../../../projections/index.ts';
import { systemClock } from '../../ports/clock.ts';
import { ShopError } from '../../ports/errors.ts';
import { issueReport } from '../../reporter/reporter.ts';
import { connect, isEnginesMode, ownerUrl } from '../connect.ts';
import { reporterOptions, startProjecting, startReporting, type Role, type RoleContext } from '../roles.ts';
import { runRole } from '../run-role.ts';
import { stopAll } from '../run-until.ts';
import { readSettings } from '../settings.ts';
import { createLogger } from '../terminal.ts';

export async function run(options: { day?: string }): Promise<void> {
  if (options.day === undefined) {
    await runRole('report', 'writing a report for each day as it ends', startReporting);
    return;
  }
  const settings = readSettings(process.env);
  const logger = createLogger('warn', 'report');
  const owner = isEnginesMode(settings) ? null : await ownerUrl(settings);
  if (owner !== null) {
    await askOwner(owner, options.day);
    return;
  }
  const connection = await connect(settings, 'own', logger);
  const context: RoleContext = { settings, connection, logger, clock: systemClock };
  const roles: Role[] = [];
  try {
    // Nobody else folds the embedded data now.
    if (connection.mode === 'embedded') roles.push(await startProjecting(context, PROJECTIONS));
    const { files } = await issueReport(options.day, reporterOptions(context));
    process.stdout.write(`${files.join('\n')}\n`);
  } finally {
    await stopAll(roles, logger);
    await connection.close();
  }
}

/** Only the owner of the embedded data writes to it. */
async function askOwner(url: string, day: string): Promise<void> {
  const response = await fetch(new URL(`/reports/${day}`, url), { method: 'POST' });
  const body = (await response.json()) as { files?: string[]; error?: string };
  if (!response.ok)
    throw new ShopError(
      response.status === 400 ? 'BAD_INPUT' : 'UNAVAILABLE',
      body.error ?? 'the shop could not write the report',
    );
  process.stdout.write(`${(body.files ?? []).join('\n')}\n`);
}
