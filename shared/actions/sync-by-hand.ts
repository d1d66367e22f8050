import { type Auditor, auditWrite } from '#shared/datastore/audit-rows.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { ref } from '#shared/datastore/write.ts';
import { instanceNotFound } from '#shared/domain/access.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { toCloudError } from '#shared/gce/cloud-error.ts';
import { askCompute } from '#shared/lifecycle/ask-compute.ts';
import { readFailure, machineOf } from '#shared/lifecycle/cloud-failure.ts';
import { syncRow } from '#shared/lifecycle/sync-instance.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

export interface Synced {
  readonly before: Instance;
  /** The record after the comparison with the VM. */
  readonly after: Instance;
}

/** Compares a record with its VM now, at an operator's request. Throws `not_found`. */
export async function syncByHand(
  instanceId: string,
  auditor: Auditor,
  tools: Pick<Tools, 'store' | 'compute' | 'nowMs' | 'sleep' | 'log'>,
): Promise<Synced> {
  const row = await tools.store.get(ref(INSTANCE, instanceId));
  if (row === undefined) throw instanceNotFound();
  try {
    const machine = await askCompute(() => tools.compute.get({ zone: row.value.zone, name: row.id }), tools);
    const after = await syncRow(row, machine, { cause: 'drift' }, tools);
    // The instance's history records the changes; the audit entry records who requested the comparison.
    const change = { before: { status: row.value.status }, after: { status: after.status } };
    await tools.store.write([
      auditWrite(auditor, { action: 'instance.sync', object: `instance ${instanceId}`, ...change }),
    ]);
    return { before: row.value, after };
  } catch (thrown) {
    const error = toCloudError(thrown);
    throw error === thrown ? readFailure(error, machineOf(row.value)) : thrown;
  }
}
