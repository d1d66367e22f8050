import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/**
 * Returns the settings of a folder of tests. `seconds` is far more than any of its tests takes on an idle machine.
 * `workers` is how many files run in parallel: two for tests that compute; more for files with a local cloud of their
 * own, which mostly wait.
 */
function project(name: string, include: readonly string[], { seconds, workers = 2 }: ProjectOptions) {
  return {
    extends: true as const,
    test: {
      name,
      include: [...include],
      testTimeout: seconds * 1000,
      hookTimeout: 60_000,
      maxWorkers: workers,
      // With isolation, half of the processor time would go into loading the same modules again for each file.
      isolate: false,
      // Projects of one group share their workers, so each number of workers is a group of its own.
      sequence: { groupOrder: workers },
    },
  };
}

interface ProjectOptions {
  readonly seconds: number;
  readonly workers?: number;
}

export default defineConfig({
  root: join(import.meta.dirname, '..'),
  test: {
    // Without this setting each of Google's clients spends half a second on looking for a metadata server.
    env: { METADATA_SERVER_DETECTION: 'none' },
    projects: [
      project(
        'unit',
        [
          'test/{domain,concurrency,pagination,actions,workers,lifecycle,http,auth,families,pages,runtime,datastore,gce,pubsub,catalog,accounts,contracts,emulators,platform,upgrade}/**/*.test.ts',
        ],
        { seconds: 30 },
      ),
      project('conformance', ['test/conformance/**/*.test.ts'], { seconds: 60, workers: 5 }),
      project('infra', ['test/{infra,deploy}/**/*.test.ts'], { seconds: 60 }),
      project('build', ['test/build/**/*.test.ts'], { seconds: 120 }),
      project('local', ['test/{local,end-to-end,security}/**/*.test.ts'], { seconds: 120, workers: 5 }),
      project('simulate', ['test/simulate/**/*.test.ts'], { seconds: 400, workers: 5 }),
    ],
  },
});
