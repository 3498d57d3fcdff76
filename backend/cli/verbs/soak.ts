/** `soak`: a long run that watches memory and how smoothly the Live page runs. Exit code 1 when a goal is missed. */
import { writeFile } from 'node:fs/promises';
import colors from 'picocolors';
import { ShopError } from '../../ports/errors.ts';
import { stopSignal } from '../run-until.ts';
import { missedGoals, renderSoak } from '../soak/report.ts';
import { soak } from '../soak/soak.ts';
import { EXIT_FAILED } from '../terminal.ts';

interface Options {
  readonly seconds: number;
  readonly rate: number;
  readonly url?: string;
  readonly page: boolean;
  readonly json?: string;
}

export async function run({ seconds, rate, url, page, json }: Options): Promise<void> {
  if (url !== undefined && !/^https?:\/\//.test(url)) {
    throw new ShopError('BAD_INPUT', `--url is "${url}", which is no URL such as http://127.0.0.1:4000`);
  }
  process.stderr.write(
    url === undefined ? `Starting a shop with ${rate} orders a second …\n` : `Looking at ${url} …\n`,
  );
  const result = await soak({
    seconds,
    rate,
    url: url ?? null,
    page,
    chromiumPath: process.env['CHROMIUM_PATH'],
    signal: stopSignal(),
    onProgress: (done, note) => process.stderr.write(`  after ${done} of ${seconds} s: ${note}\n`),
  });
  process.stdout.write(`${renderSoak(result)}\n`);
  const missed = missedGoals(result);
  if (json !== undefined) await writeFile(json, `${JSON.stringify({ ...result, missed }, null, 2)}\n`);
  for (const each of missed) process.stdout.write(`${colors.red('missed:')} ${each}\n`);
  if (missed.length === 0) process.stdout.write(`${colors.green('Every goal was met.')}\n`);
  else process.exitCode = EXIT_FAILED;
}
