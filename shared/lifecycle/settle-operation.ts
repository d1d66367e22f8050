import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { ref, replace, type Row, type Write } from '#shared/datastore/write.ts';
import { withEdit } from '#shared/domain/instance-edit.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { failInstance, type ObservationContext, observe, type Observed } from '#shared/domain/observe.ts';
import { isFinal, type Operation, type OperationFailure } from '#shared/domain/operation.ts';
import { withOperationNote } from '#shared/domain/operation-note.ts';
import { isLeaving } from '#shared/domain/power.ts';
import { isFurther } from '#shared/domain/status-transitions.ts';
import { statusFromCloud } from '#shared/domain/status.ts';
import type { Machine } from '#shared/gce/compute.ts';
import type { OperationMessage } from '#shared/pubsub/publisher.ts';
import { advanceBid } from './advance-bid.ts';
import { observedWrites } from './instance-writes.ts';
import { publishOperations } from './publish-operations.ts';
import { recordStockout } from './record-stockout.ts';
import type { Tools } from './tools.ts';

/** The rows of an operation and its instance as they were read. */
export interface Held {
  readonly operation: Row<Operation>;
  readonly instance: Row<Instance> | undefined;
}

export interface End {
  readonly state: 'completed' | 'failed';
  readonly error?: { readonly reason: OperationFailure; readonly message: string };
}

/** The VM as it was observed at the end of an operation, and the times of the operation's last call. */
interface Seen {
  readonly machine: Machine | undefined;
  readonly context: ObservationContext;
}

/**
 * Ends an operation: writes its state, the instance's new status, the event and the queue in one commit, then publishes
 * the next operation of the queue. Changes nothing when the operation has ended already.
 */
export async function settle(
  held: Held,
  end: End,
  tools: Pick<Tools, 'store' | 'nowMs' | 'publisher' | 'log' | 'random'>,
  seen?: Seen,
): Promise<void> {
  const { store, nowMs, log } = tools;
  const operationRef = held.operation;
  // Usually nothing has changed since the rows were read. After a conflict they are read again.
  let known: Held | undefined = held;
  const next = await store.change<OperationMessage | undefined>(async () => {
    const { operation, instance } = known ?? (await readHeld(operationRef, store));
    known = undefined;
    if (operation === undefined || isFinal(operation.value.state)) return { writes: [], result: undefined };
    // Another worker holds the lease, may have called Compute Engine since, and ends the operation by its own
    // observation.
    if (operation.value.leaseToken !== operationRef.value.leaseToken) return { writes: [], result: undefined };
    // An operation must not end before its request or its result, although this process's clock may be behind.
    const createdAtMs = askedAtMs(operation.value, seen);
    const arrivedAtMs = end.state === 'completed' ? (seen?.context.atMs ?? 0) : 0;
    const atMs = Math.max(nowMs(), createdAtMs, arrivedAtMs);
    const ended: Operation = {
      ...operation.value,
      createdAtMs,
      state: end.state,
      error: end.error ?? null,
      seenStatus: seen?.machine === undefined ? null : (statusFromCloud(seen.machine.status) ?? null),
      leaseUntilMs: 0,
      startedAtMs: Math.min(operation.value.startedAtMs ?? atMs, atMs),
      completedAtMs: atMs,
    };
    if (instance === undefined) return { writes: [replace(operation, ended)], result: undefined };
    const overtaken = isOvertaken(held.instance, instance, seen?.machine);
    const left = overtaken ? shortened(instance.value, ended, nowMs()) : afterOperation(instance.value, ended, seen);
    const after = withOperationNote(left, ended, atMs);
    const writes: Write[] = [
      replace(operation, notBefore(after.instance.statusSinceMs, ended)),
      ...(await observedWrites(instance, after, store)),
    ];
    const [head] = after.instance.queue;
    return {
      writes,
      result:
        head === undefined
          ? undefined
          : { operationId: head.id, instanceId: instance.id, customerId: instance.value.customerId },
    };
  });
  log.info('operation ended', {
    operationId: operationRef.id,
    instanceId: operationRef.value.instanceId,
    kind: operationRef.value.kind,
    state: end.state,
    reason: end.error?.reason,
  });
  await recordStockout(end.error?.reason, held.instance?.value, tools);
  if (next !== undefined) await publishOperations([next], tools);
  // The outcome of one instance can require the next step of its bid.
  const bidId = held.instance?.value.bid ?? null;
  if (bidId !== null) await advanceBid(bidId, tools, end.error === undefined ? {} : { failure: end.error });
}

