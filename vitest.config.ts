import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['backend/**/*.test.ts', 'projections/**/*.test.ts', 'tests/**/*.test.ts'],
    globalSetup: ['tests/engines-setup.ts'],
    reporters: ['default', './tests/summary-reporter.ts'],
    // Real engines on a small machine that does other things too: a limit for what hangs, not for what is slow.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Ending the engines takes some seconds.
    teardownTimeout: 60_000,
  },
});
