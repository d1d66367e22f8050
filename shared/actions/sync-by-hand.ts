import { type Auditor, auditWrite } from '#shared/datastore/audit-rows.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { ref, type Row } from '#shared/datastore/write.ts';
import { instanceNotFound } from '#shared/domain/access.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { Observed } from '#shared/domain/observe.ts';
import { toCloudError } from '#shared/gce/cloud-error.ts';
import { askCompute } from '#shared/lifecycle/ask-compute.ts';
import { readFailure, machineOf } from '#shared/lifecycle/cloud-failure.ts';
import { observedWrites } from '#shared/lifecycle/instance-writes.ts';
import { logObserved, observeRow, type SyncTools } from '#shared/lifecycle/sync-instance.ts';

export interface Synced {
  readonly before: Instance;
  /** The record after the comparison with the VM. */
  readonly after: Instance;
}

/**
 * Compares a record with its VM now, at an operator's request. The commit that changes the record also adds the audit
 * entry; without a change only the entry is written. Throws `not_found`.
 */
export async function syncByHand(instanceId: string, auditor: Auditor, tools: SyncTools): Promise<Synced> {
  const { row, observed, after } = await tools.store.change(async () => {
    const read = await tools.store.get(ref(INSTANCE, instanceId));
    if (read === undefined) throw instanceNotFound();
    const seen = await observedNow(read, tools);
    const instance = seen?.instance ?? { ...read.value, statusSyncedAtMs: tools.nowMs() };
    // The instance's history records the changes; the audit entry records who requested the comparison.
    const change = { before: { status: read.value.status }, after: { status: instance.status } };
    const entry = auditWrite(auditor, { action: 'instance.sync', object: `instance ${instanceId}`, ...change });
    const changes = seen === undefined ? [] : await observedWrites(read, seen, tools.store);
    return { writes: [...changes, entry], result: { row: read, observed: seen, after: instance } };
  });
  if (observed !== undefined) logObserved(row, observed, tools);
  return { before: row.value, after };
}

/** Throws a failure that names the VM if Compute Engine does not show it. */
async function observedNow(row: Row<Instance>, tools: SyncTools): Promise<Observed | undefined> {
  try {
    const machine = await askCompute(() => tools.compute.get({ zone: row.value.zone, name: row.id }), tools);
    return await observeRow(row, machine, { cause: 'drift' }, tools);
  } catch (thrown) {
    const error = toCloudError(thrown);
    throw error === thrown ? readFailure(error, machineOf(row.value)) : thrown;
  }
}
