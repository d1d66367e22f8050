import { type IdempotencyRecord, ORPHAN } from '#shared/datastore/bookkeeping-rows.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { put, ref, remove, replace, type Row, type Write } from '#shared/datastore/write.ts';
import { nextEvent } from '#shared/domain/history.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { Operation } from '#shared/domain/operation.ts';
import type { CloudError } from '#shared/gce/cloud-error.ts';
import { cloudReason, machineOf } from '#shared/lifecycle/cloud-failure.ts';
import { removalWrites } from '#shared/lifecycle/instance-writes.ts';
import { newOrphan } from '#shared/lifecycle/new-orphan.ts';
import { giveBack, quotaOf, readPlaces } from '#shared/lifecycle/quota-places.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { type Accepted, type CreateRequest, readOwn } from './accept-create.ts';

/**
 * Undoes the commit of a create. After a 5xx Compute Engine may still create the VM later, so the VM is also put on the
 * list of orphans to delete. Returns false when the request has lost its lease: the worker then asks for the VM and
 * decides.
 */
export async function undo(
  request: CreateRequest,
  { instance: made, operation }: Pick<Accepted, 'instance' | 'operation'>,
  refusal: Refusal,
  { store, nowMs, log }: Tools,
): Promise<boolean> {
  const { error } = refusal;
  log.warn('Compute Engine refused an insert', {
    operationId: operation.id,
    instanceId: operation.instanceId,
    reason: error.reason,
    cause: error,
  });
  return store.changeTogether<Taken, boolean>(quotaOf(made.customerId), {
    read: async () => {
      const [[row, record], instance, places] = await Promise.all([
        readOwn(request, operation.id, store),
        store.get(ref(INSTANCE, operation.instanceId)),
        readPlaces(made, store),
      ]);
      if (row?.value.completedAtMs !== null) {
        // A worker ends a create with its instance on record, and repeats are answered with it; an undone one leaves nothing.
        const undone = instance === undefined && record === undefined;
        return { own: { undone, writes: [], holder: undefined }, shared: [] };
      }
      if (row.value.leaseToken !== request.requestId)
        return { own: { undone: false, writes: [], holder: undefined }, shared: [] };
      const atMs = Math.max(nowMs(), row.value.createdAtMs);
      const writes = await undoWrites({ row, record, instance }, { ...refusal, atMs }, store);
      return { own: { undone: true, writes, holder: instance?.value }, shared: places };
    },
    decide: ({ undone, writes, holder }, shared) => {
      if (holder !== undefined) giveBack(holder, shared);
      return { writes, result: undone };
    },
  });
}

interface Refusal {
  readonly error: CloudError;
  /** Compute Engine has surely not made the VM. */
  readonly wasClear: boolean;
}

interface Taken {
  /** Nothing of the create is left; false: it is the worker's. */
  readonly undone: boolean;
  readonly writes: readonly Write[];
  /** The instance whose places are free again. */
  readonly holder: Instance | undefined;
}

async function undoWrites(
  {
    row,
    record,
    instance,
  }: {
    readonly row: Row<Operation>;
    readonly record: Row<IdempotencyRecord> | undefined;
    readonly instance: Row<Instance> | undefined;
  },
  { error, wasClear, atMs }: Refusal & { readonly atMs: number },
  store: Tools['store'],
): Promise<readonly Write[]> {
  const { reason, message } = cloudReason(
    error.reason,
    'insert',
    error.stockout ?? (instance && machineOf(instance.value)),
  );
  const { id: operationId, actor } = row.value;
  const failed: Operation = {
    ...row.value,
    state: 'failed',
    leaseUntilMs: 0,
    error: { reason, message },
    completedAtMs: atMs,
  };
  const writes: Write[] = [replace(row, failed)];
  if (record !== undefined) writes.push(remove(record));
  if (instance === undefined) return writes;
  const event = nextEvent(instance.value, { status: 'DELETED', atMs, cause: 'operation', actor, operationId, reason });
  writes.push(...(await removalWrites(instance, event, store)));
  if (wasClear) return writes;
  const vm = { name: instance.id, zone: instance.value.zone };
  return [...writes, put(ORPHAN, instance.id, newOrphan(vm, { why: 'given_up', atMs, mayAppear: true }))];
}
