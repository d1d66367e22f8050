import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** A folder of tests. `seconds` is far more than any of its tests takes on an idle machine. */
function project(name: string, include: readonly string[], { seconds }: { readonly seconds: number }) {
  return {
    extends: true as const,
    test: {
      name,
      include: [...include],
      testTimeout: seconds * 1000,
      hookTimeout: 60_000,
    },
  };
}

export default defineConfig({
  root: join(import.meta.dirname, '..'),
  test: {
    // Google's clients look for a metadata server otherwise, which costs each of them half a second.
    env: { METADATA_SERVER_DETECTION: 'none' },
    // Files with a whole cloud of their own mostly wait, so two at a time keep two cores busy.
    maxWorkers: 2,
    projects: [
      project(
        'unit',
        [
          'test/{domain,concurrency,pagination,actions,workers,lifecycle,http,auth,families,runtime,datastore,gce,pubsub,catalog,accounts,contracts,emulators,upgrade}/**/*.test.ts',
        ],
        { seconds: 30 },
      ),
      project('conformance', ['test/conformance/**/*.test.ts'], { seconds: 60 }),
      project('simulate', ['test/simulate/**/*.test.ts'], { seconds: 240 }),
      project('infra', ['test/{infra,deploy}/**/*.test.ts'], { seconds: 60 }),
      project('build', ['test/build/**/*.test.ts'], { seconds: 120 }),
      project('local', ['test/{local,end-to-end,security}/**/*.test.ts'], {
        seconds: 120,
      }),
    ],
  },
});
