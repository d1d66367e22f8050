import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/**
 * Returns the settings of a folder of tests. `seconds` is far more than any of its tests takes on an idle machine.
 * `workers` is how many files run in parallel: two for tests that compute; more for files with a local cloud of their
 * own, which mostly wait.
 */
function project(name: string, include: readonly string[], { seconds, workers = 2, setup = [] }: ProjectOptions) {
  return {
    extends: true as const,
    test: {
      name,
      include: [...include],
      setupFiles: [...setup],
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
  /** Files that run before each file of tests. */
  readonly setup?: readonly string[];
}

/** For tests that open many of Google's clients in one process. */
const SHARED_PROTOS = ['test/support/shared-protos.setup.ts'];

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
        { seconds: 30, setup: SHARED_PROTOS },
      ),
      project('conformance', ['test/conformance/**/*.test.ts'], { seconds: 60, workers: 5, setup: SHARED_PROTOS }),
      project('infra', ['test/{infra,deploy}/**/*.test.ts'], { seconds: 60 }),
      project('build', ['test/build/**/*.test.ts'], { seconds: 120 }),
      // Two workers, each with one local cloud for most of its files.
      project('security', ['test/security/**/*.test.ts'], { seconds: 120 }),
      project('local', ['test/{local,end-to-end}/**/*.test.ts'], { seconds: 120, workers: 5 }),
      // Projects of a group run in the order of their names: the longest files begin first, beside those that wait.
      project('histories', ['test/simulate/**/*.test.ts'], { seconds: 400, workers: 5 }),
    ],
  },
});
