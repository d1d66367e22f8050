import type { Fault } from '#scripts/emulators/faults.ts';
import { USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { put } from '#shared/datastore/write.ts';
import { ask, keyOf, type Provocation, type Provocations } from './scene.ts';

// Provokes refusals by Compute Engine during requests that wait for it.

const READS = ['instances.get', 'instances.list', 'instances.aggregatedList', 'instances.getSerialPortOutput'] as const;

/** Creates or reads a VM while Compute Engine refuses with this status and reason. */
function refused(status: number, code?: string): Provocation {
  return async (scene) => {
    const methods = scene.contract.method === 'POST' && scene.contract.body !== null ? ['instances.insert'] : READS;
    const faults = methods.map((method): Omit<Fault, 'count'> => {
      return { service: 'compute', method, kind: 'error', status, ...(code === undefined ? {} : { code }) };
    });
    const subjects = await scene.stage.instance(scene.callers.able, { statusSyncedAtMs: 0 });
    await scene.stage.withFaults(faults, () => ask(scene, { subjects }));
  };
}

export const CLOUD_PROVOCATIONS: Provocations = {
  zone_exhausted: refused(503, 'ZONE_RESOURCE_POOL_EXHAUSTED'),
  cloud_quota_exceeded: refused(403, 'quotaExceeded'),
  cloud_ip_space_exhausted: refused(400, 'IP_SPACE_EXHAUSTED'),
  cloud_not_ready: refused(400, 'resourceNotReady'),
  cloud_not_found: refused(404),
  cloud_permission_denied: refused(403),
  cloud_rate_limited: refused(429),
  cloud_unavailable: refused(503),
  cloud_unknown_error: refused(400, 'somethingNew'),
  cloud_already_exists: refused(409),
  cloud_invalid_argument: refused(400),
  vm_preempted: refused(400, 'PREEMPTED'),
  quota_exceeded: async (scene) => {
    const walker = await scene.callers.of('single');
    await scene.stage.accounts.store.write([put(USAGE, walker.customerId, { instances: 1 })]);
    await ask(scene, { headers: keyOf(scene, walker), subjects: { project: walker.project } });
  },
};
