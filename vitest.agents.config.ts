import { defineConfig } from 'vitest/config'

/** The suite with the real programs of the drivers: `npm run test:agents`. */
export default defineConfig({
  test: {
    include: ['test/agents/**/*.agents.ts'],
    globalSetup: 'test/harness/global-setup.ts',
    pool: 'forks',
    // The programs mostly wait: two at once also where there are two processors.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
