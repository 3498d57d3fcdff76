/** How this program starts another process of itself, wherever it was called from. */
import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

/**
 * What node is called with. The same room for young objects as the program has: batches live just long enough to be
 * copied often. `tsx` by its address, for a bare name would be looked for in the working folder.
 */
export const NODE_OPTIONS: readonly string[] = ['--max-semi-space-size=64', '--import', import.meta.resolve('tsx')];

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
