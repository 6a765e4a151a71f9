import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    // Of few processors none is left idle: many tests wait for processes that they start.
    maxWorkers: '100%',
  },
});
