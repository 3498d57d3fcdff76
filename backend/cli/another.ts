/** How this program starts another process of itself, wherever it was called from. */
import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

/**
 * What node is called with. The same room for young objects as the program has: batches live just long enough to be
 * copied often. `tsx` by its address, for a bare name would be looked for in the working folder.
 */
export const NODE_OPTIONS: readonly string[] = ['--max-semi-space-size=64', '--import', import.meta.resolve('tsx')];

/** Settings by which everything that a shop keeps is in this folder. */
export function foldersIn(dir: string): Record<'DATA_DIR' | 'REPORTS_DIR' | 'MAILBOX_DIR', string> {
  return {
    DATA_DIR: path.join(dir, 'data'),
    REPORTS_DIR: path.join(dir, 'reports'),
    MAILBOX_DIR: path.join(dir, 'mailbox'),
  };
}

/** Whatever ends this process, the other does not go on. Returns what takes that back. */
export function killedAtExit(child: ChildProcess): () => void {
  const last = (): void => {
    child.kill('SIGKILL');
  };
  // Before its folder is removed.
  process.prependOnceListener('exit', last);
  return () => process.off('exit', last);
}

/** Whatever ends this process, the folder does not stay. Returns what takes that back. */
export function removedAtExit(dir: string): () => void {
  const last = (): void => rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
  process.once('exit', last);
  return () => process.off('exit', last);
}
