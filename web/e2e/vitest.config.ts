import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vitest/config';

// Browser tests against a platform that runs already: `npm run e2e`.
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    environment: 'node',
    include: ['e2e/*.test.ts'],
    // One browser at a time: the tests measure seconds.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
