import { auditOperation } from './audit-operation.ts';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { insert, ref, type Row, rowAfter, rowWritten } from '#shared/datastore/write.ts';
import { canSee, instanceNotFound } from '#shared/domain/access.ts';
import { operationId } from '#shared/domain/ids.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { LEASE_MS } from '#shared/domain/lease.ts';
import { type Operation, pendingOperation } from '#shared/domain/operation.ts';
import { requirePossible } from '#shared/domain/power.ts';
import type { Actor, Principal } from '#shared/domain/principal.ts';
import { requestUuid, UNPROTECT_CALL } from '#shared/domain/request-uuid.ts';
import { toCloudError } from '#shared/gce/cloud-error.ts';
import { askCompute } from '#shared/lifecycle/ask-compute.ts';
import { lookAgain } from '#shared/lifecycle/find-machine.ts';
import { launchWaitingBids } from '#shared/lifecycle/launch-waiting-bids.ts';
import { publishOperations } from '#shared/lifecycle/publish-operations.ts';
import { enqueue } from '#shared/lifecycle/queue-operation.ts';
import {
  type DeleteOutcome,
  queuedDelete,
  readCompanions,
  type RemovalRows,
  removeInstance,
} from '#shared/lifecycle/remove-instance.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

export interface DeleteRequest {
  readonly instanceId: string;
  readonly caller: Principal;
  readonly actor: Actor;
  readonly requestId: string;
  /** True: also delete an instance that is protected from deletion. Only administrators can set it. */
  readonly force?: boolean;
}
/**
 * Deletes an instance while the caller waits: marks the record, asks Compute Engine to delete the VM, removes the
 * record. The record is removed whatever Compute Engine answers: worker and reconciler keep deleting a VM that still
 * exists.
 */
export async function deleteInstance(request: DeleteRequest, tools: Tools): Promise<{ readonly operationId: string }> {
  const { instance, deleteId, rows } = await mark(request, tools);
  // Read beside the call to Compute Engine, so that nothing is between that call and the removal.
  const companions = rows && readCompanions(rows.instance.value, deleteId, tools.store).catch(() => undefined);
  if (request.force === true) await unprotect(instance, requestUuid(deleteId, UNPROTECT_CALL), tools);
  const outcome = await deleteMachine(instance, requestUuid(deleteId, 1), tools);
  const beside = await companions;
  const known = rows === undefined || beside === undefined ? undefined : { ...rows, ...beside };
  const { id: instanceId, customerId } = instance;
  // A worker that is faster than the commit meets the lease that the commit ends, and waits for it.
  await Promise.all([
    removeInstance({ instanceId, deleteId, customerId, known }, outcome, tools),
    outcome.vm === 'absent' ? undefined : publishOperations([{ operationId: deleteId, instanceId, customerId }], tools),
  ]);
  await launchWaitingBids(instance, tools);
  return { operationId: deleteId };
}

/** Removes the VM's deletion protection, without which Compute Engine refuses the delete. Errors are only logged. */
async function unprotect({ id, zone }: Instance, cloudRequestId: string, tools: Tools): Promise<void> {
  const call = { verb: 'setDeletionProtection', deletionProtection: false } as const;
  try {
    await askCompute(() => tools.compute.edit(call, { zone, name: id }, cloudRequestId), tools);
  } catch (thrown) {
    tools.log.warn('the protection of a VM could not be taken off', { instanceId: id, cause: thrown });
  }
}

/** Asks Compute Engine to delete the VM. Errors are logged, and the outcome is then `unknown`. */
export async function deleteMachine(
  instance: Pick<Instance, 'id' | 'zone'>,
  cloudRequestId: string,
  tools: Pick<Tools, 'compute' | 'log' | 'nowMs' | 'sleep'>,
): Promise<DeleteOutcome> {
  const { compute, log } = tools;
  try {
    const zoneOperation = await askCompute(
      () => compute.request('delete', { zone: instance.zone, name: instance.id }, cloudRequestId),
      tools,
    );
    return { vm: 'leaving', zoneOperation };
  } catch (thrown) {
    const error = toCloudError(thrown);
    if (error.reason === 'not_found' && (await isAbsent(instance, tools))) return { vm: 'absent' };
    log.error('Compute Engine did not delete a VM; the reconciler will', {
      instanceId: instance.id,
      reason: error.reason,
      cause: error,
    });
    return { vm: 'unknown' };
  }
}

