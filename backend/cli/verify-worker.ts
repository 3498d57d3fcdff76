/**
 * The rounds of verification beside a running shop, in a thread of their own with a connection of their own, so that
 * the shop's event loop never waits for them. Started by verifying.ts.
 */
import os from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../ports/clock.ts';
import { keepVerifying } from '../verify/rounds.ts';
import { liveCollections } from './collections.ts';
import { connect } from './connect.ts';
import { createLogger } from './terminal.ts';
import type { FromWorker, WorkerTask } from './verifying.ts';

/** On Linux threads have a niceness each: who serves goes first. */
const NICENESS = 10;
/** A long log takes more passes, and the shop's process little more memory. */
const FOLDED_AT_ONCE_MAX = 400_000;

const { settings, pauseMs } = workerData as WorkerTask;
const port = parentPort;
if (port === null) throw new Error('this runs in a worker thread only');
const tell = (message: FromWorker): void => port.postMessage(message);
const stop = new AbortController();
port.once('message', () => stop.abort());

if (os.platform() === 'linux') os.setPriority(0, NICENESS);
const logger = createLogger(settings.logLevel, 'verify');
const connection = await connect({ ...settings, shopUrl: new URL(settings.shopUrl) }, 'read', logger);
try {
  const { log, models } = connection;
  await keepVerifying({
    log,
    models,
    clock: systemClock,
    collections: () => liveCollections(models),
    pauseMs,
    foldedAtOnceMax: FOLDED_AT_ONCE_MAX,
    signal: stop.signal,
    onRound: (round) => tell({ kind: 'round', round }),
    onStill: () => tell({ kind: 'still' }),
    onTrouble: ({ message }) => logger.warn({ cause: message }, 'The read models could not be verified; trying again.'),
  });
} finally {
  await connection.close();
  port.close();
}