/**
 * Returns true if another process has recorded a newer status of the VM meanwhile, such as a pre-emption. The older
 * observation must not overwrite it.
 */
function isOvertaken(before: Row<Instance> | undefined, now: Row<Instance>, machine: Machine | undefined): boolean {
  if (before === undefined || before.version === now.version) return false;
  const { status, statusSinceMs } = now.value;
  if (status === before.value.status && statusSinceMs === before.value.statusSinceMs) return false;
  const seen = machine === undefined ? undefined : statusFromCloud(machine.status);
  if (machine === undefined || seen === undefined) return true;
  return seen !== status && !isFurther(seen, { status, sinceMs: statusSinceMs }, machine);
}

/**
 * Returns when the operation was requested: not after Compute Engine began to execute it, or created the VM. The clock of
 * the process that accepted the operation may have been ahead.
 */
function askedAtMs({ createdAtMs, kind, call }: Operation, seen: Seen | undefined): number {
  const begunAtMs = call === null ? null : (seen?.context.begunAtMs ?? null);
  // 0: Compute Engine did not say when it created the VM.
  const madeAtMs = kind === 'create' ? (seen?.machine?.createdAtMs ?? 0) : 0;
  return Math.min(createdAtMs, begunAtMs ?? createdAtMs, madeAtMs === 0 ? createdAtMs : madeAtMs);
}

/**
 * Returns the queue without the operation. A failed create that may have reached Compute Engine stays in the queue of an
 * instance that is being deleted: the removal then lists the VM as one that may still appear.
 */
function queueAfter(instance: Instance, { id, kind, state, call }: Operation): Instance['queue'] {
  const mayAppear = kind === 'create' && state === 'failed' && call !== null && isLeaving(instance);
  return mayAppear ? instance.queue : instance.queue.filter((queued) => queued.id !== id);
}

/** Returns the instance without the operation in its queue, due for a check by the sweep. */
function shortened(instance: Instance, operation: Operation, nowMs: number): Observed {
  const queue = queueAfter(instance, operation);
  const checkAtMs = isLeaving(instance) ? instance.checkAtMs : nowMs;
  return {
    instance: { ...instance, queue, checkAtMs, lastOperation: endedOperation(operation) },
    event: undefined,
  };
}

/**
 * An operation must not end before the status that it led to, although this process's clock may be behind the cloud's.
 */
function notBefore(statusSinceMs: number, ended: Operation): Operation {
  if (ended.state !== 'completed' || ended.completedAtMs === null) return ended;
  return { ...ended, completedAtMs: Math.max(ended.completedAtMs, statusSinceMs) };
}

async function readHeld({ id, value }: Row<Operation>, store: Tools['store']) {
  const [operation, instance] = await store.getAll([ref(OPERATION, id), ref(INSTANCE, value.instanceId)]);
  return { operation, instance };
}

function endedOperation({ id, kind, state, completedAtMs, error }: Operation): Instance['lastOperation'] {
  return { id, kind, state: state === 'completed' ? 'completed' : 'failed', completedAtMs: completedAtMs ?? 0, error };
}

function afterOperation(instance: Instance, operation: Operation, seen: Seen | undefined): Observed {
  const { edit, state } = operation;
  const edited = state === 'completed' && edit !== null ? withEdit(instance, edit) : instance;
  const queue = queueAfter(instance, operation);
  // The record was protected when the edit was accepted; after a failed edit, the VM shows whether it is.
  const isUnsure = state === 'failed' && edit?.deletionProtection !== undefined;
  const isProtected = (isUnsure ? seen?.machine?.deletionProtection : undefined) ?? edited.deletionProtection;
  // An edit that was accepted later has protected the instance again.
  const protectedAgain = instance.deletionProtection && queue.some(({ protects }) => protects === true);
  const shortened: Instance = {
    ...edited,
    deletionProtection: isProtected || protectedAgain,
    queue,
    lastOperation: endedOperation(operation),
  };
  if (seen === undefined || isLeaving(instance)) return { instance: shortened, event: undefined };
  if (seen.machine !== undefined)
    return observe(shortened, seen.machine, seen.context) ?? { instance: shortened, event: undefined };
  // The error status already has its reason; the operations queued behind merely find no VM.
  if (instance.status === 'ERROR') return { instance: shortened, event: undefined };
  const { reason, message } = operation.error ?? {
    reason: 'vm_missing',
    message: 'The virtual machine no longer exists.',
  };
  return failInstance(shortened, { ...seen.context, reason, message });
}