/**
 * Returns true only if the VM certainly does not exist. When Compute Engine gives no answer, the reconciler checks
 * later.
 */
async function isAbsent(
  { id, zone }: Pick<Instance, 'id' | 'zone'>,
  tools: Pick<Tools, 'compute' | 'sleep' | 'log'>,
): Promise<boolean> {
  try {
    return (await lookAgain({ zone, name: id }, tools)) === undefined;
  } catch {
    return false;
  }
}

interface Marked {
  readonly instance: Instance;
  readonly deleteId: string;
  /** As the commit left them; `undefined` when its answer was lost, and when another delete was at work already. */
  readonly rows?: Pick<RemovalRows, 'instance' | 'deleting'>;
}

/** Marks are of different rows; those of one caller that are asked for at the same time share a commit. */
async function mark(request: DeleteRequest, { store, nowMs, random }: Tools): Promise<Marked> {
  const id = operationId(nowMs(), random);
  return store.changeTogether<Own, Marked>(
    { name: request.caller.customerId, oneAtATime: false },
    {
      read: async () => ({ own: await readOwn(request, id, store), shared: [] }),
      decide: ({ row, joined }) => {
        if (row === undefined || !canSee(request.caller, row.value)) throw instanceNotFound();
        // Another delete is at work, or died at it: both may go on, they ask under the same requestId. So may the worker,
        // should this request outlive its lease.
        if (request.force !== true) requirePossible({ kind: 'delete', strictness: 'lenient' }, row.value);
        const overridden = request.force === true && row.value.deletionProtection;
        const already = queuedDelete(row);
        if (already !== undefined) {
          const outcome = joined && { operation: joined.value, joined: true, overridden };
          const writes = outcome === undefined ? [] : auditOperation(request, outcome, { nowMs, random });
          return { writes, result: { instance: row.value, deleteId: already } };
        }
        const operation = runningDelete(id, request, row.value, nowMs());
        const target = ref(OPERATION, id);
        const writes = [
          insert(OPERATION, id, operation),
          ...enqueue(row, operation, operation.createdAtMs),
          ...auditOperation(request, { operation, joined: false, overridden }, { nowMs, random }),
        ];
        const marked = { instance: row.value, deleteId: id };
        return {
          writes,
          result: marked,
          applied: (versionOf) => {
            const instance = rowWritten(versionOf, row, writes);
            if (instance === undefined) return marked;
            return { ...marked, rows: { instance, deleting: rowAfter(versionOf, target, operation) } };
          },
        };
      },
    },
  );
}

interface Own {
  readonly row: Row<Instance> | undefined;
  /** The delete that was at work already, where an entry of the audit trail is to name it. */
  readonly joined: Row<Operation> | undefined;
}

async function readOwn({ instanceId, force }: DeleteRequest, id: string, store: Tools['store']): Promise<Own> {
  const row = await store.get(ref(INSTANCE, instanceId));
  const already = row && queuedDelete(row);
  // A repeat of this very commit finds its own delete, whose entry is written.
  const isJoined = force === true && row?.value.deletionProtection === true && already !== undefined && already !== id;
  return { row, joined: isJoined ? await store.get(ref(OPERATION, already)) : undefined };
}

/** The delete of a request that asks Compute Engine itself, while its caller waits. */
function runningDelete(id: string, request: DeleteRequest, instance: Instance, atMs: number): Operation {
  return {
    ...pendingOperation('delete', instance, {
      id,
      actor: request.actor,
      requestId: request.requestId,
      atMs,
      ...(request.force === true ? { edit: { deletionProtection: false } } : {}),
    }),
    state: 'running',
    startedAtMs: atMs,
    leaseUntilMs: atMs + LEASE_MS,
    leaseToken: request.requestId,
    call: {
      verb: 'delete',
      requestId: requestUuid(id, 1),
      askedAtMs: atMs,
      zoneOperation: null,
      done: false,
      mayBeApplied: true,
    },
    callCount: 1,
  };
}
