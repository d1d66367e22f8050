import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const ROOT = join(import.meta.dirname, '..');

// Test workers, and the programs that tests start, load Google's clients compiled instead of compiling them each time.
process.env['NODE_COMPILE_CACHE'] ??= join(ROOT, '.build/cache/modules');

/** Timeouts only end what hangs: on a machine that is busy with other work, a test of 20 s has taken 150. */
const TEST_SECONDS = 400;
/** For histories of virtual time, of which a test plays a hundred. */
const HISTORIES_SECONDS = 1_200;

/**
 * Returns the settings of a folder of tests. `workers` is how many files run in parallel: two for tests that compute; more
 * for files with a local cloud of their own, which mostly wait.
 */
function project(
  name: string,
  include: readonly string[],
  { seconds = TEST_SECONDS, workers = 2, setup = [] }: ProjectOptions = {},
) {
  return {
    extends: true as const,
    test: {
      name,
      include: [...include],
      setupFiles: [...setup],
      testTimeout: seconds * 1000,
      hookTimeout: TEST_SECONDS * 1000,
      expect: { poll: { timeout: 60_000 } },
      maxWorkers: workers,
      // With isolation, half of the processor time would go into loading the same modules again for each file.
      isolate: false,
      // Projects of one group share their workers, so each number of workers is a group of its own.
      sequence: { groupOrder: workers },
    },
  };
}

interface ProjectOptions {
  readonly seconds?: number;
  readonly workers?: number;
  /** Files that run before each file of tests. */
  readonly setup?: readonly string[];
}

/** For tests that open many of Google's clients in one process. */
const SHARED_PROTOS = ['test/support/shared-protos.setup.ts'];

export default defineConfig({
  root: ROOT,
  test: {
    // Without this setting each of Google's clients spends half a second on looking for a metadata server.
    env: { METADATA_SERVER_DETECTION: 'none' },
    projects: [
      project(
        'unit',
        [
          'test/{domain,concurrency,pagination,actions,workers,lifecycle,http,auth,families,pages,runtime,datastore,gce,pubsub,catalog,accounts,contracts,emulators,platform,upgrade}/**/*.test.ts',
        ],
        { setup: SHARED_PROTOS },
      ),
      project('conformance', ['test/conformance/**/*.test.ts'], { workers: 5, setup: SHARED_PROTOS }),
      project('infra', ['test/{infra,deploy}/**/*.test.ts']),
      project('build', ['test/build/**/*.test.ts']),
      // Two workers, each with one local cloud for most of its files.
      project('security', ['test/security/**/*.test.ts']),
      project('local', ['test/{local,end-to-end}/**/*.test.ts'], { workers: 5 }),
      // Projects of a group run in the order of their names: the longest files begin first, beside those that wait.
      project('histories', ['test/simulate/**/*.test.ts'], { seconds: HISTORIES_SECONDS, workers: 5 }),
    ],
  },
});
