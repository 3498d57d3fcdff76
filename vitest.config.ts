import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['backend/**/*.test.ts', 'projections/**/*.test.ts', 'tests/**/*.test.ts'],
    globalSetup: ['tests/engines-setup.ts'],
  },
});
