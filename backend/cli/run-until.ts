/** Runs roles until Ctrl-C, SIGTERM, or until one of them fails; then stops them in order. */
import { ShopError } from '../ports/errors.ts';
import type { Logger } from '../ports/logger.ts';
import type { Role } from './roles.ts';
import { EXIT_INTERRUPTED } from './terminal.ts';

/** Stopping that takes longer than this is given up: supervisors kill after some time, too. */
const STOP_LIMIT_MS = 15_000;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Aborted by Ctrl-C or SIGTERM. A second signal ends the process at once. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(EXIT_INTERRUPTED);
      controller.abort();
    });
  }
  return controller.signal;
}

/** Resolves when the signal is aborted. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/**
 * Waits until the signal, or until a role ends by itself, and stops the roles one after the other, in the
 * order given. Throws what a role failed with.
 */
export async function runUntil(signal: AbortSignal, roles: readonly Role[], logger: Logger): Promise<void> {
  let failure: unknown;
  try {
    await Promise.race([untilAborted(signal), ...roles.map((role) => role.ended)]);
  } catch (error) {
    failure = error;
  }
  await stopAll(roles, logger);
  if (failure !== undefined) throw failure;
}

export async function stopAll(roles: readonly Role[], logger: Logger): Promise<void> {
  const limit = setTimeout(() => {
    logger.error({}, `Stopping took longer than ${STOP_LIMIT_MS / 1_000} s; giving up. Nothing acknowledged is lost.`);
    process.exit(1);
  }, STOP_LIMIT_MS);
  for (const role of roles) {
    await role.stop().catch((error: unknown) => {
      logger.warn(
        { role: role.name, error: error instanceof ShopError ? error.message : error },
        'It did not stop cleanly.',
      );
    });
  }
  clearTimeout(limit);
}
