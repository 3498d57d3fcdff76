/** `verify`: the read models against an independent fold of the log. Exit code 1 when they differ. */
import { isDeepStrictEqual } from 'node:util';
import colors from 'picocolors';
import { verify, type Verification } from '../../verify/verify.ts';
import { liveCollections } from '../collections.ts';
import { connect, type Connection } from '../connect.ts';
import { stopSignal } from '../run-until.ts';
import { readSettings } from '../settings.ts';
import { createLogger, EXIT_FAILED, progressBar, type Progress } from '../terminal.ts';

export async function run(options: { json: boolean }): Promise<void> {
  const settings = readSettings(process.env);
  const connection = await connect(settings, 'read', createLogger(settings.logLevel, 'verify'));
  const progress = progressBar('folding the log');
  try {
    const result = await verifyLive(connection, progress, stopSignal());
    progress.stop();
    if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
    else {
      for (const { name, documents, differences, differenceCount } of result.projections) {
        const verdict = differenceCount === 0 ? colors.green('equal') : colors.red(`${differenceCount} differences`);
        process.stdout.write(`${name.padEnd(14)} ${String(documents).padStart(9)} documents  ${verdict}\n`);
        for (const { id, path, expected, actual } of differences) {
          process.stdout.write(
            `  ${id} ${path}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(actual)}\n`,
          );
        }
      }
      process.stdout.write(
        result.ok ? 'Every document equals the independent fold.\n' : 'The read models differ from the log.\n',
      );
    }
    if (!result.ok) process.exitCode = EXIT_FAILED;
  } finally {
    progress.stop();
    await connection.close();
  }
}

/** A generation that went out of use on the way may have been dropped before it was looked at: then once more. */
async function verifyLive({ log, models }: Connection, progress: Progress, signal: AbortSignal): Promise<Verification> {
  for (;;) {
    const collections = await liveCollections(models);
    const onProgress = (done: number, total: number): void => progress.update(done, total);
    const result = await verify({ log, models, collections, onProgress, signal });
    if (result.ok || isDeepStrictEqual(collections, await liveCollections(models))) return result;
  }
}
