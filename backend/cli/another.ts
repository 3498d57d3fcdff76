/** How this program starts another process of itself, wherever it was called from. */
import { fileURLToPath } from 'node:url';

export const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

/**
 * What node is called with. The same room for young objects as the program has: batches live just long enough to be
 * copied often. `tsx` by its address, for a bare name would be looked for in the working folder.
 */
export const NODE_OPTIONS: readonly string[] = ['--max-semi-space-size=64', '--import', import.meta.resolve('tsx')];
