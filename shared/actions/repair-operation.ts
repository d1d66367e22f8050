import { type AuditedChange, type Auditor, auditWrite } from '#shared/datastore/audit-rows.ts';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { ref, replace, type Row, type Write } from '#shared/datastore/write.ts';
import { Failure } from '#shared/domain/failure.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { isLeased } from '#shared/domain/lease.ts';
import { isFinal, type Operation } from '#shared/domain/operation.ts';
import { publishOperations } from '#shared/lifecycle/publish-operations.ts';
import { noteAdmin } from '#shared/lifecycle/queue-operation.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import type { OperationMessage } from '#shared/pubsub/publisher.ts';

/** Without a `publisher`, the next sweep publishes operations that are due. */
export type RepairTools = Pick<Tools, 'store' | 'log' | 'nowMs'> & { readonly publisher?: Tools['publisher'] };

/** Reads the rows of an operation that has not ended. Throws `not_found`, and `conflict` for one that has. */
export async function openOperation(
  id: string,
  { store }: Pick<Tools, 'store'>,
): Promise<{ readonly row: Row<Operation>; readonly instance: Row<Instance> | undefined }> {
  const row = await store.get(ref(OPERATION, id));
  if (row === undefined) throw new Failure('not_found', 'Operation not found.', { reason: 'operation_not_found' });
  if (isFinal(row.value.state)) {
    const why = row.value.error === null ? '' : ` (${row.value.error.reason})`;
    throw new Failure('conflict', `Operation ${id} is ${row.value.state}${why}: nothing is done to it any more.`, {
      reason: 'operation_ended',
    });
  }
  return { row, instance: await store.get(ref(INSTANCE, row.value.instanceId)) };
}

/**
 * Resets an operation for a new attempt: no attempts made, no lease, due now. A worker that still holds the lease loses
 * it; the repeated call to Compute Engine has the same requestId, so it has no second effect.
 */
export function retryWrites(row: Row<Operation>, nowMs: number): readonly Write[] {
  return [replace(row, { ...row.value, attempts: 0, leaseUntilMs: 0, leaseToken: '', dueAtMs: nowMs })];
}

/** Returns the operation's message, or `undefined` if another operation of the instance has to end first. */
export function messageOf(operation: Operation, instance: Instance | undefined): OperationMessage | undefined {
  const { id, instanceId, customerId } = operation;
  const head = instance?.queue[0];
  return head === undefined || head.id === id ? { operationId: id, instanceId, customerId } : undefined;
}

export interface Retried {
  readonly operation: Operation;
  /** False: the next sweep publishes the operation, or an operation queued before it has to end first. */
  readonly published: boolean;
}

/**
 * Resets an operation for a new attempt and publishes it. Throws `not_found`, and `conflict` for one that has ended.
 */
export async function retryOperation(id: string, auditor: Auditor, tools: RepairTools): Promise<Retried> {
  const change = (operation: Operation): AuditedChange => ({
    action: 'operation.retry',
    object: `operation ${id}`,
    before: standing(operation, tools.nowMs()),
    after: { attempts: 0, instanceId: operation.instanceId, kind: operation.kind },
  });
  return retryAs(id, change, { auditor, tools });
}

export async function retryAs(
  id: string,
  change: (operation: Operation) => AuditedChange,
  { auditor, tools }: { readonly auditor: Auditor; readonly tools: RepairTools },
): Promise<Retried> {
  const { store, nowMs, publisher } = tools;
  const { operation, message } = await store.change(async () => {
    const { row, instance } = await openOperation(id, tools);
    return {
      writes: [...retryWrites(row, nowMs()), auditWrite(auditor, change(row.value))],
      result: { operation: row.value, message: messageOf(row.value, instance?.value) },
    };
  });
  if (message === undefined || publisher === undefined) return { operation, published: false };
  await publishOperations([message], { ...tools, publisher });
  return { operation, published: true };
}

/**
 * Cancels an operation that has not reached Compute Engine: it fails with the reason `cancelled`, and the next
 * operation in the queue is published. Throws `not_found`, and `conflict` once a call to Compute Engine may have been
 * made.
 */
export async function cancelOperation(id: string, auditor: Auditor, tools: RepairTools): Promise<Operation> {
  const { store, nowMs, publisher } = tools;
  const { operation, next } = await store.change(async () => {
    const { row, instance } = await openOperation(id, tools);
    requireCancellable(row.value, nowMs());
    const atMs = nowMs();
    const cancelled: Operation = {
      ...row.value,
      state: 'failed',
      error: { reason: 'cancelled', message: 'An operator cancelled the operation.' },
      leaseUntilMs: 0,
      leaseToken: '',
      completedAtMs: atMs,
    };
    const queue = instance?.value.queue.filter((queued) => queued.id !== id) ?? [];
    const actor = { type: 'admin', id: auditor.actor.id } as const;
    const entry = auditWrite(auditor, {
      action: 'operation.cancel',
      object: `operation ${id}`,
      before: standing(row.value, atMs),
      after: { state: 'failed', reason: 'cancelled', instanceId: row.value.instanceId, kind: row.value.kind },
    });
    const noted =
      instance === undefined
        ? []
        : noteAdmin(instance, { ...instance.value, queue }, { id, kind: row.value.kind, actor, atMs });
    return { writes: [replace(row, cancelled), ...noted, entry], result: { operation: cancelled, next: queue[0] } };
  });
  if (next !== undefined && publisher !== undefined) {
    const { instanceId, customerId } = operation;
    await publishOperations([{ operationId: next.id, instanceId, customerId }], { ...tools, publisher });
  }
  return operation;
}

function requireCancellable(operation: Operation, nowMs: number): void {
  const { id, kind, call } = operation;
  if (kind === 'create' || kind === 'delete') {
    throw new Failure('conflict', `Operation ${id} is a ${kind}, which cannot be cancelled.`, {
      reason: 'operation_not_cancellable',
    });
  }
  if (call === null && !isLeased(operation, nowMs)) return;
  throw new Failure('conflict', `Operation ${id} has reached Compute Engine, or is about to.`, {
    reason: 'operation_at_cloud',
  });
}

function standing({ state, attempts, callCount, leaseUntilMs, dueAtMs }: Operation, nowMs: number) {
  return { state, attempts, callCount, leased: leaseUntilMs > nowMs, dueAtMs };
}
