import { defineConfig } from 'vitest/config';

// Whole-process tests start real servers, so files of `test/` get longer than a unit test does. Two
// workers, because the machines this is meant to pass on have two cores.
export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['node_modules/**', 'dashboards/console/dist/**'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    unstubEnvs: true,
  },
});
