import { afterAll, beforeAll } from 'vitest';
import { QUICK_MACHINES } from './compute-api.ts';
import { type CloudCall, LocalCloudProcess } from './local-cloud.ts';
import { ownPeople } from './own-people.ts';

/** For a busy machine, as in `sharedLocalCloud`. */
const START_MS_MAX = 240_000;

/** A sweep would launch the open bids of files that have ended. */
const NO_SWEEP = ['--sweep-seconds', '86400'];

interface WorkerCloud {
  readonly cloud: LocalCloudProcess;
  readonly started: Promise<void>;
  /** How many files have used it. */
  files: number;
}

interface WorkerLocalCloud {
  (): LocalCloudProcess;
  /** The calls that reached Compute Engine since this file began. */
  readonly calls: () => Promise<readonly CloudCall[]>;
}

const KEY = Symbol.for('compute-api: local cloud of this worker');
const worker = globalThis as { [KEY]?: WorkerCloud | undefined };

/**
 * Returns one local cloud for all files of a worker that call this. A walk over all endpoints spends most of its
 * processor time on loading the functions, so files that walk them share one that has loaded them. Call it at the top
 * of a file, in place of `sharedLocalCloud`, if the file
 *
 * - needs neither sweeps nor an empty cloud: other users' machines and records may be there. Alice, bob, carol and admin are new
 *   users of new customers for each file, so lists, quotas and rate limits of theirs begin empty;
 * - leaves the cloud as it is: it moves no clock, kills and restarts no process, and blocks no address by failed
 *   sign-ins. Faults are cleared after each file.
 *
 * The local cloud ends with the worker.
 */
export function workerLocalCloud(): WorkerLocalCloud {
  let callsBefore = 0;
  beforeAll(async () => {
    const shared = (worker[KEY] ??= start());
    await shared.started;
    shared.files += 1;
    const { cloud } = shared;
    cloud.actAs(await ownPeople(cloud.firstConnection, `-${shared.files}`));
    callsBefore = (await cloud.calls()).length;
  }, START_MS_MAX);
  afterAll(() => current().clearFaults());
  return Object.assign(current, { calls: async () => (await current().calls()).slice(callsBefore) });
}

function current(): LocalCloudProcess {
  const shared = worker[KEY];
  if (shared === undefined) throw new Error('The local cloud of this worker is not started.');
  return shared.cloud;
}

function start(): WorkerCloud {
  // As under `npm test`: with it, the program ends when the worker is killed without a warning.
  const cloud = new LocalCloudProcess({ args: [...QUICK_MACHINES, ...NO_SWEEP], env: { npm_lifecycle_event: 'test' } });
  process.once('exit', () => cloud.abandon());
  // Vitest ends its workers by this signal, which would end the process without `exit`.
  process.once('SIGTERM', () => {
    cloud.abandon();
    process.kill(process.pid, 'SIGTERM');
  });
  return { cloud, started: cloud.start(), files: 0 };
}
