import { IDEMPOTENCY, type IdempotencyRecord } from '#shared/datastore/bookkeeping-rows.ts';
import { OPERATION } from '#shared/datastore/rows.ts';
import { ref, replace, type Write } from '#shared/datastore/write.ts';
import type { IdempotencyKey } from '#shared/domain/idempotency-key.ts';
import { isLeased } from '#shared/domain/lease.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

/**
 * Takes a create away from its first request, whose lease has ended. That request may have died, or it may only be slow:
 * without the lease it can no longer undo the create that a repeat is answered with, and the worker decides the outcome.
 * Returns false if meanwhile the create was undone or its lease renewed.
 */
export async function takeOver(
  key: IdempotencyKey,
  { operationId }: Pick<IdempotencyRecord, 'operationId'>,
  { store, nowMs }: Pick<Tools, 'store' | 'nowMs'>,
): Promise<boolean> {
  return store.change(async () => {
    const [operation, record] = await store.getAll([ref(OPERATION, operationId), ref(IDEMPOTENCY, key.id)]);
    if (record?.value.operationId !== operationId) return { writes: [], result: false };
    const { leaseUntilMs } = record.value;
    if (leaseUntilMs === 0) return { writes: [], result: true };
    if (isLeased(record.value, nowMs())) return { writes: [], result: false };
    const writes: Write[] = [replace(record, { ...record.value, leaseUntilMs: 0 })];
    // Otherwise a worker holds the operation. The request writes both leases with the same end.
    if (operation?.value.state === 'running' && operation.value.leaseUntilMs === leaseUntilMs)
      writes.push(replace(operation, { ...operation.value, leaseUntilMs: 0, leaseToken: '' }));
    return { writes, result: true };
  });
}
