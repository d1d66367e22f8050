import type { WorkerContract } from './contract.ts';

export const WORKERS: readonly WorkerContract[] = [
  {
    name: 'power-worker',
    description:
      'Carries out accepted operations on Compute Engine, one at a time per instance, and records the outcome.',
    trigger: {
      type: 'push',
      topic: 'operations',
      ordered: true,
      deadLetter: { topic: 'operations-dead-letter', attemptsMax: 10 },
    },
    identity: 'worker',
    clients: ['datastore', 'pubsub', 'compute'],
    // A delivery takes a few seconds, mostly waiting for a zone operation, so one instance can handle many in parallel.
    runtime: { concurrency: 40, timeoutSeconds: 60, deadlineSeconds: 55 },
  },
  {
    name: 'dead-letter-recorder',
    description:
      'Records messages that ended in the dead letter topic, and settles their operations by what Compute Engine shows.',
    trigger: { type: 'push', topic: 'operations-dead-letter', ordered: false, deadLetter: null },
    identity: 'worker',
    clients: ['datastore', 'pubsub', 'compute'],
    runtime: { timeoutSeconds: 60, deadlineSeconds: 55, maxInstances: 5 },
  },
  {
    name: 'reconciler-sync',
    description:
      "Compares one instance with its machine, or continues its operation, when Compute Engine's audit log says that something happened.",
    trigger: { type: 'push', topic: 'compute-events', ordered: false, deadLetter: null },
    identity: 'reconciler',
    clients: ['datastore', 'pubsub', 'compute'],
  },
  {
    name: 'reconciler-sweep',
    description:
      'Each minute: publishes what was left pending, looks at instances in transition, and compares all machines with all records, slice by slice.',
    trigger: { type: 'schedule', cron: '* * * * *' },
    identity: 'reconciler',
    clients: ['datastore', 'pubsub', 'compute'],
    // A run stops by itself within a minute. One that hangs longer does not keep the next from going on with other slices.
    runtime: { memoryMb: 1024, concurrency: 1, timeoutSeconds: 120, deadlineSeconds: 110, maxInstances: 2 },
  },
  {
    name: 'quota-recount',
    description: "Each night: compares every customer's quota usage with the instances that exist, and repairs it.",
    // Not on the full hour, when many scheduled jobs run.
    trigger: { type: 'schedule', cron: '17 3 * * *' },
    identity: 'reconciler',
    clients: ['datastore'],
    runtime: { concurrency: 1, timeoutSeconds: 300, deadlineSeconds: 285, maxInstances: 1 },
  },
];
