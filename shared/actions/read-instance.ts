import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { ref } from '#shared/datastore/write.ts';
import { canSee, instanceNotFound } from '#shared/domain/access.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { Operation } from '#shared/domain/operation.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { CloudError } from '#shared/gce/cloud-error.ts';
import { askCompute } from '#shared/lifecycle/ask-compute.ts';
import { syncRow } from '#shared/lifecycle/sync-instance.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

export interface ReadRequest {
  readonly instanceId: string;
  readonly caller: Principal;
}

/** An instance and the first operation of its queue, running or waiting; `undefined` when the queue is empty. */
export interface InstanceReading {
  readonly instance: Instance;
  readonly pending: Operation | undefined;
}

/** The caller is waiting: a read of the VM that has failed for this long is not retried. */
const LOOK_BUDGET_MS = 2_000;

/**
 * Reads one instance and compares it with its VM. Differences are written to the record. When Compute Engine does not
 * answer, returns the record with `stale: true`: its status is the last one observed.
 */
export async function readInstance(
  request: ReadRequest,
  tools: Pick<Tools, 'store' | 'compute' | 'nowMs' | 'sleep' | 'log'>,
): Promise<InstanceReading & { readonly stale: boolean }> {
  const row = await tools.store.get(ref(INSTANCE, request.instanceId));
  if (row === undefined || !canSee(request.caller, row.value)) throw instanceNotFound();
  const place = { zone: row.value.zone, name: row.id };
  const heads = pendingOperations([row.value], tools.store);
  // Prevents an unhandled rejection; the error is thrown where `heads` is awaited.
  heads.catch(() => undefined);
  try {
    const machine = await askCompute(() => tools.compute.look(place, row.version), tools, LOOK_BUDGET_MS);
    const instance = await syncRow(row, machine, { cause: 'drift' }, tools);
    return { instance, pending: pendingOf(instance, await heads), stale: false };
  } catch (thrown) {
    if (!(thrown instanceof CloudError)) throw thrown;
    tools.log.warn('Compute Engine did not say how a VM is; its record is answered', {
      instanceId: row.id,
      reason: thrown.reason,
      cause: thrown,
    });
    return { instance: row.value, pending: pendingOf(row.value, await heads), stale: true };
  }
}

/**
 * Reads the first operation of each instance's queue, keyed by operation id, in one look-up (none when all queues are
 * empty).
 */
export async function pendingOperations(
  instances: readonly Instance[],
  store: Pick<Store, 'getAll'>,
): Promise<ReadonlyMap<string, Operation>> {
  const ids = instances.flatMap(({ queue }) => queue.slice(0, 1).map(({ id }) => id));
  if (ids.length === 0) return new Map();
  const rows = await store.getAll(ids.map((id) => ref(OPERATION, id)));
  return new Map(rows.flatMap((row) => (row === undefined ? [] : [[row.id, row.value]])));
}

export function pendingOf({ queue }: Instance, operations: ReadonlyMap<string, Operation>): Operation | undefined {
  const [head] = queue;
  return head === undefined ? undefined : operations.get(head.id);
}

/** Pairs each instance with the first operation of its queue. */
export async function withPending(
  instances: readonly Instance[],
  store: Pick<Store, 'getAll'>,
): Promise<readonly InstanceReading[]> {
  const operations = await pendingOperations(instances, store);
  return instances.map((instance) => ({ instance, pending: pendingOf(instance, operations) }));
}
