import { DRIFT_ACTIONS } from '#scripts/emulators/compute/compute-emulator.ts';
import { type Fault, FAULT_METHODS } from '#scripts/emulators/faults.ts';
import type { Random } from '#shared/domain/ids.ts';
import type { FunctionManifest } from '#scripts/generate/function-manifest.ts';
import { action, type Action, chance, oneOf, share } from './action.ts';

/** Error codes with which an accepted operation may end; the last one is a code that does not exist today. */
const OPERATION_ERRORS = [
  'INTERNAL_ERROR',
  'RESOURCE_OPERATION_RATE_EXCEEDED',
  'QUOTA_EXCEEDED',
  'NEW_IN_2027',
] as const;

/** Faults that may be injected. Combinations whose kind the method does not support are filtered out. */
const FAULTS: readonly Omit<Fault, 'count'>[] = (
  [
    ...['insert', 'start', 'stop', 'reset', 'delete'].flatMap((verb) => {
      const method = `instances.${verb}`;
      return [
        { service: 'compute', method, kind: 'lostAnswer' },
        { service: 'compute', method, kind: 'falseError', status: 500 },
        { service: 'compute', method, kind: 'error', status: 503 },
        { service: 'compute', method, kind: 'error', status: 403 },
        { service: 'compute', method, kind: 'error', status: 429 },
        { service: 'compute', method, kind: 'delay', delayMs: 3_000 },
        { service: 'compute', method, kind: 'stockout' },
        { service: 'compute', method, kind: 'absent' },
        ...OPERATION_ERRORS.map((code) => ({ service: 'compute', method, kind: 'operationError', code }) as const),
      ] as const;
    }),
    ...['disks.insert', 'disks.delete', 'instances.attachDisk', 'instances.detachDisk'].flatMap((method) => [
      { service: 'compute', method, kind: 'lostAnswer' } as const,
      { service: 'compute', method, kind: 'error', status: 503 } as const,
      { service: 'compute', method, kind: 'operationError', code: 'INTERNAL_ERROR' } as const,
    ]),
    { service: 'compute', method: 'disks.get', kind: 'error', status: 503 },
    { service: 'compute', method: 'disks.get', kind: 'absent' },
    { service: 'compute', method: 'disks.aggregatedList', kind: 'absent' },
    { service: 'compute', method: 'instances.get', kind: 'error', status: 500 },
    { service: 'compute', method: 'instances.get', kind: 'absent' },
    { service: 'compute', method: 'instances.get', kind: 'absent' },
    { service: 'compute', method: 'instances.get', kind: 'lostAnswer' },
    { service: 'compute', method: 'instances.get', kind: 'delay', delayMs: 4_000 },
    { service: 'compute', method: 'instances.aggregatedList', kind: 'error', status: 503 },
    { service: 'compute', method: 'instances.aggregatedList', kind: 'absent' },
    { service: 'compute', method: 'zoneOperations.wait', kind: 'error', status: 503 },
    { service: 'compute', method: 'zoneOperations.wait', kind: 'error', status: 404 },
    { service: 'compute', method: 'zoneOperations.wait', kind: 'lostAnswer' },
    { service: 'compute', method: 'zoneOperations.get', kind: 'error', status: 404 },
    { service: 'datastore', method: 'commit', kind: 'error' },
    { service: 'datastore', method: 'commit', kind: 'contention' },
    { service: 'datastore', method: 'commit', kind: 'contention' },
    { service: 'datastore', method: 'commit', kind: 'lostAnswer' },
    { service: 'datastore', method: 'commit', kind: 'lostAnswer' },
    { service: 'datastore', method: 'commit', kind: 'late', delayMs: 30 },
    { service: 'datastore', method: 'commit', kind: 'late', delayMs: 2_000 },
    { service: 'datastore', method: 'commit', kind: 'delay', delayMs: 7_000 },
    { service: 'datastore', method: 'lookup', kind: 'error' },
    { service: 'datastore', method: 'lookup', kind: 'delay', delayMs: 3_000 },
    { service: 'datastore', method: 'runQuery', kind: 'error' },
    { service: 'pubsub', method: 'publish', kind: 'error' },
    { service: 'pubsub', method: 'publish', kind: 'lostAnswer' },
    { service: 'pubsub', method: 'push', kind: 'duplicate' },
    { service: 'pubsub', method: 'push', kind: 'duplicate' },
    { service: 'pubsub', method: 'push', kind: 'reorder' },
    { service: 'pubsub', method: 'push', kind: 'error' },
    { service: 'pubsub', method: 'push', kind: 'lostAnswer' },
    { service: 'pubsub', method: 'push', kind: 'delay', delayMs: 45_000 },
    { service: 'pubsub', method: 'push', kind: 'delay', delayMs: 200_000 },
  ] as const
).filter(({ service, method, kind }) => FAULT_METHODS[service][method]?.includes(kind));

