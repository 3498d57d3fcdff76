/** `verify`: the read models against an independent fold of the log. Exit code 1 when they differ. */
import colors from 'picocolors';
import { localTime } from '../../domain/calendar.ts';
import { systemClock } from '../../ports/clock.ts';
import type { VerifiedProjection } from '../../verify/result.ts';
import { keepVerifying, recordsIn, verifyLive, type LiveOptions, type Round } from '../../verify/rounds.ts';
import type { Verification } from '../../verify/verify.ts';
import { liveCollections } from '../collections.ts';
import { connect } from '../connect.ts';
import { stopSignal } from '../run-until.ts';
import { readSettings, type Settings } from '../settings.ts';
import { createLogger, EXIT_FAILED, progressBar } from '../terminal.ts';

interface Options {
  readonly json: boolean;
  readonly continuous: boolean;
}

/** The least pause between two rounds. */
const PAUSE_MS = 10_000;

export async function run(options: Options): Promise<void> {
  const settings = readSettings(process.env);
  const connection = await connect(settings, 'read', createLogger(settings.logLevel, 'verify'));
  const { log, models } = connection;
  const live = { log, models, collections: () => liveCollections(models), signal: stopSignal() };
  try {
    const ok = options.continuous
      ? await verifyContinuously(live, settings, options.json)
      : await verifyOnce(live, options.json);
    if (!ok) process.exitCode = EXIT_FAILED;
  } finally {
    await connection.close();
  }
}

async function verifyOnce(live: LiveOptions, json: boolean): Promise<boolean> {
  const progress = progressBar('folding the log');
  let result: Verification;
  try {
    result = await verifyLive({ ...live, onProgress: (done, total) => progress.update(done, total) });
  } finally {
    progress.stop();
  }
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : rendered(result));
  return result.ok;
}

/** One line for each round, until Ctrl-C. Whether all were well. */
async function verifyContinuously(
  live: LiveOptions & { readonly signal: AbortSignal },
  settings: Settings,
  json: boolean,
): Promise<boolean> {
  let ok = true;
  await keepVerifying({
    ...live,
    clock: systemClock,
    pauseMs: PAUSE_MS,
    onRound: (round) => {
      ok &&= round.verification.ok;
      const { at, tookMs, verification } = round;
      process.stdout.write(
        json ? `${JSON.stringify({ at, tookMs, ...verification })}\n` : renderedRound(round, settings.timeZone),
      );
    },
    onStill: () => {},
    onTrouble: ({ message }) => process.stderr.write(`${message}; it is tried again\n`),
  });
  return ok;
}

function rendered(result: Verification): string {
  const projections = result.projections.map((projection) => {
    const { name, documents, differenceCount, digest, expectedDigest, positions, ahead } = projection;
    const verdict = differenceCount === 0 ? colors.green('equal') : colors.red(`${differenceCount} differences`);
    const further = ahead === 0 ? '' : `, and ${ahead} documents further on`;
    return [
      `${name.padEnd(14)} ${String(documents).padStart(9)} documents  ${verdict}`,
      `  stored            ${digest}`,
      `  independent fold  ${digest === expectedDigest ? expectedDigest : colors.red(expectedDigest)}`,
      `  ${colors.dim(`up to ${renderedPositions(positions)}${further}`)}`,
      ...renderedDifferences(projection),
    ]
      .map((line) => `${line}\n`)
      .join('');
  });
  const end = result.ok ? 'Every document equals the independent fold.\n' : 'The read models differ from the log.\n';
  return projections.join('') + end;
}

/** "orders 120 118 131": the last offset that is in, partition by partition. */
function renderedPositions(positions: VerifiedProjection['positions']): string {
  const byTopic = new Map<string, number[]>();
  for (const [name, position] of Object.entries(positions)) {
    const [topic = '', partition = ''] = name.split('/');
    const offsets = byTopic.get(topic) ?? [];
    offsets[Number(partition)] = position;
    byTopic.set(topic, offsets);
  }
  return [...byTopic].map(([topic, offsets]) => `${topic} ${offsets.join(' ')}`).join(', ');
}

function renderedDifferences({ differences }: VerifiedProjection): string[] {
  return differences.map(
    ({ id, path, expected, actual }) =>
      `  ${id} ${path}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(actual)}`,
  );
}

function renderedRound({ at, tookMs, verification }: Round, timeZone: string): string {
  const { projections, ok } = verification;
  const documents = projections.reduce((sum, each) => sum + each.documents, 0);
  const differing = projections.filter(({ differenceCount }) => differenceCount > 0);
  const verdict = ok
    ? colors.green('digests equal')
    : colors.red(differing.map(({ name, differenceCount }) => `${name} differs in ${differenceCount}`).join(', '));
  const line = [
    localTime(at, timeZone),
    `${documents} documents`,
    `${recordsIn(verification)} records`,
    verdict,
    `${(tookMs / 1_000).toFixed(1)} s`,
  ].join('  ');
  return [line, ...differing.flatMap(renderedDifferences)].map((each) => `${each}\n`).join('');
}
