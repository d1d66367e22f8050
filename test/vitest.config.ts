import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/**
 * A folder of tests. `seconds` is far more than any of its tests takes on an idle machine. `workers` is how many of its files
 * run at a time: two keep two cores busy; files with a whole cloud of their own mostly wait, so there more of them fit.
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
      // Half of the processor time would go into loading the same modules again for each file.
      isolate: false,
      // Projects of one group share their workers, so each number of workers is a group.
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
    // Google's clients look for a metadata server otherwise, which costs each of them half a second.
    env: { METADATA_SERVER_DETECTION: 'none' },
    projects: [
      project(
        'unit',
        [
          'test/{domain,concurrency,pagination,actions,workers,lifecycle,http,auth,families,pages,runtime,datastore,gce,pubsub,catalog,accounts,contracts,emulators,platform,upgrade}/**/*.test.ts',
        ],
        { seconds: 30 },
      ),
      project('conformance', ['test/conformance/**/*.test.ts'], { seconds: 60, workers: 3 }),
      project('infra', ['test/{infra,deploy}/**/*.test.ts'], { seconds: 60 }),
      project('build', ['test/build/**/*.test.ts'], { seconds: 120 }),
      project('local', ['test/{local,end-to-end,security}/**/*.test.ts'], { seconds: 120, workers: 3 }),
      project('simulate', ['test/simulate/**/*.test.ts'], { seconds: 400, workers: 3 }),
    ],
  },
});