/** Functions in which the end of the process does the most harm. Listed more than once to be drawn more often. */
const FRAGILE = [
  'power-worker',
  'power-worker',
  'power-worker',
  'compute-instances-create',
  'resource-instances-create',
  'compute-instances-delete',
  'fleet-spot-bids-create',
  'fleet-spot-bids-update',
  'fleet-spot-bids-cancel',
  'fleet-volumes-create',
  'reconciler-sync',
  'reconciler-sweep',
] as const;

function functionName(manifest: FunctionManifest, random: Random): string {
  if (chance(0.8, random)) return oneOf(FRAGILE, random);
  return oneOf(manifest.functions, random).name;
}

export function disturbances(manifest: FunctionManifest): Readonly<Record<string, Action>> {
  return {
    fault: action({
      weight: 34,
      draw: (random) => ({
        ...oneOf(FAULTS, random),
        count: chance(0.8, random) ? 1 : 2 + Math.floor(random.fraction() * 6),
      }),
      play: async (fault, { world }) => world.faults.add([fault]),
    }),
    /** Ends the process that takes the function's next call, at one of the calls that it makes itself. */
    kill: action({
      weight: 12,
      draw: (random) => ({
        function: functionName(manifest, random),
        atCall: 1 + Math.floor(random.fraction() * 10),
        afterSending: chance(0.5, random),
      }),
      play: async (end, { world }) => world.deployment.planEnd(end),
    }),
    /** Restarts the processes of one function with a clock that is off. */
    skew: action({
      weight: 2,
      draw: (random) => ({
        function: functionName(manifest, random),
        seconds: oneOf([-600, -30, -3, -1, 1, 3, 30], random),
      }),
      play: async ({ function: name, seconds }, { world }) => world.deployment.skewClock(name, seconds * 1000),
    }),
    drift: action({
      weight: 10,
      draw: (random) => ({
        which: share(random),
        // Pre-emptions are drawn most often.
        what: chance(0.35, random) ? ('preempt' as const) : oneOf(DRIFT_ACTIONS, random),
      }),
      play: async ({ which, what }, play) => {
        const instance = await play.pick(which);
        if (instance === undefined) return;
        try {
          play.world.compute.drift(instance.id, what);
        } catch {
          // Compute Engine refuses this action in the VM's status, or there is no VM.
        }
      },
    }),
    /** Delivers an earlier entry of the audit log once more. */
    oldEvent: action({
      weight: 5,
      draw: (random) => ({ which: share(random) }),
      play: async ({ which }, { world }) => {
        const entry = world.audit[Math.floor(which * world.audit.length)];
        if (entry?.operation.last === true) world.publish('compute-events', entry);
      },
    }),
    /** Publishes one more message for an operation, which may have ended already. */
    oldMessage: action({
      weight: 5,
      draw: (random) => ({ which: share(random) }),
      play: async ({ which }, { world, records }) => {
        const operations = await records.operations();
        const chosen = operations[Math.floor(which * operations.length)];
        if (chosen === undefined) return;
        world.publish('operations', { operationId: chosen.id, instanceId: chosen.value.instanceId });
      },
    }),
    recount: action({
      weight: 2,
      draw: () => ({}),
      play: async (_, { world }) => {
        await world.deployment.call('quota-recount', {
          method: 'POST',
          path: '/',
          query: '',
          headers: {},
          peer: '',
          readBody: async () => '{}',
        });
      },
    }),
  };
}
