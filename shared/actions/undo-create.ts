import { ORPHAN, USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { put, ref, remove, replace, type Write } from '#shared/datastore/write.ts';
import { nextEvent } from '#shared/domain/history.ts';
import type { Operation } from '#shared/domain/operation.ts';
import { release } from '#shared/domain/quota.ts';
import type { CloudError } from '#shared/gce/cloud-error.ts';
import { cloudReason, machineOf } from '#shared/lifecycle/cloud-failure.ts';
import { removalWrites } from '#shared/lifecycle/instance-writes.ts';
import { newOrphan } from '#shared/lifecycle/new-orphan.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { type CreateRequest, readOwn } from './accept-create.ts';

/**
 * Undoes the commit of a create. After a 5xx Compute Engine may still create the VM later, so the VM is also put on the
 * list of orphans to delete. Returns false when the request has lost its lease: the worker then asks for the VM and
 * decides.
 */
export async function undo(
  request: CreateRequest,
  operation: Operation,
  { error, wasClear }: { readonly error: CloudError; readonly wasClear: boolean },
  { store, nowMs, log }: Tools,
): Promise<boolean> {
  log.warn('Compute Engine refused an insert', {
    operationId: operation.id,
    instanceId: operation.instanceId,
    reason: error.reason,
    cause: error,
  });
  return store.change<boolean>(async () => {
    const [[row, record], [instance, usage]] = await Promise.all([
      readOwn(request, operation.id, store),
      store.getAll([ref(INSTANCE, operation.instanceId), ref(USAGE, request.caller.customerId)]),
    ]);
    if (row?.value.completedAtMs !== null) return { writes: [], result: true };
    if (row.value.leaseToken !== request.requestId) return { writes: [], result: false };
    const atMs = Math.max(nowMs(), row.value.createdAtMs);
    const { reason, message } = cloudReason(
      error.reason,
      'insert',
      error.stockout ?? (instance && machineOf(instance.value)),
    );
    const writes: Write[] = [
      replace(row, { ...row.value, state: 'failed', leaseUntilMs: 0, error: { reason, message }, completedAtMs: atMs }),
    ];
    if (instance !== undefined) {
      const event = nextEvent(instance.value, {
        status: 'DELETED',
        atMs,
        cause: 'operation',
        actor: operation.actor,
        operationId: operation.id,
        reason,
      });
      writes.push(...(await removalWrites(instance, event, store)));
      if (usage !== undefined) writes.push(replace(usage, { instances: release(usage.value.instances) }));
      if (!wasClear) {
        const vm = { name: instance.id, zone: instance.value.zone };
        writes.push(put(ORPHAN, instance.id, newOrphan(vm, { why: 'given_up', atMs, mayAppear: true })));
      }
    }
    if (record !== undefined) writes.push(remove(record));
    return { writes, result: true };
  });
}
