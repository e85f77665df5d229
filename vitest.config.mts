// The tiers of the test suite. scripts/test.mjs runs them one after another, all but the first in a sealed place.
import { defineConfig } from 'vitest/config';

/** As in test/support/until.ts. */
const PATIENCE = Number(process.env.ISOLAB_TEST_PATIENCE ?? 1);
const MINUTE = 60_000;

/** What of the kernel tier is asked of a user realm too: all that one can do. */
const REALM = [
  ...['netns', 'link', 'address', 'route', 'neighbour', 'session*', 'cleanup', 'process', 'namespace', 'uplink'],
  ...['stale-netns', 'crash', 'leaks'],
].map((name) => `test/kernel/${name}.test.ts`);

export default defineConfig({
  test: {
    projects: [
      tier('unit', { testTimeout: 10_000 }),
      tier('native', { testTimeout: 30_000, hookTimeout: 60_000, fileParallelism: false }),
      tier('kernel', { testTimeout: 60_000, hookTimeout: 30_000, fileParallelism: false }),
      tier('realm', {
        testTimeout: 60_000,
        hookTimeout: 30_000,
        fileParallelism: false,
        include: REALM,
        setupFiles: 'test/support/realm-setup.ts',
      }),
      tier('ui', {
        testTimeout: 2 * MINUTE,
        hookTimeout: 3 * MINUTE,
        fileParallelism: false,
        globalSetup: 'test/ui/support/setup.ts',
      }),
    ],
  },
});

interface Options {
  include?: string[];
  setupFiles?: string;
  testTimeout: number;
  hookTimeout?: number;
  fileParallelism?: boolean;
  globalSetup?: string;
}

function tier(name: string, { testTimeout, hookTimeout = 10_000, ...options }: Options) {
  const timeouts = { testTimeout: testTimeout * PATIENCE, hookTimeout: hookTimeout * PATIENCE };
  return { test: { name, include: [`test/${name}/**/*.test.ts`], pool: 'forks' as const, ...timeouts, ...options } };
}
