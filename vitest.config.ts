import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Vite would take another copy of graphql than Node gives to the libraries, and the two do not mix.
  resolve: { alias: [{ find: /^graphql$/, replacement: fileURLToPath(import.meta.resolve('graphql')) }] },
  test: {
    include: ['backend/**/*.test.ts', 'projections/**/*.test.ts', 'tests/**/*.test.ts', 'frontend/**/*.test.ts'],
    globalSetup: ['tests/engines-setup.ts'],
    // Many tests wait for processes and engines more than they work; one file at a time would leave a core idle.
    maxWorkers: 2,
    reporters: ['default', './tests/summary-reporter.ts'],
    // Real engines on a small machine that does other things too: a limit for what hangs, not for what is slow.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Ending the engines takes some seconds.
    teardownTimeout: 60_000,
  },
});
